"""Moderation: what the administrator does to users (kick, move, ban), and the list of bans.

The directory keeps the bans in the store. A ban that has expired has no effect, whether it has been
removed or not. A ban ends by the clock that measures durations: its `until` is for the store and
for people to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Network
from typing import Final, NamedTuple

from chatd.config import RoomPolicy
from chatd.core import names
from chatd.core.chat import Chat
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address, DisconnectReason, Kicked, LeaveReason, Moved
from chatd.core.names import NameIndex
from chatd.core.network import Network, host_of, is_like_address, parse_network
from chatd.core.ports import Directory, Router
from chatd.core.records import Ban, BanKind
from chatd.core.rooms import Origin, Room, User

MIN_PREFIX_V4: Final = 8
MIN_PREFIX_V6: Final = 32
"""The prefixes of the largest networks that can be banned: a registry gives a provider no more."""

HOST_PREFIX_V6: Final = 64
"""The prefix of the IPv6 network that one user has: they may choose any address in it."""


class Banned(NamedTuple):
    """A ban that was made, and how many connections it ended."""

    ban: Ban
    connections: int


def parse_ban(subject: str, until: float | None = None) -> Ban:
    """Return a ban on a name, an address or a network; raise `ChatError` if it is none of them.

    An IPv6 address stands for its /64. A text that looks like an address is no name.
    """
    network = parse_network(subject)
    if network is not None:
        return Ban(BanKind.ADDRESS, _as_subject(_widen(network)), until)
    # Wide digits, for example, become those of an address.
    name = subject if is_like_address(subject) else names.user_name(subject)
    if is_like_address(name):
        raise ChatError(ErrorCode.BAD_ADDRESS, address=subject)
    return Ban(BanKind.NAME, name, until)


class BanList:
    """The bans, found by name and by address, in a time that does not depend on their number.

    The times are those of a clock that nobody sets: seconds since any moment.
    """

    def __init__(self) -> None:
        self._bans: dict[tuple[BanKind, str], Ban] = {}
        self._ends: dict[tuple[BanKind, str], float] = {}
        self._names: NameIndex[Ban] = NameIndex()
        # For each version of IP and each length of a prefix that is there, by the prefix.
        self._networks: dict[int, dict[int, dict[int, Ban]]] = {4: {}, 6: {}}

    def add(self, ban: Ban, ends: float | None) -> None:
        """Add a ban, which has expired at `ends`; it replaces one on the same subject."""
        former = self.find(ban)
        if former is not None:
            self.remove(former)
        self._bans[ban.kind, ban.subject] = ban
        if ends is not None:
            self._ends[ban.kind, ban.subject] = ends
        if ban.kind is BanKind.NAME:
            self._names.add(ban.subject, ban)
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
            self._names.remove(ban.subject, ban)
            return
        network = _network_of(ban)
        lengths = self._networks[network.version]
        del lengths[network.prefixlen][_prefix(network, network.prefixlen)]
        if not lengths[network.prefixlen]:
            del lengths[network.prefixlen]

    def find(self, ban: Ban) -> Ban | None:
        """Return the ban on the same subject as that of `ban`, if there is one."""
        if ban.kind is BanKind.NAME:
            return self._names.find(ban.subject)
        return self._bans.get((ban.kind, ban.subject))

    def all(self, now: float) -> Sequence[Ban]:
        """Return all active bans."""
        return [ban for ban in self._bans.values() if not self.has_expired(ban, now)]

    def expired(self, now: float) -> Sequence[Ban]:
        """Return the bans that have expired."""
        return [ban for ban in self._bans.values() if self.has_expired(ban, now)]

    def has_expired(self, ban: Ban, now: float) -> bool:
        """Tell whether a ban of the list has expired."""
        ends = self._ends.get((ban.kind, ban.subject))
        return ends is not None and ends <= now

    def is_name_banned(self, name: str, now: float) -> bool:
        """Tell whether a ban on `name`, or on one that counts as the same, is active."""
        return self._is_active(self._names.find(name), now)

    def is_address_banned(self, address: Address | None, now: float) -> bool:
        """Tell whether a ban on an address, or on a network that has it, is active."""
        host = host_of(address)
        if host is None or host.is_loopback:
            return False
        return any(
            self._is_active(prefixes.get(_prefix(host, length)), now)
            for length, prefixes in self._networks[host.version].items()
        )

    def _is_active(self, ban: Ban | None, now: float) -> bool:
        return ban is not None and not self.has_expired(ban, now)


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


def _check_bannable(subject: str) -> None:
    """Raise `ChatError` if a subject is a network that is too large, or this machine."""
    network = parse_network(subject)
    if network is None:
        return
    limit = MIN_PREFIX_V6 if isinstance(network, IPv6Network) else MIN_PREFIX_V4
    if network.prefixlen < limit:
        raise ChatError(ErrorCode.NETWORK_TOO_LARGE, network=network, limit=limit)
    if network.is_loopback:
        raise ChatError(ErrorCode.LOCAL_ADDRESS, address=network.network_address)


class Moderation:
    """The administrator's power over users."""

    def __init__(
        self, directory: Directory, router: Router, chat: Chat, policy: RoomPolicy
    ) -> None:
        self._directory = directory
        self._router = router
        self._chat = chat
        self._policy = policy

    def kick(self, name: str, room_id: str, now: float) -> tuple[User, Room]:
        """Remove the user `name` from a room; return both. Raises `ChatError`."""
        room = self._directory.room(room_id)
        user = self._chat.find_user(name)
        if room is None or user is None or room not in user.rooms:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name, room=room.id if room else room_id)
        self._chat.leave(user, room, LeaveReason.KICKED, now)
        time = max(now, room.last_time)
        self._router.send(user, Kicked(room.id, room.name, user.name, user.address, time))
        return user, room

    def move_user(self, name: str, room: Room, now: float) -> User:
        """Make the user `name` a member of `room`; return the user. Raises `ChatError`.

        A user who may be in no more rooms leaves their current one.
        """
        user = self._chat.find_user(name)
        if user is None:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name)
        if room not in user.rooms:
            left = None
            if len(user.rooms) >= self._policy.rooms_per_client:
                left = self._router.current_room(user)
            if left is not None:
                self._chat.leave(user, left, LeaveReason.GROUPED, now)
            left_id = left.id if left else None
            time = max(now, room.last_time)
            moved = Moved(room.id, room.name, left_id, user.name, user.address, time)
            self._router.send(user, moved)
            self._chat.add_member(user, room, now)
        return user

    async def ban(
        self, subject: str, minutes: int | None, present: Iterable[Origin], now: float
    ) -> Banned:
        """Ban a name or an address, for some minutes or, if None, for ever.

        The users of those sessions of `present` that the ban concerns are disconnected: `present`
        is iterated once the ban is stored. Raises `ChatError`.
        """
        _check_bannable(subject)
        ban = self._ban_on(subject, None if minutes is None else now + 60 * minutes)
        await self._directory.add_ban(ban, now)
        concerned = [origin for origin in present if self._is_banned(origin)]
        for origin in concerned:
            if not origin.closed:
                self._chat.remove_user(origin.user, LeaveReason.BANNED, now)
                self._router.disconnect(origin.user, DisconnectReason.BANNED)
        return Banned(ban, len(concerned))

    async def unban(self, subject: str) -> str:
        """Remove the ban on a subject; return its spelling. Raises `ChatError`."""
        return (await self._directory.remove_ban(parse_ban(subject))).subject

    def bans(self) -> Sequence[Ban]:
        """Return all active bans."""
        return self._directory.bans()

    def is_address_banned(self, address: Address | None) -> bool:
        """Tell whether a ban on an address is active."""
        return self._directory.is_address_banned(address)

    def _ban_on(self, subject: str, until: float | None) -> Ban:
        """Return a ban on a subject: a name in the spelling of the account or user who has it."""
        ban = parse_ban(subject, until)
        if ban.kind is BanKind.ADDRESS:
            return ban
        account = self._directory.find_account(ban.subject)
        user = self._chat.find_user(ban.subject)
        named = account or user
        return Ban(ban.kind, named.name if named else ban.subject, until)

    def _is_banned(self, origin: Origin) -> bool:
        name = origin.user.name
        if name and self._directory.is_name_banned(name):
            return True
        return self._directory.is_address_banned(origin.address)
