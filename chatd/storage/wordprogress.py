"""How far each room is in the index of words, as the server that appends knows it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from chatd.storage.chunks import Chunk, start_of_span
from chatd.storage.wordblocks import BLOCK_IDS

BLOCK_SIZE: Final = 64 * 1024
"""How many bytes of chunks a room has behind the index, at least, before they are indexed."""


class Reached(NamedTuple):
    """A message id, and how many bytes the chunks of its room have had up to it."""

    last: int
    written: int


class WordProgress:
    """The rooms of which a part is not in the index.

    `rooms` has by their keys how far those with messages are in the index, and in the store.
    """

    def __init__(self, rooms: Mapping[str, tuple[Reached, Reached]]) -> None:
        self._indexed: dict[str, Reached] = {}
        self._stored: dict[str, Reached] = {}
        # The ids through which rooms may be in the index, while they get a block.
        self._claimed: dict[str, int] = {}
        # The keys of the rooms that have enough for a block, in their turn.
        self._due: dict[str, None] = {}
        for key, (indexed, stored) in rooms.items():
            self._indexed[key], self._stored[key] = indexed, stored
            self._note_due(key)

    def stored(self, chunks: Iterable[Chunk]) -> None:
        """Note that chunks were stored."""
        for chunk in chunks:
            key, before = chunk.room, self._stored.get(chunk.room)
            if before is None or chunk.last > before.last:
                self._stored[key] = Reached(chunk.last, chunk.written)
            self._note_due(key)

    def late(self, chunks: Iterable[Chunk]) -> list[Chunk]:
        """Return those of some chunks that may be before the end of the index."""
        return [chunk for chunk in chunks if chunk.last <= self._may_reach(chunk.room)]

    def next_room(self) -> str | None:
        """Return the key of a room that has enough for a block, or None."""
        return next(iter(self._due), None)

    def claim(self, key: str) -> int:
        """Return the end of what may be indexed of a room: the first id of a span."""
        end = start_of_span(self._stored[key].last)
        self._claimed[key] = end - 1
        return end

    def indexed(self, key: str, reached: Reached | None) -> None:
        """Note how far a room is after it got a block; None if there was nothing to index."""
        claimed = self._claimed.pop(key)
        self._indexed[key] = reached or Reached(claimed, self._stored[key].written)
        self._due.pop(key, None)
        self._note_due(key)

    def _may_reach(self, key: str) -> int:
        reached = self._indexed.get(key)
        return max(self._claimed.get(key, 0), 0 if reached is None else reached.last)

    def _note_due(self, key: str) -> None:
        stored = self._stored[key]
        indexed = self._indexed.get(key, Reached(0, 0))
        is_complete = start_of_span(stored.last) > indexed.last + 1
        is_long = stored.last - indexed.last > BLOCK_IDS
        if is_complete and (is_long or stored.written - indexed.written >= BLOCK_SIZE):
            self._due[key] = None
