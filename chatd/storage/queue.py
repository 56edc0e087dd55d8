"""The messages that wait to be stored, in their order, and how much they are. Knows no store.

Batches are never divided, and the only work per message is to add up the lengths of the texts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from chatd.core.events import MessageBatch

MAX_WRITE_MESSAGES: Final = 16_384
MAX_WRITE_SIZE: Final = 1024 * 1024
"""How many messages and characters are written at once: some milliseconds of work.

The batch that reaches the limit is still written with the others.
"""


class WriteQueue:
    """Batches that wait; `messages` and `size` are how many messages and characters they have.

    `times` has for each batch when it was added, by the clock that measures durations.
    """

    def __init__(self) -> None:
        self.batches: list[MessageBatch] = []
        self.times: list[float] = []
        self.messages = 0
        self.size = 0

    def add(self, batch: MessageBatch, now: float) -> None:
        """Append a batch."""
        texts = batch.texts
        self.batches.append(batch)
        self.times.append(now)
        self.messages += len(texts)
        self.size += sum(map(len, texts))

    @property
    def fills_write(self) -> bool:
        """Whether there is as much as is written at once."""
        return self.messages >= MAX_WRITE_MESSAGES or self.size >= MAX_WRITE_SIZE

    def take_write(self) -> WriteQueue:
        """Remove and return the first batches, as many as are to be written at once."""
        if not self.fills_write:
            return self._take(len(self.batches), self.messages, self.size)
        messages = size = number = 0
        while messages < MAX_WRITE_MESSAGES and size < MAX_WRITE_SIZE:
            texts = self.batches[number].texts
            messages += len(texts)
            size += sum(map(len, texts))
            number += 1
        return self._take(number, messages, size)

    def take_older(self, time: float) -> list[MessageBatch]:
        """Remove and return the batches that were added before `time`."""
        older = self.batches[: bisect_left(self.times, time)]
        return self._take(len(older), *_count(older)).batches

    def take_room(self, room: str) -> list[MessageBatch]:
        """Remove and return the batches of the room with the id `room`."""
        taken = [batch for batch in self.batches if batch.room == room]
        pairs = zip(self.batches, self.times, strict=True)
        kept = [(batch, time) for batch, time in pairs if batch.room != room]
        self.batches, self.times = [batch for batch, _ in kept], [time for _, time in kept]
        messages, size = _count(taken)
        self.messages -= messages
        self.size -= size
        return taken

    def take_all(self) -> list[MessageBatch]:
        """Remove and return all batches."""
        return self._take(len(self.batches), self.messages, self.size).batches

    def _take(self, number: int, messages: int, size: int) -> WriteQueue:
        """Remove and return the first `number` batches, which have so many messages and characters.

        The lists stay as they are, because the store may be reading them.
        """
        taken = WriteQueue()
        taken.batches, self.batches = self.batches[:number], self.batches[number:]
        taken.times, self.times = self.times[:number], self.times[number:]
        taken.messages, taken.size = messages, size
        self.messages -= messages
        self.size -= size
        return taken


def count_messages(batches: Sequence[MessageBatch]) -> int:
    """Return how many messages `batches` have in all."""
    return sum(len(batch.texts) for batch in batches)


def _count(batches: Sequence[MessageBatch]) -> tuple[int, int]:
    """Return how many messages and how many characters `batches` have in all."""
    return count_messages(batches), sum(sum(map(len, batch.texts)) for batch in batches)
