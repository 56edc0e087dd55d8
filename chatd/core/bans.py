"""The list of bans, and the subjects that can be banned.

`chatd.server.storedbans` keeps the bans in the store. A ban that has expired has no effect, whether
it has been removed or not. A ban ends by the clock that measures durations: its `until` is for the
store and for people to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv6Network
from typing import Final

from chatd.core import names
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.lookalikes import NameKeys
from chatd.core.nameindex import NameIndex
from chatd.core.network import Network, host_of, is_like_address, parse_network
from chatd.core.records import Ban, BanKind

MIN_PREFIX_V4: Final = 8
MIN_PREFIX_V6: Final = 32
"""The prefixes of the largest networks that can be banned: a registry gives a provider no more."""

HOST_PREFIX_V6: Final = 64
"""The prefix of the IPv6 network that one user has: they may choose any address in it."""


def parse_ban(subject: str) -> Ban:
    """Return a ban on a name, an address or a network; raise `ChatError` if it is none of them.

    An IPv6 address stands for its /64. A text that looks like an address is no name.
    """
    network = parse_network(subject)
    if network is not None:
        return Ban(BanKind.ADDRESS, _as_subject(_widen(network)))
    # Wide digits, for example, become those of an address.
    name = subject if is_like_address(subject) else names.user_name(subject)
    if is_like_address(name):
        raise ChatError(ErrorCode.BAD_ADDRESS, address=subject)
    return Ban(BanKind.NAME, name)


class BanList:
    """The bans, found by name and by address, in a time that does not depend on their number.

    The times are those of a clock that nobody sets: seconds since any moment. The keys of a name
    are arguments; they are None for an address.
    """

    def __init__(self) -> None:
        self._bans: dict[tuple[BanKind, str], Ban] = {}
        self._ends: dict[tuple[BanKind, str], float] = {}
        self._keys: dict[str, NameKeys] = {}
        self._names: NameIndex[Ban] = NameIndex()
        # For each version of IP and each length of a prefix that is there, by the prefix.
        self._networks: dict[int, dict[int, dict[int, Ban]]] = {4: {}, 6: {}}

    def add(self, ban: Ban, keys: NameKeys | None, ends: float | None) -> None:
        """Add a ban, which has expired at `ends`; it replaces one on the same subject."""
        former = self.find(ban, keys)
        if former is not None:
            self.remove(former)
        self._bans[ban.kind, ban.subject] = ban
        if ends is not None:
            self._ends[ban.kind, ban.subject] = ends
        if keys is not None:
            self._keys[ban.subject] = keys
            self._names.add(keys, ban)
        else:
            network = _network_of(ban)
            lengths = self._networks[network.version]
            prefixes = lengths.setdefault(network.prefixlen, {})
            prefixes[_prefix(network, network.prefixlen)] = ban

    def remove(self, ban: Ban) -> None:
        """Remove a ban."""
        del self._bans[ban.kind, ban.subject]
        self._ends.pop((ban.kind, ban.subject), None)
        if ban.kind is BanKind.NAME:
            self._names.remove(self._keys.pop(ban.subject), ban)
            return
        network = _network_of(ban)
        lengths = self._networks[network.version]
        del lengths[network.prefixlen][_prefix(network, network.prefixlen)]
        if not lengths[network.prefixlen]:
            del lengths[network.prefixlen]

    def find(self, ban: Ban, keys: NameKeys | None) -> Ban | None:
        """Return the ban on the same subject as that of `ban`, if there is one."""
        if keys is not None:
            return self._names.find(keys)
        return self._bans.get((ban.kind, ban.subject))

    def __iter__(self) -> Iterator[Ban]:
        """Iterate over all bans, also those that have expired."""
        return iter(self._bans.values())

    def active(self, now: float) -> Sequence[Ban]:
        """Return all active bans."""
        return [ban for ban in self if not self.has_expired(ban, now)]

    def expired(self, now: float) -> Sequence[Ban]:
        """Return the bans that have expired."""
        return [ban for ban in self if self.has_expired(ban, now)]

    def has_expired(self, ban: Ban, now: float) -> bool:
        """Tell whether a ban of the list has expired."""
        ends = self._ends.get((ban.kind, ban.subject))
        return ends is not None and ends <= now

    def name_ban(self, keys: NameKeys, now: float) -> Ban | None:
        """Return the active ban on a name, or on one that counts as the same."""
        ban = self._names.find(keys)
        return None if ban is None or self.has_expired(ban, now) else ban

    def address_ban(self, address: Address | None, now: float) -> Ban | None:
        """Return an active ban on an address, or on a network that has it."""
        host = host_of(address)
        if host is None or host.is_loopback:
            return None
        for length, prefixes in self._networks[host.version].items():
            ban = prefixes.get(_prefix(host, length))
            if ban is not None and not self.has_expired(ban, now):
                return ban
        return None


def _network_of(ban: Ban) -> Network:
    network = parse_network(ban.subject)
    assert network is not None
    return network


def _prefix(network: Network, length: int) -> int:
    """Return the first `length` bits of the address of a network."""
    return int(network.network_address) >> (network.max_prefixlen - length)


def _widen(network: Network) -> Network:
    if isinstance(network, IPv6Network) and network.prefixlen > HOST_PREFIX_V6:
        return network.supernet(new_prefix=HOST_PREFIX_V6)
    return network


def _as_subject(network: Network) -> str:
    single = network.num_addresses == 1
    return str(network.network_address) if single else str(network)


def check_bannable(subject: str) -> None:
    """Raise `ChatError` if a subject is a network that is too large, or this machine."""
    network = parse_network(subject)
    if network is None:
        return
    limit = MIN_PREFIX_V6 if isinstance(network, IPv6Network) else MIN_PREFIX_V4
    if network.prefixlen < limit:
        raise ChatError(ErrorCode.NETWORK_TOO_LARGE, network=network, limit=limit)
    if network.is_loopback:
        raise ChatError(ErrorCode.LOCAL_ADDRESS, address=network.network_address)
