"""The messages of rooms: users read them again, search them and delete them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Message
from chatd.core.ignorelist import IgnoreList
from chatd.core.ports import History, ILog
from chatd.core.rooms import Origin, Room, User
from chatd.core.searchwords import query_words
from chatd.core.store import IStore
from chatd.core.world import rights
from chatd.core.world.operations import By
from chatd.core.world.rights import Rank
from chatd.core.world.room_operations import DeleteMessage
from chatd.core.world.world import World

SEARCH_PAGE: Final = 20
"""How many messages a page of results of a search has."""

_PAGES_READ: Final = 5
"""How many pages a search reads at most until it has one without the messages that are hidden."""

_MILLISECOND: Final = 0.001

_SEARCHED_FOR_OWN: Final = 500
"""Among how many of the newest messages of a room a user's last one is looked for."""


class Page(NamedTuple):
    """Messages that were found, newest first; `more` tells whether there are older ones."""

    messages: Sequence[Message]
    more: bool


class MessageService:
    """Reads, searches and deletes the messages of rooms; raises `ChatError` for a refusal."""

    def __init__(self, world: World, log: ILog, history: History, store: IStore) -> None:
        self._world = world
        self._log = log
        self._history = history
        self._store = store

    async def history(
        self, origin: Origin, room: Room, since: int | None, limit: int, before: int | None = None
    ) -> Sequence[Message]:
        """Return messages of a room of the user: `History.read` says which, `mark_former` how."""
        await self._log.settled()
        messages = await origin.until_closed(self._history.read(room, since, limit, before))
        _check_still_member(origin.user, room)
        return self.mark_former(messages)

    async def id_at(self, origin: Origin, room: Room, time: float) -> int | None:
        """Return the id of the first message of a room of the user from `time` on, None if none."""
        await self._log.settled()
        found = await origin.until_closed(self._history.id_at(room, time))
        _check_still_member(origin.user, room)
        return found

    async def time_up_to(self, room: Room, message_id: int) -> float | None:
        """Return a time at which a room is read up to a message, None if it has no messages.

        It is that of the last message up to this id; if there is none any more, a time before the
        first one. Raises `StoreUnavailableError`.
        """
        await self._log.settled()
        if read := await self._history.read(room, None, 1, message_id + 1):
            return read[-1].time
        later = await self._history.read(room, message_id, 1)
        return later[0].time - _MILLISECOND if later else None

    def recent(self, room: Room) -> Sequence[Message]:
        """Return the messages of a room that a session reads on joining, see `mark_former`."""
        return self.mark_former(self._history.recent(room))

    async def search(
        self,
        origin: Origin,
        room: Room | None,
        words: str,
        before: int | None,
        hidden: IgnoreList | None = None,
    ) -> Page:
        """Return a page of the newest messages that have all words, see `mark_former`.

        In `room`, or else in all rooms of the user; `before` is an id of `room`, above those found.
        The messages of the users in `hidden`, which needs a room, are in the page but do not count:
        it has more messages for them, so that the last one is always that to continue from.
        """
        wanted = query_words(words)
        rooms = list(origin.user.rooms) if room is None else [room]
        if not rooms:
            raise ChatError(ErrorCode.IN_NO_ROOM)
        await self._log.settled()
        found = await origin.until_closed(self._find_page(rooms, wanted, before, hidden))
        if room is not None:
            _check_still_member(origin.user, room)
        readable = {each.id for each in origin.user.rooms}
        messages = [message for message in found.messages if message.room in readable]
        return Page(self.mark_former(messages), found.more)

    async def delete(
        self,
        origin: Origin,
        room: Room,
        message_id: int | None,
        now: float,
        reason: str = "",
    ) -> int:
        """Delete a message of the user, the last one if no id is given, or, for operators, any.

        Returns its id. The members are told, with the `reason`.
        """
        await self._log.settled()
        message = await self._find(origin, room, message_id)
        by = origin.user.ref
        if not _is_own(message, origin.user):
            rank = rights.check_rank(self._world, By(origin.key), room, Rank.NONE)
            if rank < Rank.OPERATOR:
                raise ChatError(ErrorCode.NOT_OWN_MESSAGE, room=room.id, id=message.id)
        if not await self._store.delete_message(room.id, message.id):
            raise ChatError(ErrorCode.NO_SUCH_MESSAGE, room=room.id, id=message.id)
        # The text is gone: the room is told, though the session may have ended.
        await self._log.submit(DeleteMessage(by, room.key, message.id, now, reason))
        return message.id

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

    async def _find_page(
        self,
        rooms: Sequence[Room],
        words: Sequence[str],
        before: int | None,
        hidden: IgnoreList | None,
    ) -> Page:
        messages: list[Message] = []
        shown, more = 0, True
        for _ in range(_PAGES_READ):
            found = await self._history.search(rooms, words, before, SEARCH_PAGE + 1)
            for message in found[:SEARCH_PAGE]:
                if shown == SEARCH_PAGE:
                    return Page(messages, more=True)
                messages.append(message)
                shown += hidden is None or not _is_by(hidden, message)
            more = len(found) > SEARCH_PAGE
            if shown == SEARCH_PAGE or not more:
                break
            before = messages[-1].id
        return Page(messages, more)

    async def _find(self, origin: Origin, room: Room, message_id: int | None) -> Message:
        """Return the message of a room with an id, or the user's last one."""
        read = self._history.read
        if message_id is not None:
            found = await origin.until_closed(read(room, max(message_id - 1, 0), 1))
            matching = [message for message in found if message.id == message_id]
        else:
            found = await origin.until_closed(read(room, None, _SEARCHED_FOR_OWN))
            matching = [message for message in found if _is_own(message, origin.user)]
        matching = [message for message in matching if not message.is_deleted]
        if not self._world.accounts.is_admin(origin.user.account):
            _check_still_member(origin.user, room)
        if not matching and message_id is None:
            raise ChatError(ErrorCode.NO_SUCH_MESSAGE, room=room.id)
        if not matching:
            raise ChatError(ErrorCode.NO_SUCH_MESSAGE, room=room.id, id=message_id)
        return matching[-1]


def _is_by(users: IgnoreList, message: Message) -> bool:
    """Tell whether a message is one of some users."""
    return users.has(message.sender, message.account, message.time)


def _is_own(message: Message, user: User) -> bool:
    """Tell whether a message is that of a user: of the same account, or of the same guest."""
    if user.account is not None:
        return message.account == user.account
    names = user.guest_names
    return message.account is None and names is not None and names.had(message.sender, message.time)


def _check_still_member(user: User, room: Room) -> None:
    """Raise `ChatError` if a user has left a room while the store was asked."""
    if room in user.rooms:
        return
    if user.rooms:
        raise ChatError(ErrorCode.NOT_IN_ROOM, room=room.id)
    raise ChatError(ErrorCode.IN_NO_ROOM)
