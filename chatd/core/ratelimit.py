"""How much guests may make: a number an hour for each address. Pure: times are given."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from chatd.core.errors import ChatError, too_much_made
from chatd.core.events import Address
from chatd.core.network import origin_of

MOST_AN_HOUR: Final = 20
"""How many times in an hour."""

_HOUR: Final = 3600.0

MOST_ADDRESSES: Final = 100_000
"""How many addresses are counted at a time, in some 30 MB; the oldest go first."""


class Quota:
    """Counts what was made from each address in the last hour; this machine itself has no limit."""

    def __init__(self) -> None:
        # The address that made something last comes last.
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    @contextmanager
    def spent(self, address: Address | None, now: float) -> Iterator[None]:
        """Count something being made; take it back if it is refused.

        Raises `ChatError` if it is one too many. It counts from the beginning, so that a hundred
        at once are not free.
        """
        origin = origin_of(address)
        if origin is None:
            yield
            return
        self._forget(now)
        times = self._times.setdefault(origin, [])
        self._times.move_to_end(origin)
        times[:] = [time for time in times if _counts(time, now)]
        if len(times) >= MOST_AN_HOUR:
            raise too_much_made()
        times.append(now)
        try:
            yield
        except ChatError:
            with suppress(ValueError):  # an hour may have passed since
                times.remove(now)
            raise

    def _forget(self, now: float) -> None:
        while self._times:
            oldest = next(iter(self._times))
            times = self._times[oldest]
            if times and _counts(times[-1], now) and len(self._times) <= MOST_ADDRESSES:
                break
            del self._times[oldest]


def _counts(time: float, now: float) -> bool:
    # Either way: the clock may be set back.
    return abs(now - time) < _HOUR
