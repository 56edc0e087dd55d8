"""Moderation: what the administrator does to users: kick, move, ban.

It acts on users, so on all of their sessions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chatd.config import RoomPolicy
from chatd.core.bans import parse_ban
from chatd.core.chat import Chat
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address, DisconnectReason, Kicked, LeaveReason, Moved
from chatd.core.ports import Directory, Router
from chatd.core.records import Ban, BanKind
from chatd.core.rooms import Room
from chatd.core.users import Origin, User


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
        self._router.send(user, Kicked(room.id, room.name, user.name, user.address, now))
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
            moved = Moved(room.id, room.name, left_id, user.name, user.address, now)
            self._router.send(user, moved)
            self._chat.add_member(user, room, now)
        return user

    async def ban(
        self, subject: str, minutes: int | None, present: Iterable[Origin], now: float
    ) -> str:
        """Ban a name or an address, for some minutes or, if None, for ever; return its spelling.

        The users of those sessions of `present` that the ban concerns are disconnected: `present`
        is iterated once the ban is stored. Raises `ChatError`.
        """
        ban = self._ban_on(subject, None if minutes is None else now + 60 * minutes)
        await self._directory.add_ban(ban)
        for origin in list(present):
            if self._is_banned(origin, now):
                self._chat.remove_user(origin.user, LeaveReason.BANNED, now)
                self._router.disconnect(origin.user, DisconnectReason.BANNED)
        return ban.subject

    async def unban(self, subject: str, now: float) -> str:
        """Remove the ban on a subject; return its spelling. Raises `ChatError`."""
        return (await self._directory.remove_ban(parse_ban(subject), now)).subject

    def bans(self, now: float) -> Sequence[Ban]:
        """Return all active bans."""
        return self._directory.bans(now)

    def is_address_banned(self, address: Address | None, now: float) -> bool:
        """Tell whether a ban on an address is active."""
        return self._directory.is_address_banned(address, now)

    def _ban_on(self, subject: str, until: float | None) -> Ban:
        """Return a ban on a subject: a name in the spelling of the account or user who has it."""
        ban = parse_ban(subject, until)
        if ban.kind is BanKind.ADDRESS:
            return ban
        account = self._directory.find_account(ban.subject)
        user = self._chat.find_user(ban.subject)
        named = account or user
        return Ban(ban.kind, named.name if named else ban.subject, until)

    def _is_banned(self, origin: Origin, now: float) -> bool:
        name = origin.user.name
        if name and self._directory.is_name_banned(name, now):
            return True
        return self._directory.is_address_banned(origin.address, now)
