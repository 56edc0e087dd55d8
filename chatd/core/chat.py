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
from chatd.core.events import MessageKind, ReceiptRequest
from chatd.core.names import Name, new_name, typed_name
from chatd.core.ports import History, ILog, StoredRooms
from chatd.core.ratelimit import CountCreation
from chatd.core.rooms import Origin, Room, User
from chatd.core.textlimits import TextLimits
from chatd.core.world import rights
from chatd.core.world.operations import Announce, By, Join, Leave, Rename, SendTags
from chatd.core.world.world import World

NO_NAME: Final = "-"
"""Typed in place of a name, it stands for the name that the user has."""


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
        text_limits: TextLimits,
    ) -> None:
        self._world = world
        self._log = log
        self._say = log.say
        self._stored_rooms = stored_rooms
        self._history = history
        self._policy = policy
        self._count_creation = count_creation
        self._limits = text_limits
        self._short = text_limits.short

    # -- rooms

    def counts(self, user: User) -> tuple[int, int]:
        """Return the number of rooms that are listed for a user, and of names that are taken."""
        rooms = len(self._world.rooms) - len(rights.hidden_rooms(self._world, user))
        return rooms, self._world.names.count(self._log.seconds())

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order of their creation, for the administrator."""
        return self._world.rooms

    def room(self, room_id: str, user: User | None = None) -> Room:
        """Return the room with that id or unique name, if `user` sees it; else raise `ChatError`.

        The administrator, for whom `user` is None, sees all rooms.
        """
        return rights.require_room(self._world, room_id, user)

    def sees(self, user: User, room: Room) -> bool:
        """Tell whether a room exists for a user."""
        return rights.sees(self._world, user, room)

    def joined_room(self, user: User, room_id: str) -> Room:
        """Return the room of `user` with that id, or with that name if only one of theirs has it.

        Raises `ChatError` if the user is not in it.
        """
        return rights.joined_room(self._world, room_id, user)

    async def create_room(
        self, room_id: str, name: str, now: float, origin: Origin | None = None
    ) -> Room:
        """Create a room; raise `ChatError` if it exists, is not allowed or is one too many.

        `origin` is None for the administrator, whom no rule restricts.
        """
        if origin is not None:
            self._check_can_create(origin.user)
            with self._counted_creation(origin.user):
                return await self._stored_rooms.start(room_id, name, now, origin)
        return await self._stored_rooms.start(room_id, name, now, None)

    async def delete_room(self, room: Room, now: float, origin: Origin | None = None) -> None:
        """Close a room and remove it with its history; its members are told.

        `origin` is that of its owner, None for the administrator.
        """
        if origin is None:
            await self._stored_rooms.end(room, now)
            return
        by = By(origin.key)
        rights.check_rank(self._world, by, room, rights.Rank.OWNER)
        await self._stored_rooms.end(room, now, by=by)

    async def delete_unneeded(self, room: Room, now: float) -> bool:
        """Remove a room that may end by itself; return whether it could end.

        Raises `ChatError` if it has ended before.
        """
        return await self._stored_rooms.end(room, now, only_unneeded=True)

    async def announce(self, room_id: str, text: str, now: float) -> None:
        """Send the administrator's words to a room."""
        await self._log.submit(Announce(self.room(room_id).key, text, now))

    # -- joining and leaving

    async def join(
        self,
        origin: Origin,
        room_id: str,
        name: str | None,
        now: float,
        key: str | None = None,
        surplus: str | None = None,
        *,
        only_id: bool = False,
    ) -> Room:
        """Make the user of `origin` a member of a room, with its `key` if need be; return the room.

        A guest joins under `name`, or under the name they have if it is None or `-`; the user of an
        account under its name, whatever `name` says. `surplus` are further words that were typed:
        the key if the room has one, and else a part of the name. A further session joins a room of
        its user without telling anybody. With `only_id`, a room is not found by its name. Raises
        `ChatError`.
        """
        self._check_login(origin.user)
        room = rights.require_room(self._world, room_id, origin.user, only_id=only_id)
        return await self._join(origin, room, room_id, name, now, key, surplus)

    async def join_or_create(
        self,
        origin: Origin,
        room_id: str,
        name: str | None,
        now: float,
        key: str | None = None,
        surplus: str | None = None,
        *,
        only_id: bool = False,
    ) -> Room:
        """Join a room as `join` does; create it, named as its id, if it does not exist.

        The room stays if somebody else takes the name while it is created.
        """
        self._check_login(origin.user)
        room = rights.find_room(self._world, room_id, origin.user, only_id=only_id)
        return await self._join(origin, room, room_id, name, now, key, surplus, create=True)

    async def _join(
        self,
        origin: Origin,
        room: Room | None,
        room_id: str,
        name: str | None,
        now: float,
        key: str | None,
        surplus: str | None,
        *,
        create: bool = False,
    ) -> Room:
        user = origin.user
        name, key = _name_and_key(room, name, key, surplus)
        if room is not None and room in origin.followed_rooms:
            return self._join_followed(origin, room)
        current = None if origin.current_room is None else origin.current_room.id
        max_rooms = most_rooms(user, self._policy.rooms_per_client)
        renames = user.account is None and name is not None and not self._has_name(user, name)
        rights.check_can_join(
            self._world,
            user,
            room,
            key,
            current,
            max_rooms,
            self._log.seconds(),
            renames=renames,
            name=typed_name(name) if renames and name is not None else None,
        )
        if room is None:
            self._check_can_create(user)
        wanted = self._check_name(origin, name) if renames and name is not None else None
        if wanted is None and not user.name:
            raise ChatError(ErrorCode.USAGE)
        if room is not None:
            await self._history.preload(room)
        if room is None or (create and self._world.rooms.by_key(room.key) is None):
            room = await self._create_unless_exists(room_id, now, origin)
        join = Join(
            origin.key, origin.address, room.key, room_id, wanted, current, max_rooms, now, key
        )
        try:
            return await self._log.submit(join, origin)
        except ChatError as error:
            room = self._world.rooms.by_key(join.room)
            if error.code is not ErrorCode.ALREADY_IN_ROOM or room not in origin.followed_rooms:
                raise
            return self._join_followed(origin, room)  # another session was faster

    async def leave(self, origin: Origin, room: Room, now: float, text: str = "") -> None:
        """End the membership of the user of `origin` in `room`; raise `ChatError` if there is none.

        The user's other sessions are told. `text` has last words for the room.
        """
        await self._log.submit(Leave(origin.key, room.key, now, text), origin)

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
        kind: MessageKind = MessageKind.TEXT,
        tags: str = "",
        cuts: tuple[int, ...] = (),
    ) -> int:
        """Send `texts`, except empty ones, to `room`, which the user of `origin` is in.

        Only those before the first that is too long or has too many lines; return how many these
        are, with the empty ones. Raise `ChatError` if it is the first of all, or if the user may
        not talk. `tags` and `cuts` are those of the client, as in `MessageBatch`.
        """
        if room.restricts_talk:
            rights.check_can_talk(self._world, origin.user, room, self._log.seconds())
        for text in texts:
            if len(text) >= self._short:
                texts = self._limits.allowed(texts)
                break
        count = len(texts)
        if "" in texts:
            texts = [text for text in texts if text]
        if texts:
            self._say(room, origin, texts, now, receipt, kind, tags, cuts)
        return count

    async def send_tags(
        self, origin: Origin, room: Room | None, name: str, tags: str, now: float
    ) -> str:
        """Send tags without a message to a room, or, if it is None, to the user `name`.

        Returns the id of the room or the name of the user. Raises `ChatError`.
        """
        recipient = typed_name(name) if room is None else None
        key = None if room is None else room.key
        return await self._log.submit(SendTags(origin.key, key, recipient, tags, now), origin)

    def find_user(self, name: str) -> User | None:
        """Return the user who has `name`, or one that counts as the same."""
        return self._world.find_user(name)

    # -- rules

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

    async def _create_unless_exists(self, room_id: str, now: float, origin: Origin) -> Room:
        try:
            return await self.create_room(room_id, room_id, now, origin)
        except ChatError as error:
            if error.code != ErrorCode.ROOM_EXISTS:
                raise
            return rights.require_room(self._world, room_id, origin.user, only_id=True)


def most_rooms(user: User, rooms_per_client: int) -> int:
    """Return how many rooms a user may be in: the most that any of their sessions may be in.

    `rooms_per_client` is the limit of a session that has none of its own, or is not on this server.
    """
    limits = (origin.max_rooms or rooms_per_client for origin in user.origins)
    return max(limits, default=rooms_per_client)


def _name_and_key(
    room: Room | None, name: str | None, key: str | None, surplus: str | None
) -> tuple[str | None, str | None]:
    """Return the name and the key that are meant on joining a room, None for a new one."""
    if surplus is not None and room is not None and room.settings.key:
        key = surplus
    elif surplus is not None:
        name = f"{name} {surplus}"
    return (None if name == NO_NAME else name), key
