"""Chat: rooms, their members and their messages.

Sessions, handlers and the console call this, `Moderation` and `AccountService`. They know no
connection and no codec: refusals are raised as `ChatError`, and `now` (seconds since the epoch) is
an argument. A call that changes the state checks the request as early as possible, so that nothing
is done in vain, and then submits an operation to the log. The rule of the operation, in
`chatd.core.world`, decides: while a call waits, for the store for example, other operations are
applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from chatd.config import RoomCreators, RoomPolicy
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Message, ReceiptRequest
from chatd.core.names import Name, new_name, typed_name
from chatd.core.ports import History, ILog, StoredRooms
from chatd.core.ratelimit import CountCreation
from chatd.core.roomnames import find_named
from chatd.core.rooms import Origin, Room, User
from chatd.core.world.operations import Announce, Join, Leave, Rename, SentPrivately, Whisper
from chatd.core.world.rooms_rules import check_can_join
from chatd.core.world.world import World

MAX_LINES: Final = 100
"""How many lines a message may have."""

_MAX_CHARACTER: Final = 4
"""How many bytes a character has at most."""


class Chat:
    """The rules of the rooms. `count_creation` counts the rooms that guests create."""

    def __init__(
        self,
        world: World,
        log: ILog,
        stored_rooms: StoredRooms,
        history: History,
        policy: RoomPolicy,
        count_creation: CountCreation,
        max_message: int,
    ) -> None:
        self._world = world
        self._log = log
        self._say = log.say
        self._stored_rooms = stored_rooms
        self._history = history
        self._policy = policy
        self._count_creation = count_creation
        self.max_message = max_message
        # A text of fewer characters has neither too many bytes nor too many lines.
        self._short = min(MAX_LINES, max_message // _MAX_CHARACTER)

    # -- rooms

    def counts(self) -> tuple[int, int]:
        """Return the number of rooms, and of names that are taken."""
        return len(self._world.rooms), self._world.names.count(self._log.seconds())

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order of their creation."""
        return self._world.rooms

    def room(self, room_id: str) -> Room:
        """Return the room with that id or unique name; raise `ChatError` if there is none."""
        return self._world.rooms.require(room_id)

    def joined_room(self, user: User, room_id: str) -> Room:
        """Return the room of `user` with that id, or with that name if only one of theirs has it.

        Raises `ChatError` if the user is not in it.
        """
        room = self._world.rooms.find(room_id)
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
            return await self._stored_rooms.start(room_id, name, permanent=True)
        self._check_can_create(actor)
        with self._counted_creation(actor):
            return await self._stored_rooms.start(room_id, name, actor.account)

    async def delete_room(self, room_id: str, now: float) -> Room:
        """Close a room and remove it with its history; its members are told."""
        room = self.room(room_id)
        await self._stored_rooms.end(room, now)
        return room

    async def delete_unneeded(self, room: Room, now: float) -> bool:
        """Remove a room that may end by itself; return whether it could end.

        Raises `ChatError` if it has ended before.
        """
        return await self._stored_rooms.end(room, now, only_unneeded=True)

    async def announce(self, room_id: str, text: str, now: float) -> None:
        """Send the administrator's words to a room."""
        await self._log.submit(Announce(self.room(room_id).key, text, now))

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
        """Join a room as `join` does; create it, named as its id, if it does not exist.

        The room stays if somebody else takes the name while it is created.
        """
        self._check_login(origin.user)
        room = self._world.rooms.find(room_id)
        return await self._join(origin, room, room_id, name, now, create=True)

    async def _join(
        self,
        origin: Origin,
        room: Room | None,
        room_id: str,
        name: str | None,
        now: float,
        *,
        create: bool = False,
    ) -> Room:
        user = origin.user
        if room is not None and room in origin.followed_rooms:
            return self._join_followed(origin, room)
        current = None if origin.current_room is None else origin.current_room.id
        max_rooms = self._policy.rooms_per_client
        renames = user.account is None and name is not None and not self._has_name(user, name)
        check_can_join(user, room, current, max_rooms, renames=renames)
        if room is None:
            self._check_can_create(user)
        wanted = self._check_name(origin, name) if renames and name is not None else None
        if wanted is None and not user.name:
            raise ChatError(ErrorCode.USAGE)
        if room is not None:
            await self._history.preload(room)
        if room is None or (create and self._world.rooms.by_key(room.key) is None):
            room = await self._create_unless_exists(room_id, user)
        join = Join(origin.key, origin.address, room.key, room_id, wanted, current, max_rooms, now)
        try:
            return await self._log.submit(join, origin)
        except ChatError as error:
            room = self._world.rooms.by_key(join.room)
            if error.code is not ErrorCode.ALREADY_IN_ROOM or room not in origin.followed_rooms:
                raise
            return self._join_followed(origin, room)  # another session was faster

    async def leave(self, origin: Origin, room: Room, now: float) -> None:
        """End the membership of the user of `origin` in `room`; raise `ChatError` if there is none.

        The user's other sessions are told.
        """
        await self._log.submit(Leave(origin.key, room.key, now), origin)

    # -- names

    async def rename(self, origin: Origin, name: str, now: float) -> str:
        """Give a guest another name, or a first one; return its spelling. Raises `ChatError`."""
        if origin.user.account is not None:
            raise ChatError(ErrorCode.ACCOUNT_NAME)
        wanted = new_name(name)
        return await self._log.submit(Rename(origin.key, origin.address, wanted, now), origin)

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
            room.mutes.check(origin.user, room, self._log.seconds())
        for text in texts:
            if len(text) >= self._short:
                texts = self._allowed(texts)
                break
        count = len(texts)
        if "" in texts:
            texts = [text for text in texts if text]
        if texts:
            self._say(room, origin, texts, now, receipt, action)
        return count

    async def history(
        self, origin: Origin, room: Room, since: int | None, limit: int
    ) -> Sequence[Message]:
        """Return messages of a room of the user: `History.read` says which, `mark_former` how."""
        await self._log.settled()
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
        former = {sender for sender in senders if self._world.accounts.is_former(*sender)}
        if not former:
            return messages
        return [
            message._replace(is_former=True)
            if (message.sender, message.account) in former
            else message
            for message in messages
        ]

    async def send_private(self, origin: Origin, name: str, text: str, now: float) -> SentPrivately:
        """Send `text` to all sessions of the user `name`; return the recipient.

        The sender's other sessions read the message and its recipient.
        """
        self._allowed([text])
        if not origin.user.name:
            raise ChatError(ErrorCode.IN_NO_ROOM)
        whisper = Whisper(origin.key, typed_name(name), text, now)
        return await self._log.submit(whisper, origin)

    def find_user(self, name: str) -> User | None:
        """Return the user who has `name`, or one that counts as the same."""
        return self._world.find_user(name)

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

    def _counted_creation(self, actor: User) -> AbstractContextManager[None]:
        """Count the creation of a room by a guest; an account has a limit of its own."""
        return nullcontext() if actor.account is not None else self._count_creation(actor.address)

    def _has_name(self, user: User, name: str) -> bool:
        return self._world.find_user(name) is user

    def _check_name(self, origin: Origin, name: str) -> Name:
        """Return a name that a guest asks for; raise `ChatError` if they cannot have it."""
        wanted = new_name(name)
        key = origin.key if origin.has_key else None
        self._world.check_name(wanted, key, self._log.seconds(), origin.user)
        return wanted

    def _join_followed(self, origin: Origin, room: Room) -> Room:
        """Join a room that another session of the user has joined already."""
        origin.followed_rooms -= {room}
        origin.current_room = room
        return room

    async def _create_unless_exists(self, room_id: str, actor: User) -> Room:
        try:
            return await self.create_room(room_id, room_id, actor)
        except ChatError as error:
            if error.code != ErrorCode.ROOM_EXISTS:
                raise
            return self.room(room_id)


def _lines(text: str) -> int:
    """Return the number of lines; a newline at the end begins none."""
    return text.count("\n", 0, -1) + 1
