"""What was said and waits to be stored, in its order, and how much it is. Knows no store.

Bursts stay whole. There is no work here for each message but to add up their lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatd.core.events import MessageBatch

MAX_IN_BATCH: Final = 16_384
MAX_IN_BATCH_SIZE: Final = 1024 * 1024
"""How much is written at once, in messages and in characters: some milliseconds of work."""


class WriteQueue:
    """Bursts that wait; `messages` and `size` are how many messages and characters they have."""

    def __init__(self) -> None:
        self.bursts: list[MessageBatch] = []
        self.messages = 0
        self.size = 0

    def add(self, burst: MessageBatch) -> None:
        """Put a burst behind the others."""
        texts = burst.texts
        self.bursts.append(burst)
        self.messages += len(texts)
        self.size += sum(map(len, texts))

    @property
    def fills_a_batch(self) -> bool:
        """Whether there is as much as is written at once."""
        return self.messages >= MAX_IN_BATCH or self.size >= MAX_IN_BATCH_SIZE

    def take_batch(self) -> list[MessageBatch]:
        """Return the first bursts, as many as are to be written at once; they wait no more."""
        if not self.fills_a_batch:
            return self.take_all()
        messages = size = number = 0
        while messages < MAX_IN_BATCH and size < MAX_IN_BATCH_SIZE:
            texts = self.bursts[number].texts
            messages += len(texts)
            size += sum(map(len, texts))
            number += 1
        return self._take(number)

    def take_said_before(self, time: float) -> list[MessageBatch]:
        """Return the first bursts, up to one that was not said before a time; they wait no more."""
        return self._take(said_before(self.bursts, time))

    def take_room(self, room: str) -> list[MessageBatch]:
        """Return the bursts of a room; they wait no more."""
        taken = [burst for burst in self.bursts if burst.room == room]
        self.bursts = [burst for burst in self.bursts if burst.room != room]
        return self._without(taken)

    def take_all(self) -> list[MessageBatch]:
        """Return all bursts; none waits any more."""
        taken, self.bursts = self.bursts, []
        self.messages = self.size = 0
        return taken

    def _take(self, number: int) -> list[MessageBatch]:
        taken = self.bursts[:number]
        del self.bursts[:number]
        return self._without(taken)

    def _without(self, taken: list[MessageBatch]) -> list[MessageBatch]:
        self.messages -= count(taken)
        self.size -= sum(sum(map(len, burst.texts)) for burst in taken)
        return taken


def count(bursts: Sequence[MessageBatch]) -> int:
    """Return how many messages bursts have."""
    return sum(len(burst.texts) for burst in bursts)


def said_before(bursts: Sequence[MessageBatch], time: float) -> int:
    """Return how many of the first bursts were said before a time."""
    young = (number for number, burst in enumerate(bursts) if burst.time >= time)
    return next(young, len(bursts))
