"""The times at which things end, in their order: the next one is found without looking at all."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


class Ends(Generic[T]):
    """Things by the times at which they end, which are those of one clock.

    A thing that is gone before that, or lasts longer by now, comes up all the same.
    """

    def __init__(self) -> None:
        # The count makes any two differ: things need not have an order.
        self._ends: list[tuple[float, int, T]] = []
        self._count = 0

    def add(self, ends: float, thing: T) -> None:
        """Note that a thing ends at a time."""
        self._count += 1
        heappush(self._ends, (ends, self._count, thing))

    def take_ended(self, now: float) -> Iterator[T]:
        """Yield the things that have ended until `now`, each once."""
        while self._ends and self._ends[0][0] <= now:
            yield heappop(self._ends)[2]
