"""Bans: who is not to come, by name or by address. In memory; the registry keeps them in the store.

A ban that has run out is none, whether or not it has been forgotten.
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
    return Ban(BanKind.ADDRESS, _shown(network), until)


class BanList:
    """All bans."""

    def __init__(self) -> None:
        self._bans: dict[str, Ban] = {}
        self._names: NameIndex[Ban] = NameIndex()
        self._networks: dict[Network, Ban] = {}
        self._subnets: dict[Network, Ban] = {}

    def add(self, ban: Ban) -> None:
        """Take a ban in; it takes the place of one on the same subject."""
        before = self.find(ban)
        if before is not None:
            self.remove(before)
        self._bans[ban.subject] = ban
        network = parse_network(ban.subject) if ban.kind is BanKind.ADDRESS else None
        if network is None:
            self._names.add(ban.subject, ban)
        else:
            self._networks[network] = ban
            if network.num_addresses > 1:
                self._subnets[network] = ban

    def remove(self, ban: Ban) -> None:
        """Take a ban out."""
        del self._bans[ban.subject]
        if ban.kind is BanKind.NAME:
            self._names.remove(ban.subject)
            return
        network = parse_network(ban.subject)
        assert network is not None
        del self._networks[network]
        self._subnets.pop(network, None)

    def find(self, ban: Ban) -> Ban | None:
        """Return the ban there is on the same subject as that of `ban`."""
        if ban.kind is BanKind.NAME:
            return self._names.find(ban.subject)
        return self._bans.get(ban.subject)

    def all(self, now: float) -> Sequence[Ban]:
        """Return all bans that hold."""
        return [ban for ban in self._bans.values() if not is_over(ban, now)]

    def over(self, now: float) -> Sequence[Ban]:
        """Return the bans that have run out."""
        return [ban for ban in self._bans.values() if is_over(ban, now)]

    def is_name_banned(self, name: str, now: float) -> bool:
        """Tell whether nobody may be here under a name."""
        return _holds(self._names.find(name), now)

    def is_address_banned(self, address: Address | None, now: float) -> bool:
        """Tell whether nobody may come from an address."""
        host = host_of(address)
        if host is None:
            return False
        if _holds(self._networks.get(host), now):
            return True
        wide = (ban for net, ban in self._subnets.items() if host.network_address in net)
        return any(_holds(ban, now) for ban in wide)


def is_over(ban: Ban, now: float) -> bool:
    """Tell whether a ban has run out."""
    return ban.until is not None and ban.until <= now


def _holds(ban: Ban | None, now: float) -> bool:
    return ban is not None and not is_over(ban, now)


def _shown(network: Network) -> str:
    single = network.num_addresses == 1
    return str(network.network_address) if single else str(network)
