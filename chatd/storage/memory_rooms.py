"""The rooms of a store in memory, with their messages."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from math import inf
from operator import attrgetter
from typing import Final

from chatd.core.events import Message, MessageBatch
from chatd.core.lookalikes import room_key
from chatd.core.records import (
    NO_SETTINGS,
    AccessKind,
    RoomAccess,
    RoomRecord,
    RoomSettings,
    RoomUsage,
    ids_to_reserve,
    is_only_reserved,
)
from chatd.core.searchwords import Matcher
from chatd.storage.chunks import DELETED, messages_of, pack

MAX_HISTORY: Final = 4000
"""How many messages of a room are kept; the batch with the oldest of them is kept whole."""

_PRIVATE: Final = RoomSettings(invite_only=True, unlisted=True)


@dataclass
class MemoryRoom:
    """A room; the fields are those of the tables of rooms in `chatd.storage.schema`.

    `access` has the access list by the kinds and subjects of its entries, `read_marks` the ids by
    those of the accounts.
    """

    id: str
    name: str
    reserved_through: int
    deleted_through: int = 0
    owner: int | None = None
    permanent: bool = False
    created: float = 0.0
    active: bool = True
    batches: deque[MessageBatch] = field(default_factory=deque)
    messages: int = 0
    settings: RoomSettings = NO_SETTINGS
    access: dict[tuple[AccessKind, int | str], RoomAccess] = field(default_factory=dict)
    read_marks: dict[int, int] = field(default_factory=dict)

    @property
    def last_time(self) -> float:
        """The second by which the newest message was said, 0 if there is none."""
        return int(self.batches[-1].time) + 1 if self.batches else 0.0

    def append(self, batch: MessageBatch) -> None:
        """Add a batch, unless the room has it already or it is from before the room closed."""
        if batch.id <= self.deleted_through:
            return
        place = len(self.batches)
        if self.batches and batch.id <= self.batches[-1].id:
            place = bisect_left(self.batches, batch.id, key=attrgetter("id"))
            if self.batches[place].id == batch.id:
                return
        self.batches.insert(place, batch)
        self.messages += len(batch.texts)
        while self.messages - len(self.batches[0].texts) >= MAX_HISTORY:
            self.messages -= len(self.batches.popleft().texts)

    def prune(self, before: float) -> int:
        """Remove the batches from before a time; return how many messages they have."""
        remaining = [batch for batch in self.batches if batch.time >= before]
        messages = sum(len(batch.texts) for batch in remaining)
        removed = self.messages - messages
        self.batches, self.messages = deque(remaining), messages
        return removed

    def trim(self, size: int) -> int:
        """Remove the oldest batches but the last while all take over `size` bytes.

        Returns how many messages were removed.
        """
        before = self.messages
        sizes = [stored_size(batch) for batch in self.batches]
        excess = sum(sizes) - size
        for stored in sizes[:-1]:
            if excess <= 0:
                break
            excess -= stored
            self.messages -= len(self.batches.popleft().texts)
        return before - self.messages

    def messages_between(self, since: int | None, before: int | None) -> Iterator[Message]:
        """Yield the messages after the id `since`, or all, the newest first, if it is None.

        With `before`, only those with lower ids.
        """
        end = inf if before is None else before
        if since is None:
            for batch in reversed(self.batches):
                if batch.id < end:
                    yield from (said for said in reversed(messages_of(batch)) if said.id < end)
            return
        for batch in self.batches:
            if batch.last_id > since:
                yield from (said for said in messages_of(batch) if since < said.id < end)

    def id_at(self, time: float) -> int | None:
        """Return the id of the first message whose time is `time` or later, None if none is."""
        place = bisect_left(self.batches, time, key=attrgetter("time"))
        return self.batches[place].id if place < len(self.batches) else None

    def delete_message(self, message_id: int) -> bool:
        """Delete the text of a message; return False if there is no such message."""
        for place, batch in enumerate(self.batches):
            if batch.id <= message_id <= batch.last_id:
                texts = list(batch.texts)
                texts[message_id - batch.id] = DELETED
                self.batches[place] = batch._replace(texts=texts)
                return True
        return False

    def matching(self, matcher: Matcher, before: int | None) -> Iterator[Message]:
        """Yield the messages that match, the newest first; with `before`, those with lower ids."""
        for said in self.messages_between(None, before):
            if matcher.matches(said.text):
                yield said._replace(room=self.id)

    def add_access(self, entry: RoomAccess) -> None:
        """Add an entry to the access list, last in the order; it replaces that of its subject."""
        self.remove_access(entry)
        self.access[entry.subject] = entry

    def remove_access(self, entry: RoomAccess) -> None:
        """Remove the entry of the same kind and subject from the access list."""
        self.access.pop(entry.subject, None)

    def keep_access(self, wanted: Callable[[RoomAccess], bool]) -> None:
        """Remove the entries of the access list that are not wanted."""
        self.access = {key: entry for key, entry in self.access.items() if wanted(entry)}

    def raise_read_mark(self, account: int, message_id: int) -> None:
        """Note how far an account has read the room, unless it had read further."""
        self.read_marks[account] = max(message_id, self.read_marks.get(account, 0))

    def record(self) -> RoomRecord:
        """Return the room as a server that starts reads it."""
        used = bool(self.batches) or not is_only_reserved(
            self.deleted_through, self.reserved_through
        )
        return RoomRecord(
            self.id,
            self.name,
            self.reserved_through,
            self.last_time,
            self.owner,
            self.permanent,
            self.created,
            used,
            self.settings,
            tuple(self.access.values()),
        )


def stored_size(batch: MessageBatch) -> int:
    """Return how many bytes a batch takes."""
    return pack([batch])[0].written


class MemoryRooms:
    """Rooms by their keys, in the order in which they were created."""

    def __init__(self) -> None:
        self._rooms: dict[str, MemoryRoom] = {}

    def __getitem__(self, room_id: str) -> MemoryRoom:
        return self._rooms[room_key(room_id)]

    def __iter__(self) -> Iterator[MemoryRoom]:
        return iter(self._rooms.values())

    def active(self, room_id: str) -> MemoryRoom | None:
        """Return the room with an id, if it exists and was not removed."""
        room = self._rooms.get(room_key(room_id))
        return room if room is not None and room.active else None

    def add_missing(self, records: Sequence[RoomRecord]) -> None:
        """Add the rooms that are missing; make the others permanent where the records are so."""
        for record in records:
            room = self.active(record.id)
            if room is None:
                self._activate(record)
            else:
                room.permanent = room.permanent or record.permanent

    def load(self) -> list[RoomRecord]:
        """Return all rooms, and reserve ids beyond their last ids."""
        active = [room for room in self if room.active]
        records = [room.record() for room in active]
        for room in active:
            room.reserved_through += ids_to_reserve(room.reserved_through)
        return records

    def add(self, record: RoomRecord) -> int:
        """Add a room, last in the order; return its last id."""
        added = self._activate(record)
        last_id = added.reserved_through
        added.reserved_through += ids_to_reserve(last_id)
        return last_id

    def remove(self, room_id: str, last_id: int) -> None:
        """Remove a room and its messages; keep its last id."""
        room = self[room_id]
        room.batches.clear()
        room.messages = 0
        room.active = False
        room.reserved_through = room.deleted_through = last_id
        room.settings = _PRIVATE if room.settings.is_private else NO_SETTINGS
        room.access.clear()
        room.read_marks.clear()

    def remove_account(self, account: int) -> None:
        """Forget an account: it owns no room, is in no access list, and has read nothing."""
        for room in self:
            if room.owner == account:
                room.owner = None
            room.keep_access(lambda entry: entry.account != account)
            room.read_marks.pop(account, None)

    def ended_private(self) -> tuple[tuple[str, int | None], ...]:
        """Return the key and the owner of each room that was private when it was removed."""
        return tuple(
            (key, room.owner)
            for key, room in sorted(self._rooms.items())
            if room.settings.is_private and not room.active
        )

    def search(
        self, room_ids: Iterable[str], matcher: Matcher, before: int | None, limit: int
    ) -> list[Message]:
        """Return the newest messages of some rooms that match, newest first."""
        rooms = {room_key(room_id): self.active(room_id) for room_id in room_ids}
        found = [room.matching(matcher, before) for room in rooms.values() if room is not None]
        return list(islice(merge(*found, key=attrgetter("time"), reverse=True), limit))

    def usage(self) -> dict[str, RoomUsage]:
        """Return the usage of the rooms that have messages, by their keys."""
        return {
            key: RoomUsage(sum(map(stored_size, room.batches)), room.last_time - 1)
            for key, room in self._rooms.items()
            if room.active and room.batches
        }

    def _activate(self, record: RoomRecord) -> MemoryRoom:
        """Put a room last in the order; its last id is at least that of its record."""
        key = room_key(record.id)
        room = self._rooms.pop(key, None) or MemoryRoom(record.id, record.name, record.last_id)
        room.id, room.name, room.active = record.id, record.name, True
        room.owner, room.permanent = record.owner, record.permanent
        room.created = record.created
        room.settings = NO_SETTINGS
        room.access.clear()
        room.read_marks.clear()
        room.reserved_through = max(room.reserved_through, record.last_id)
        self._rooms[key] = room
        return room
