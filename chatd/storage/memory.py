"""A store that lasts only as long as the process: for servers that need no more, and for tests.

Plain Python, without a thread or a file. Its coroutines never suspend, and it is always available.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from zope.interface import implementer

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.events import Message, MessageBatch
from chatd.core.records import RoomAccess, RoomRecord, RoomUsage, Snapshot
from chatd.core.searchwords import Matcher
from chatd.core.store import IStore
from chatd.storage.chunks import take_within
from chatd.storage.memory_people import MemoryContent, MemoryPeople


class _Content(MemoryContent):
    """The data of a store, and the servers that use it."""

    def __init__(self) -> None:
        super().__init__()
        # The servers that have the store open; whether they share it, and which of them appends.
        self.servers: set[MemoryStore] = set()
        self.is_shared = False
        self.scribe: MemoryStore | None = None


@implementer(IStore)
class MemoryStore(MemoryPeople):
    """Rooms, messages, accounts and what belongs to them in dictionaries.

    `content` is that of another server's store; `share` gives it.
    """

    _content: _Content

    def __init__(self, content: _Content | None = None) -> None:
        super().__init__(content or _Content())
        self._is_shared = False

    def share(self) -> MemoryStore:
        """Return the store of another server, with the same content."""
        return MemoryStore(self._content)

    def crash(self) -> None:
        """Do to others what the end of the server's process does."""
        self._content.servers.discard(self)
        if self._content.scribe is self:
            self._content.scribe = None

    def open(self, rooms: Sequence[RoomRecord], *, shared: bool = False) -> Snapshot:
        """Add the rooms that are missing, and return what is there."""
        content, accounts = self._content, self._accounts
        self.crash()
        if content.servers and not (shared and content.is_shared):
            raise StoreError("The store in memory is in use by another server.")
        content.servers.add(self)
        content.is_shared = self._is_shared = shared
        self._rooms.add_missing(rooms)
        return Snapshot(
            self._rooms.load(),
            accounts.refs(),
            [content.bans[subject] for subject in sorted(content.bans)],
            content.pruned_at,
            accounts.admins(),
            accounts.ignores(),
            self._rooms.ended_private(),
        )

    async def close(self, last_ids: Mapping[str, int]) -> None:
        """Set the last ids of the rooms, unless another server has the store open."""
        self.crash()
        if not self._content.servers:
            for room_id, last_id in last_ids.items():
                self._rooms[room_id].reserved_through = last_id

    async def take_over(self, *, force: bool = False) -> int:
        """Become the server that appends; return the stored position."""
        content = self._content
        if self._is_shared:
            if self not in content.servers:
                raise StoreUnavailableError("this server has ended")
            if content.scribe not in {None, self} and not force:
                raise StoreUnavailableError("another server stores the messages")
            content.scribe = self
        return content.position

    # -- rooms and messages

    async def add_room(self, room: RoomRecord) -> int:
        """Add a room, last in the order; return its last id."""
        return self._rooms.add(room)

    async def remove_room(self, room_id: str, last_id: int) -> None:
        """Remove a room and its messages; keep its last id."""
        self._rooms.remove(room_id, last_id)

    async def set_room_settings(
        self, room_id: str, changes: Mapping[str, str | float | bool | int]
    ) -> None:
        """Set some settings of a room."""
        room = self._rooms.active(room_id)
        if room is not None:
            # dataclasses.replace would take each value for one of any field.
            room.settings = replace(room.settings, **dict[str, Any](changes))

    async def add_room_access(self, room_id: str, entry: RoomAccess) -> None:
        """Add an entry to the access list of a room, or replace the one of the same subject."""
        room = self._rooms.active(room_id)
        if room is not None and (entry.account is None or self._accounts.exists(entry.account)):
            room.add_access(entry)

    async def remove_room_access(self, room_id: str, entry: RoomAccess) -> None:
        """Remove the entry of the same kind and subject from the access list of a room."""
        room = self._rooms.active(room_id)
        if room is not None:
            room.remove_access(entry)

    async def remove_room_access_before(self, time: float) -> None:
        """Remove all entries of access lists that have ended before a time."""
        for room in self._rooms:
            room.keep_access(lambda entry: entry.until is None or entry.until >= time)

    async def append(
        self,
        batches: Sequence[MessageBatch],
        reserved: Mapping[str, int],
        position: int | None = None,
    ) -> None:
        """Add messages, except those that are there already, reserve ids, set the position."""
        if self._is_shared and self._content.scribe is not self:
            raise StoreUnavailableError("this server does not store messages")
        if position is not None:
            self._content.position = position
        for batch in batches:
            self._rooms[batch.room].append(batch)
        for room_id, last_id in reserved.items():
            room = self._rooms.active(room_id)
            if room is not None:
                room.reserved_through = max(room.reserved_through, last_id)

    async def history(
        self, room_id: str, since: int | None, limit: int, size: int, before: int | None = None
    ) -> Sequence[Message]:
        """Return the first messages after an id, or the last ones, of those before an id."""
        room = self._rooms.active(room_id)
        if room is None:
            return []
        found = islice(room.messages_between(since, before), limit)
        messages = take_within((message._replace(room=room.id) for message in found), size)
        return messages[::-1] if since is None else messages

    async def id_at(self, room_id: str, time: float) -> int | None:
        """Return the id of the first message whose time is `time` or later, None if none is."""
        room = self._rooms.active(room_id)
        return None if room is None else room.id_at(time)

    async def search(
        self, rooms: Sequence[str], words: Sequence[str], before: int | None, limit: int
    ) -> Sequence[Message]:
        """Return the newest messages of some rooms that have all words, newest first."""
        return self._rooms.search(rooms, Matcher(words), before, limit)

    async def index(self) -> None:
        """Return None: the store has no index."""

    async def delete_message(self, room_id: str, message_id: int) -> bool:
        """Delete the text of a message; return False if no reader could read the message."""
        room = self._rooms.active(room_id)
        return room is not None and room.delete_message(message_id)

    async def prune(self, before: float) -> int | None:
        """Remove the messages from before a time; return how many, or None if there were none."""
        return sum(room.prune(before) for room in self._rooms) or None

    async def set_pruned_at(self, time: float) -> None:
        """Set when old messages were removed last."""
        self._content.pruned_at = time

    async def trim(self, room_id: str, size: int) -> int:
        """Remove the oldest messages of a room beyond `size` bytes; return how many."""
        room = self._rooms.active(room_id)
        return 0 if room is None else room.trim(size)

    async def room_usage(self) -> Mapping[str, RoomUsage]:
        """Return the usage of the rooms that have messages, by their keys."""
        return self._rooms.usage()

    async def compact(self) -> bool:
        """Return False: the store has no file."""
        return False

    async def size(self) -> None:
        """Return None: the store has no file."""
