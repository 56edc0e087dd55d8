"""Chat: rooms, who is in them, what is said there, and the rules for it.

Sessions, handlers and the console call this, `Moderation` and `AccountService`. They know no
connection and no codec: events go to the bus, refusals are raised as `ChatError`, and `now`
(seconds since the epoch) is an argument. A membership changes together with its event, so that the
order of these calls is the order of events in a room. While a call waits, for the store for
example, other calls are carried out: a call that has waited checks its conditions again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    nullcontext,
)
from typing import Final

from chatd.config import RoomCreators, RoomPolicy
from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.events import (
    ADMINISTRATOR,
    Joined,
    LeaveReason,
    Left,
    Message,
    Notice,
    PrivateMessage,
    ReceiptRequest,
    Renamed,
    RoomClosed,
)
from chatd.core.ports import Directory, History, IBus, Router
from chatd.core.quotas import RoomQuota
from chatd.core.ratelimit import CountCreation
from chatd.core.roomnames import find_named
from chatd.core.rooms import Origin, Room, User, ensure_active

MAX_LINES: Final = 100
"""How many lines a message may have."""

_MAX_CHARACTER: Final = 4
"""How many bytes a character has at most."""


class Chat:
    """The rules of the rooms. `count_creation` counts the rooms that guests create."""

    def __init__(
        self,
        directory: Directory,
        bus: IBus,
        router: Router,
        history: History,
        policy: RoomPolicy,
        count_creation: CountCreation,
        max_message: int,
    ) -> None:
        self._directory = directory
        self._bus = bus
        self._router = router
        self._history = history
        self._policy = policy
        self._count_creation = count_creation
        self.max_message = max_message
        # A text of fewer characters has neither too many bytes nor too many lines.
        self._short = min(MAX_LINES, max_message // _MAX_CHARACTER)
        self._quota = RoomQuota(directory, policy.rooms_per_account)

    # -- rooms

    def counts(self) -> tuple[int, int]:
        """Return the number of rooms, and of names in use by users."""
        return self._directory.counts()

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order of their creation."""
        return self._directory.rooms()

    def room(self, room_id: str) -> Room:
        """Return the room with that id or unique name; raise `ChatError` if there is none."""
        return self._directory.require_room(room_id)

    def joined_room(self, user: User, room_id: str) -> Room:
        """Return the room of `user` with that id, or with that name if only one of theirs has it.

        Raises `ChatError` if the user is not in it.
        """
        room = self._directory.room(room_id)
        if room is not None and room in user.rooms:
            return room
        named = find_named(room_id, user.rooms)
        if named is None:
            raise ChatError(ErrorCode.NOT_IN_ROOM, room=room.id if room else room_id)
        return named

    async def create_room(self, room_id: str, name: str, actor: User | None = None) -> Room:
        """Create a room; raise `ChatError` if it exists, is not allowed or is one too many.

        `actor` is None for the administrator, whom no rule restricts.
        """
        if actor is None:
            return await self._directory.start_room(room_id, name, permanent=True)
        self._check_can_create(actor)
        with self._counted_creation(actor):
            return await self._directory.start_room(room_id, name, actor.account)

    async def delete_room(self, room_id: str, now: float) -> Room:
        """Close a room and remove it with its history; its members are told."""
        room = self.room(room_id)
        # First, so that nobody says anything in it while the store removes it.
        self._bus.publish(room, RoomClosed(room.id, now))
        for member in list(room.members):
            room.remove(member)
        await self._directory.end_room(room)
        return room

    def announce(self, room_id: str, text: str, now: float) -> None:
        """Send the administrator's words to a room."""
        room = self.room(room_id)
        self._bus.publish(room, Notice(ADMINISTRATOR, text, now, room.id))

    # -- joining and leaving

    async def join(self, origin: Origin, room_id: str, name: str | None, now: float) -> Room:
        """Make the user of `origin` a member of a room; return the room.

        A guest joins under `name`, or under the name they have if it is None; the user of an
        account under its name, whatever `name` says. A further session joins a room of its user
        without telling anybody. Raises `ChatError`.
        """
        self._check_login(origin.user)
        return await self._join(origin, self.room(room_id), room_id, name, now)

    async def join_or_create(
        self, origin: Origin, room_id: str, name: str | None, now: float
    ) -> Room:
        """Join a room as `join` does; create it, named as its id, if it does not exist."""
        self._check_login(origin.user)
        return await self._join(origin, self._directory.room(room_id), room_id, name, now, True)

    async def _join(
        self,
        origin: Origin,
        room: Room | None,
        room_id: str,
        name: str | None,
        now: float,
        create: bool = False,
    ) -> Room:
        user = origin.user
        if room is not None and room in origin.followed_rooms:
            return self._join_followed(origin, room)
        self._check_can_join(origin, room, None if user.account is not None else name)
        if room is not None:
            await self._history.preload(room)
        else:
            self._check_can_create(user)
        async with self._name_to_join(user, name) as reserved:
            if create and self._directory.room(room_id) is None:
                await self._create_unless_exists(room_id, user)
            self._check_login(user)
            room = self.room(room_id)
            if room in origin.followed_rooms:  # another session was faster
                return self._join_followed(origin, room)
            ensure_active(origin)
            self._check_can_join(origin, room, None)
            if user.name != reserved:
                self._directory.assign_name(user, reserved)
                user.note_name(reserved, now)
            self.add_member(user, room, now, origin)
            return room

    def add_member(self, user: User, room: Room, now: float, origin: Origin | None = None) -> None:
        """Make `user` a member of `room` without a check."""
        room.add(user, now)
        self._bus.publish(room, Joined(room.id, user.name, user.address, now), user, origin)

    def leave(
        self,
        user: User,
        room: Room,
        reason: LeaveReason,
        now: float,
        origin: Origin | None = None,
        *,
        by: str | None = None,
        text: str | None = None,
    ) -> None:
        """End the membership of `user` in `room`; `origin` is the session that asks for it.

        `by` and `text` are those of `Left`.
        """
        room.remove(user)
        left = Left(room.id, user.name, user.address, reason, now, by=by, text=text)
        self._bus.publish(room, left, user, origin)

    def remove_user(
        self, user: User, reason: LeaveReason, now: float, *, hold_name: bool = False
    ) -> None:
        """End a user: they leave all rooms, lose name and account, and are `closed`.

        With `hold_name` nobody else gets the name for a while.
        """
        if user.closed:
            return
        user.closed = True
        rooms = list(user.rooms)
        for room in rooms:
            room.remove(user)
        if rooms:
            left = {room: Left(room.id, user.name, user.address, reason, now) for room in rooms}
            self._bus.publish_of_user(left, user)
        user.note_name("", now)
        if hold_name:
            self._directory.hold_name(user)
        else:
            self._clear_identity(user)

    def remove_silently(self, user: User) -> None:
        """End a user without telling anybody: the server is about to stop."""
        user.closed = True
        for room in list(user.rooms):
            room.remove(user)
        self._clear_identity(user)

    # -- names

    async def rename(self, origin: Origin, name: str, now: float) -> str:
        """Give a guest another name, or a first one; return its spelling. Raises `ChatError`."""
        user = origin.user
        if user.account is not None:
            raise ChatError(ErrorCode.ACCOUNT_NAME)
        async with self.reserved_name(user, name) as reserved:
            ensure_active(origin)
            former = user.name
            if former != reserved:
                self._directory.assign_name(user, reserved)
                user.note_name(reserved, now)
                if user.rooms:
                    renamed = Renamed(former, reserved, now)
                    self._bus.publish_of_user(dict.fromkeys(user.rooms, renamed), user, origin)
        return reserved

    @asynccontextmanager
    async def reserved_name(self, user: User, name: str) -> AsyncIterator[str]:
        """Reserve `name` for a guest within the block; release it if the block does not assign it.

        Raises `ChatError` if the name is not allowed, in use, registered or banned.
        """
        reserved = await self._directory.reserve_name(user, name)
        try:
            if (ban := self._directory.name_ban(reserved)) is not None:
                raise BannedError(ban.reason)
            yield reserved
        finally:
            if user.name != reserved:
                self._directory.release_name(user, reserved)

    # -- messages

    def say(
        self,
        origin: Origin,
        room: Room,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None = None,
        action: bool = False,
    ) -> int:
        """Send `texts`, except empty ones, to `room`, which the user of `origin` is in.

        Only those before the first that is too long or has too many lines; return how many these
        are, with the empty ones. Raise `ChatError` if it is the first of all, or if the user is
        muted. With `action` they tell what the user does.
        """
        if room.mutes is not None:
            room.mutes.check(origin.user, room)
        for text in texts:
            if len(text) >= self._short:
                texts = self._allowed(texts)
                break
        count = len(texts)
        if "" in texts:
            texts = [text for text in texts if text]
        if texts:
            self._bus.say(room, origin, texts, now, receipt, action)
        return count

    async def history(
        self, origin: Origin, room: Room, since: int | None, limit: int
    ) -> Sequence[Message]:
        """Return messages of a room of the user: `History.read` says which, `mark_former` how."""
        messages = await origin.until_closed(self._history.read(room, since, limit))
        rooms = origin.user.rooms
        if room not in rooms:  # the user has left it since
            raise (
                ChatError(ErrorCode.NOT_IN_ROOM, room=room.id)
                if rooms
                else ChatError(ErrorCode.IN_NO_ROOM)
            )
        return self.mark_former(messages)

    def recent(self, room: Room) -> Sequence[Message]:
        """Return the messages of a room that a session reads on joining, see `mark_former`."""
        return self.mark_former(self._history.recent(room))

    def mark_former(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Mark messages whose sender's name belongs to another account by now."""
        senders = {(message.sender, message.account) for message in messages}
        former = {sender for sender in senders if self._directory.is_former(*sender)}
        if not former:
            return messages
        return [
            message._replace(is_former=True)
            if (message.sender, message.account) in former
            else message
            for message in messages
        ]

    def send_private(self, origin: Origin, name: str, text: str, now: float) -> User:
        """Send `text` to all sessions of the user `name`; return that user.

        The sender's other sessions read what was sent to whom.
        """
        self._allowed([text])
        sender = origin.user
        if not sender.name:
            raise ChatError(ErrorCode.IN_NO_ROOM)
        recipient = self.find_user(name)
        if recipient is None:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name)
        self._router.send(recipient, PrivateMessage(sender.name, text, now, account=sender.account))
        if recipient is not sender:
            copy = PrivateMessage(sender.name, text, now, recipient.name)
            self._router.send(sender, copy, origin)
        return recipient

    def find_user(self, name: str) -> User | None:
        """Return the user who has `name`, not one who only reserves it."""
        user = self._directory.find_user(name)
        return user if user is not None and user.name else None

    # -- rules

    def _allowed(self, texts: Sequence[str]) -> Sequence[str]:
        """Return the texts before the first that is not allowed; raise `ChatError` if none is."""
        for index, text in enumerate(texts):
            if _lines(text) > MAX_LINES:
                error = ChatError(ErrorCode.TOO_MANY_LINES, limit=MAX_LINES)
            elif len(text.encode()) > self.max_message:
                error = ChatError(ErrorCode.TOO_LONG, limit=self.max_message)
            else:
                continue
            if index:
                return texts[:index]
            raise error
        return texts

    def _check_login(self, user: User) -> None:
        if self._policy.require_login and user.account is None:
            raise ChatError(ErrorCode.LOGIN_FIRST)

    def _check_can_create(self, user: User) -> None:
        creators = self._policy.room_creators
        if creators is RoomCreators.NOBODY or (
            creators is RoomCreators.ACCOUNTS and user.account is None
        ):
            raise ChatError(ErrorCode.CREATION_FORBIDDEN)

    def _check_can_join(self, origin: Origin, room: Room | None, name: str | None) -> None:
        """Raise `ChatError` unless the user may join `room` (None: a new one).

        `name` is the name they ask for, None for the one they have: in a room they keep theirs.
        """
        user, current = origin.user, origin.current_room
        if room is not None and room in user.rooms:
            raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=room.id)
        if current is None:
            return
        renames = name is not None and self._directory.find_user(name) is not user
        if renames or len(user.rooms) >= self._policy.rooms_per_client:
            raise ChatError(ErrorCode.ALREADY_IN_ROOM, room=current.id)

    def _counted_creation(self, actor: User) -> AbstractContextManager[None]:
        """Count the creation of a room, against the limit of an account or of an address."""
        if actor.account is not None:
            return self._quota.consume(actor.account)
        return self._count_creation(actor.address)

    def _name_to_join(self, user: User, name: str | None) -> AbstractAsyncContextManager[str]:
        """Return the name under which `user` joins, reserved if it is a new one."""
        if user.account is not None:
            name = None
        if name is not None and self._directory.find_user(name) is not user:
            return self.reserved_name(user, name)
        if not user.name:
            raise ChatError(ErrorCode.USAGE)
        return nullcontext(user.name)

    def _join_followed(self, origin: Origin, room: Room) -> Room:
        """Join a room that another session of the user has joined already."""
        origin.followed_rooms -= {room}
        origin.current_room = room
        return room

    async def _create_unless_exists(self, room_id: str, actor: User) -> None:
        try:
            await self.create_room(room_id, room_id, actor)
        except ChatError as error:
            if error.code != ErrorCode.ROOM_EXISTS:
                raise

    def _clear_identity(self, user: User) -> None:
        user.account = None
        self._directory.assign_name(user, "")


def _lines(text: str) -> int:
    """Return the number of lines; a newline at the end begins none."""
    return text.count("\n", 0, -1) + 1
