"""Bans on names and addresses, in memory; the directory keeps them in the store.

A ban that has expired has no effect, whether it has been removed or not.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatd.core import names
from chatd.core.events import Address
from chatd.core.names import NameIndex
from chatd.core.network import Network, host_of, parse_network
from chatd.core.records import Ban, BanKind


def parse_ban(subject: str, until: float | None = None) -> Ban:
    """Return a ban on a name, an address or a network; raise `ChatError` if it is none of them."""
    network = parse_network(subject)
    if network is None:
        return Ban(BanKind.NAME, names.user_name(subject), until)
    return Ban(BanKind.ADDRESS, _as_subject(network), until)


class BanList:
    """The bans, found by name and by address."""

    def __init__(self) -> None:
        self._bans: dict[str, Ban] = {}
        self._names: NameIndex[Ban] = NameIndex()
        self._networks: dict[Network, Ban] = {}
        self._subnets: dict[Network, Ban] = {}

    def add(self, ban: Ban) -> None:
        """Add a ban; it replaces one on the same subject."""
        former = self.find(ban)
        if former is not None:
            self.remove(former)
        self._bans[ban.subject] = ban
        network = parse_network(ban.subject) if ban.kind is BanKind.ADDRESS else None
        if network is None:
            self._names.add(ban.subject, ban)
        else:
            self._networks[network] = ban
            if network.num_addresses > 1:
                self._subnets[network] = ban

    def remove(self, ban: Ban) -> None:
        """Remove a ban."""
        del self._bans[ban.subject]
        if ban.kind is BanKind.NAME:
            self._names.remove(ban.subject)
            return
        network = parse_network(ban.subject)
        assert network is not None
        del self._networks[network]
        self._subnets.pop(network, None)

    def find(self, ban: Ban) -> Ban | None:
        """Return the ban on the same subject as that of `ban`, if there is one."""
        if ban.kind is BanKind.NAME:
            return self._names.find(ban.subject)
        return self._bans.get(ban.subject)

    def all(self, now: float) -> Sequence[Ban]:
        """Return all active bans."""
        return [ban for ban in self._bans.values() if not has_expired(ban, now)]

    def expired(self, now: float) -> Sequence[Ban]:
        """Return the bans that have expired."""
        return [ban for ban in self._bans.values() if has_expired(ban, now)]

    def is_name_banned(self, name: str, now: float) -> bool:
        """Tell whether a ban on `name`, or on one that counts as the same, is active."""
        return _is_active(self._names.find(name), now)

    def is_address_banned(self, address: Address | None, now: float) -> bool:
        """Tell whether a ban on an address, or on a network that has it, is active."""
        host = host_of(address)
        if host is None:
            return False
        if _is_active(self._networks.get(host), now):
            return True
        bans = (ban for net, ban in self._subnets.items() if host.network_address in net)
        return any(_is_active(ban, now) for ban in bans)


def has_expired(ban: Ban, now: float) -> bool:
    """Tell whether a ban has expired."""
    return ban.until is not None and ban.until <= now


def _is_active(ban: Ban | None, now: float) -> bool:
    return ban is not None and not has_expired(ban, now)


def _as_subject(network: Network) -> str:
    single = network.num_addresses == 1
    return str(network.network_address) if single else str(network)
