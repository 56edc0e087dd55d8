"""Chat: everything one can do here, with all the rules of who may and what is refused.

Every door and the console call this and `People` (who one is: accounts, logins, bans) and nothing
below them. It knows no connection and no dialect: what happens goes to the bus as events, what is
refused is raised as `ChatError`, and `now` (seconds since the epoch) is an argument. Membership
changes here and nowhere else, always together with its event, so that the one order of a room is
the order of these calls. While something waits, for the store say, the world goes on: what was
checked before is checked again after.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

from chatd.config import RoomCreators, RoomPolicy
from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.events import (
    ADMINISTRATOR,
    Joined,
    Kicked,
    LeaveReason,
    Left,
    Message,
    Moved,
    Notice,
    PrivateMessage,
    ReceiptRequest,
    Renamed,
    RoomClosed,
)
from chatd.core.ports import IBus, IHistory, IRegistry
from chatd.core.ratelimit import CreationLimit
from chatd.core.rooms import Room, User


class Chat:
    """The rules of the chat."""

    def __init__(
        self, directory: IRegistry, bus: IBus, history: IHistory, rules: RoomPolicy | None = None
    ) -> None:
        self._directory = directory
        self._bus = bus
        self._history = history
        self._rules = rules or RoomPolicy()
        self._quota = CreationLimit()

    # -- rooms

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order in which they were started."""
        return self._directory.rooms()

    def room(self, room_id: str) -> Room:
        """Return the room with that id; raise `ChatError` if there is none."""
        room = self._directory.room(room_id)
        if room is None:
            raise ChatError(ErrorCode.NO_SUCH_ROOM, room=room_id)
        return room

    async def create_room(
        self, room_id: str, name: str, now: float, actor: User | None = None
    ) -> Room:
        """Start a room; raise `ChatError` if it exists, is not allowed or is one too many.

        `by` is None for the Administrator, who always may.
        """
        if actor is not None:
            self._check_may_start(actor)
        with self._started(actor, now):
            return await self._directory.start_room(room_id, name)

    async def delete_room(self, room_id: str, now: float) -> Room:
        """End a room: its members are told, and are in it no more; its history goes with it."""
        room = self.room(room_id)
        # First, so that nobody says anything in it while the store removes it.
        self._bus.publish(room, RoomClosed(room.id, now))
        for member in list(room.members):
            room.remove(member)
        await self._directory.end_room(room)
        return room

    def announce(self, room_id: str, text: str, now: float) -> None:
        """Let the Administrator say something in a room."""
        room = self.room(room_id)
        self._bus.publish(room, Notice(ADMINISTRATOR, text, now, room.id))

    # -- coming and going

    async def join(self, user: User, room_id: str, name: str | None, now: float) -> Room:
        """Take `who` into a room, under `name` or the one he has; raise `ChatError` if he may not.

        Who is logged in chats as his account, whatever `name` says.
        """
        self._check_may_join(user)
        room = self.room(room_id)
        self._check_place(user, room, user.account or name)
        await self._history.preload(room)
        async with self.reserved_name(user, user.account or name, now) as his:
            self._check_may_join(user)
            return self._take_in(user, self.room(room_id), his, now)

    async def join_or_create(self, user: User, room_id: str, name: str | None, now: float) -> Room:
        """Take `who` into a room as `join` does; start it, named as its id, if it does not exist."""
        self._check_may_join(user)
        room = self._directory.room(room_id)
        self._check_place(user, room, user.account or name)
        if room is None:
            self._check_may_start(user)
        else:
            await self._history.preload(room)
        async with self.reserved_name(user, user.account or name, now) as his:
            if self._directory.room(room_id) is None:
                await self._start_unless_started(room_id, user, now)
            self._check_may_join(user)
            return self._take_in(user, self.room(room_id), his, now)

    def set_active_room(self, user: User, room_id: str) -> Room:
        """Make another of his rooms the current one of `who`."""
        room = self.joined_room(user, room_id)
        user.current = room
        return room

    def joined_room(self, user: User, room_id: str | None = None) -> Room:
        """Return the room of `who` with that id, or his current one; raise `ChatError` if there is none."""
        if room_id is None:
            if user.current is None:
                raise ChatError(ErrorCode.IN_NO_ROOM)
            return user.current
        room = self._directory.room(room_id)
        if room is None or not user.is_in(room):
            raise ChatError(ErrorCode.NOT_IN_ROOM, room=room.id if room else room_id)
        return room

    def leave(self, user: User, room: Room, reason: LeaveReason, now: float) -> None:
        """Let `who` go out of `room`, which he is in."""
        room.remove(user)
        self._bus.publish(room, Left(room.id, user.name, user.address, reason, now), user)

    def leave_all(self, user: User, reason: LeaveReason, now: float) -> None:
        """Let `who` go out of all his rooms, and be nobody: without a name, logged out."""
        for room in list(user.rooms.values()):
            self.leave(user, room, reason, now)
        self._become_nobody(user)

    def remove_user(self, user: User, reason: LeaveReason, now: float) -> None:
        """Let `who` go: he is no longer here."""
        user.gone = True
        self.leave_all(user, reason, now)

    def remove_silently(self, user: User) -> None:
        """Let `who` go without a word to anybody: the server is about to stop."""
        user.gone = True
        for room in list(user.rooms.values()):
            room.remove(user)
        self._become_nobody(user)

    def kick(self, name: str, room_id: str, now: float) -> tuple[User, Room]:
        """Put somebody out of a room; return him and the room."""
        room = self._directory.room(room_id)
        user = self._person(name)
        if room is None or user is None or not user.is_in(room):
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name, room=room.id if room else room_id)
        self.leave(user, room, LeaveReason.KICKED, now)
        self._bus.tell(user, Kicked(room.id, room.name, user.name, user.address, now))
        return user, room

    def move_user(self, name: str, room: Room, now: float) -> User:
        """Bring somebody into `room`, out of his current one if he has no place free; return him."""
        user = self._person(name)
        if user is None:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name)
        if not user.is_in(room):
            left = user.current if len(user.rooms) >= self._rules.rooms_per_client else None
            if left is not None:
                self.leave(user, left, LeaveReason.GROUPED, now)
            left_id = left.id if left else None
            self._bus.tell(user, Moved(room.id, room.name, left_id, user.name, user.address, now))
            self._take_in(user, room, user.name, now)
        return user

    async def rename(self, user: User, name: str, now: float) -> str:
        """Give a guest another name; return its spelling. Raises `ChatError`."""
        if user.account is not None:
            raise ChatError(ErrorCode.ACCOUNT_NAME)
        async with self.reserved_name(user, name, now) as reserved:
            if user.gone:
                raise ChatError(ErrorCode.SESSION_CLOSED)
            former = user.name
            if former != reserved:
                self._directory.assign_name(user, reserved)
                others = {member: None for room in user.rooms.values() for member in room.members}
                others.pop(user, None)
                for member in others:
                    self._bus.tell(member, Renamed(former, reserved, now))
        return reserved

    # -- talking

    def say(
        self,
        user: User,
        room: Room,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None = None,
    ) -> None:
        """Send `texts`, except empty ones, to `room`, a room of `user`."""
        if "" in texts:
            texts = [text for text in texts if text]
        if texts:
            self._bus.say(room, user, texts, now, receipt)

    async def history(
        self, user: User, room_id: str | None, since: int | None, limit: int
    ) -> tuple[Room, Sequence[Message]]:
        """Return a room of `who` and what was said in it: `IHistory.read` says which messages."""
        room = self.joined_room(user, room_id)
        messages = await self._history.read(room, since, limit)
        if user.rooms.get(room.key) is not room:  # he has been put out meanwhile
            raise (
                ChatError(ErrorCode.IN_NO_ROOM)
                if user.current is None
                else ChatError(ErrorCode.NOT_IN_ROOM, room=room.id)
            )
        return room, messages

    def send_private(self, user: User, name: str, text: str, now: float) -> User:
        """Say `text` to one chatter alone; return him."""
        if not user.name:
            raise ChatError(ErrorCode.IN_NO_ROOM)
        other = self._person(name)
        if other is None:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name)
        self._bus.tell(other, PrivateMessage(user.name, text, now))
        return other

    # -- rules

    def _check_may_join(self, user: User) -> None:
        if self._rules.require_login and user.account is None:
            raise ChatError(ErrorCode.LOGIN_FIRST)

    def _check_may_start(self, user: User) -> None:
        may = self._rules.room_creators
        if may is RoomCreators.NOBODY or (may is RoomCreators.ACCOUNTS and user.account is None):
            raise ChatError(ErrorCode.CREATION_FORBIDDEN)

    def _started(self, actor: User | None, now: float) -> AbstractContextManager[None]:
        """Count a room being started, if a guest does."""
        if actor is None or actor.account is not None:
            return nullcontext()
        return self._quota.consume(actor.address, now)

    def _check_place(self, user: User, room: Room | None, name: str | None) -> None:
        """Raise `ChatError` unless `who` can join `room` (None: a new one) as `name` (None: as he is)."""
        if room is not None and user.is_in(room):
            raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=room.id)
        if user.current is None:
            return
        renames = name is not None and not self._is_name_of(user, name)
        if renames or len(user.rooms) >= self._rules.rooms_per_client:
            raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=user.current.id)

    def _person(self, name: str) -> User | None:
        """Return who has `name`, but not one for whom his first is only being claimed."""
        user = self._directory.find(name)
        return user if user is not None and user.name else None

    def _is_name_of(self, user: User, name: str) -> bool:
        return self._directory.find(name) is user

    @asynccontextmanager
    async def reserved_name(
        self, user: User, name: str | None, now: float, account: str | None = None
    ) -> AsyncIterator[str]:
        """Claim `name`, or keep the one `who` has; what is refused inside gives a new one back.

        `account`: whose owner he has shown to be; the name of an account is for its owner alone.
        """
        if name is None or self._is_name_of(user, name):
            if not user.name:
                raise ChatError(ErrorCode.USAGE)
            yield user.name
            return
        claimed = await self._directory.reserve_name(user, name, account)
        try:
            if self._directory.is_name_banned(claimed, now):
                raise BannedError
            yield claimed
        finally:
            if user.name != claimed:
                self._directory.release_name(user, claimed)

    def _become_nobody(self, user: User) -> None:
        user.account = None
        self._directory.assign_name(user, "")

    async def _start_unless_started(self, room_id: str, actor: User, now: float) -> None:
        try:
            await self.create_room(room_id, room_id, now, actor)
        except ChatError as error:
            if error.code != ErrorCode.ROOM_EXISTS:
                raise

    def _take_in(self, user: User, room: Room, name: str, now: float) -> Room:
        if user.gone:
            raise ChatError(ErrorCode.SESSION_CLOSED)
        # While a name was claimed or a room started, he may have been grouped.
        self._check_place(user, room, None)
        if user.name != name:
            self._directory.assign_name(user, name)
        room.add(user)
        self._bus.publish(room, Joined(room.id, user.name, user.address, now), user)
        return room
