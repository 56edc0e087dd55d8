"""The messages that wait to be stored, in their order, and how much they are. Knows no store.

Batches are never divided, and the only work per message is to add up the lengths of the texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatd.core.events import MessageBatch

MAX_WRITE_MESSAGES: Final = 16_384
MAX_WRITE_SIZE: Final = 1024 * 1024
"""How many messages and characters are written at once: some milliseconds of work.

The batch that reaches the limit is still written with the others.
"""


class WriteQueue:
    """Batches that wait; `messages` and `size` are how many messages and characters they have."""

    def __init__(self) -> None:
        self.batches: list[MessageBatch] = []
        self.messages = 0
        self.size = 0

    def add(self, batch: MessageBatch) -> None:
        """Append a batch."""
        texts = batch.texts
        self.batches.append(batch)
        self.messages += len(texts)
        self.size += sum(map(len, texts))

    @property
    def fills_write(self) -> bool:
        """Whether there is as much as is written at once."""
        return self.messages >= MAX_WRITE_MESSAGES or self.size >= MAX_WRITE_SIZE

    def take_write(self) -> list[MessageBatch]:
        """Remove and return the first batches, as many as are to be written at once."""
        if not self.fills_write:
            return self.take_all()
        messages = size = number = 0
        while messages < MAX_WRITE_MESSAGES and size < MAX_WRITE_SIZE:
            texts = self.batches[number].texts
            messages += len(texts)
            size += sum(map(len, texts))
            number += 1
        return self._take(number)

    def take_older(self, time: float) -> list[MessageBatch]:
        """Remove and return the first batches, as far as they are from before `time`."""
        return self._take(count_older(self.batches, time))

    def take_room(self, room: str) -> list[MessageBatch]:
        """Remove and return the batches of the room with the id `room`."""
        taken = [batch for batch in self.batches if batch.room == room]
        self.batches = [batch for batch in self.batches if batch.room != room]
        return self._uncounted(taken)

    def take_all(self) -> list[MessageBatch]:
        """Remove and return all batches."""
        taken, self.batches = self.batches, []
        self.messages = self.size = 0
        return taken

    def _take(self, number: int) -> list[MessageBatch]:
        taken = self.batches[:number]
        del self.batches[:number]
        return self._uncounted(taken)

    def _uncounted(self, taken: list[MessageBatch]) -> list[MessageBatch]:
        self.messages -= count_messages(taken)
        self.size -= sum(sum(map(len, batch.texts)) for batch in taken)
        return taken


def count_messages(batches: Sequence[MessageBatch]) -> int:
    """Return how many messages `batches` have in all."""
    return sum(len(batch.texts) for batch in batches)


def count_older(batches: Sequence[MessageBatch], time: float) -> int:
    """Return how many batches there are before the first that is not from before `time`."""
    recent = (number for number, batch in enumerate(batches) if batch.time >= time)
    return next(recent, len(batches))
