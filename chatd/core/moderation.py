"""Moderation: what the administrator does to users (kick, move, ban)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from chatd.config import RoomPolicy
from chatd.core.bans import check_bannable, parse_ban
from chatd.core.chat import Chat
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import (
    ADMINISTRATOR,
    Address,
    DisconnectReason,
    Kicked,
    LeaveReason,
    Moved,
)
from chatd.core.ports import Directory, Router
from chatd.core.records import Ban, BanKind
from chatd.core.rooms import Origin, Room, User


class Banned(NamedTuple):
    """A ban that was made, and how many connections it ended."""

    ban: Ban
    connections: int


class Moderation:
    """The administrator's power over users."""

    def __init__(
        self, directory: Directory, router: Router, chat: Chat, policy: RoomPolicy
    ) -> None:
        self._directory = directory
        self._router = router
        self._chat = chat
        self._policy = policy

    def kick(
        self, name: str, room_id: str, now: float, reason: str = "", by: str = ADMINISTRATOR
    ) -> tuple[User, Room]:
        """Remove the user `name` from a room; return both. Raises `ChatError`.

        The user and the room read who did it, `by`, and the `reason`, if there is one.
        """
        room = self._directory.room(room_id)
        user = self._chat.find_user(name)
        if room is None or user is None or room not in user.rooms:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name, room=room.id if room else room_id)
        text = reason or None
        self._chat.leave(user, room, LeaveReason.KICKED, now, by=by, text=text)
        time = max(now, room.last_time)
        kicked = Kicked(room.id, room.name, user.name, user.address, time, by, text)
        self._router.send(user, kicked)
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
        self,
        subject: str,
        minutes: int | None,
        present: Iterable[Origin],
        now: float,
        author: str = "",
        reason: str = "",
    ) -> Banned:
        """Ban a name or an address, for some minutes or, if None, for ever.

        The users of those sessions of `present` that the ban concerns are disconnected: `present`
        is iterated once the ban is stored. They read the `reason`, if there is one; `author` is
        for administrators. Raises `ChatError`.
        """
        check_bannable(subject)
        until = None if minutes is None else now + 60 * minutes
        ban = replace(self._ban_on(subject), until=until, author=author, created=now, reason=reason)
        await self._directory.add_ban(ban, now)
        concerned = [origin for origin in present if self._is_banned(origin)]
        for origin in concerned:
            if not origin.closed:
                self._chat.remove_user(origin.user, LeaveReason.BANNED, now)
                self._router.disconnect(origin.user, DisconnectReason.BANNED, reason)
        return Banned(ban, len(concerned))

    async def unban(self, subject: str) -> str:
        """Remove the ban on a subject; return its spelling. Raises `ChatError`."""
        return (await self._directory.remove_ban(parse_ban(subject))).subject

    def bans(self) -> Sequence[Ban]:
        """Return all active bans."""
        return self._directory.bans()

    def address_ban(self, address: Address | None) -> Ban | None:
        """Return the active ban on an address, or on a network that has it."""
        return self._directory.address_ban(address)

    def _ban_on(self, subject: str) -> Ban:
        """Return a ban on a subject: a name in the spelling of the account or user who has it."""
        ban = parse_ban(subject)
        if ban.kind is BanKind.ADDRESS:
            return ban
        account = self._directory.find_account(ban.subject)
        user = self._chat.find_user(ban.subject)
        named = account or user
        return replace(ban, subject=named.name) if named else ban

    def _is_banned(self, origin: Origin) -> bool:
        name = origin.user.name
        if name and self._directory.name_ban(name) is not None:
            return True
        return self._directory.address_ban(origin.address) is not None
