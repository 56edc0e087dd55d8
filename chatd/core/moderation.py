"""Moderation of the server: the administrator moves and ends users, and bans from the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from chatd.config import RoomPolicy
from chatd.core.bans import BanList, check_bannable, parse_ban
from chatd.core.chat import most_rooms
from chatd.core.events import Address
from chatd.core.names import typed_name
from chatd.core.ports import ILog, Router, StoredBans
from chatd.core.records import Ban, BanKind
from chatd.core.roommoderation import one_line
from chatd.core.rooms import Origin, Room
from chatd.core.world.operations import EndUser, Move
from chatd.core.world.world import World


class Banned(NamedTuple):
    """A ban that was made, and how many connections it ended."""

    ban: Ban
    connections: int


class Moderation:
    """The administrator's power over users."""

    def __init__(
        self,
        world: World,
        log: ILog,
        stored_bans: StoredBans,
        router: Router,
        policy: RoomPolicy,
    ) -> None:
        self._world = world
        self._log = log
        self._stored_bans = stored_bans
        self._router = router
        self._policy = policy

    async def move_user(self, name: str, room: Room, now: float) -> str:
        """Make the user `name` a member of `room`; return the user's name. Raises `ChatError`.

        A user who may be in no more rooms leaves their current one.
        """
        user = self._world.find_user(name)
        current = None if user is None else self._router.current_room(user)
        leave = None if current is None else current.key
        per_client = self._policy.rooms_per_client
        max_rooms = per_client if user is None else most_rooms(user, per_client)
        move = Move(typed_name(name), room.key, leave, max_rooms, now)
        return await self._log.submit(move)

    async def end_user(self, name: str, by: str, reason: str, now: float) -> str:
        """End the user `name` with all their sessions; return the user's name.

        The user and their rooms read the `reason`, the latter also the name of the administrator,
        `by`. Raises `ChatError`.
        """
        return await self._log.submit(EndUser(typed_name(name), by, one_line(reason), now))

    async def ban(
        self,
        subject: str,
        minutes: int | None,
        present: Iterable[Origin],
        now: float,
        author: str = "",
        reason: str = "",
    ) -> Banned:
        """Ban a name or an address, for some minutes or, if None, for ever.

        The users whom the ban concerns are disconnected and read the `reason`, if there is one;
        `present` has the sessions of this server, of which those without a name are counted, too.
        `author` is for administrators. Raises `ChatError`.
        """
        check_bannable(subject)
        until = None if minutes is None else now + 60 * minutes
        ban = replace(self._ban_on(subject), until=until, author=author, created=now, reason=reason)
        alone = BanList()
        alone.add(ban, self._world.ban_keys(ban), None)

        def count_unnamed() -> int:
            unnamed = [each for each in present if not (each.user.sessions or each.user.closed)]
            return sum(alone.address_ban(each.address, 0) is not None for each in unnamed)

        return Banned(*await self._stored_bans.add(ban, self._end_of(minutes), now, count_unnamed))

    async def unban(self, subject: str) -> str:
        """Remove the ban on a subject; return its spelling. Raises `ChatError`."""
        return (await self._stored_bans.remove(parse_ban(subject))).subject

    def bans(self) -> Sequence[Ban]:
        """Return all active bans."""
        return self._world.bans.active(self._log.seconds())

    def address_ban(self, address: Address | None) -> Ban | None:
        """Return the active ban on an address, or on a network that has it."""
        return self._world.bans.address_ban(address, self._log.seconds())

    def _end_of(self, minutes: int | None) -> float | None:
        """Return when that many minutes are over, by the clock of the log."""
        return None if minutes is None else self._log.seconds() + 60 * minutes

    def _ban_on(self, subject: str) -> Ban:
        """Return a ban on a subject: a name in the spelling of the account or user who has it."""
        ban = parse_ban(subject)
        if ban.kind is BanKind.ADDRESS:
            return ban
        named = self._world.find_account(ban.subject) or self._world.find_user(ban.subject)
        return replace(ban, subject=named.name) if named else ban
