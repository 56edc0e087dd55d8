"""Limits on how often something may happen. Pure: the times are arguments, in seconds.

They are times of a clock that is never set back.

`WindowCounter` counts events in a sliding window, for many keys in bounded memory; `CreationLimit`
and the throttle of logins (chatd.auth.throttle) use it. `TokenBucket` limits the frames of one
connection, and the bytes of a connection and of an origin.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Generic, TypeVar

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.network import limit_key

MAX_KEYS: Final = 100_000
"""How many keys a counter holds, in some 30 MB; it drops the key that was used longest ago."""

MAX_CREATIONS: Final = 20
"""How many rooms, or accounts, guests may create in an hour from one address."""

_HOUR: Final = 3600.0

_K = TypeVar("_K", bound=Hashable)


class WindowCounter(Generic[_K]):
    """Counts the events of the last `seconds` for each key; of one key at most `max_events`.

    `on_drop` is called with each key that the counter forgets.
    """

    def __init__(
        self,
        seconds: float,
        max_events: int,
        max_keys: int = MAX_KEYS,
        on_drop: Callable[[_K], None] = lambda _: None,
    ) -> None:
        self._seconds = seconds
        self._max_events = max_events
        self._max_keys = max_keys
        self._on_drop = on_drop
        self._times: OrderedDict[_K, list[float]] = OrderedDict()  # the key used last comes last

    def __iter__(self) -> Iterator[_K]:
        return iter(self._times)

    def count(self, key: _K, now: float) -> int:
        """Return how many events of `key` the window holds."""
        return sum(self._is_in_window(time, now) for time in self._times.get(key, ()))

    def add(self, key: _K, now: float) -> None:
        """Count an event; drop the keys whose events are too old, or that are too many."""
        times = self._times.setdefault(key, [])
        times.append(now)
        del times[: -self._max_events]
        self._times.move_to_end(key)
        for oldest in list(self._expired(now)):
            self._drop(oldest)

    def remove(self, key: _K, time: float) -> None:
        """Stop counting an event that was added at `time`, if it is still there."""
        times = self._times.get(key, [])
        if time in times:
            times.remove(time)
            if not times:
                self._drop(key)

    def _expired(self, now: float) -> Iterator[_K]:
        surplus = len(self._times) - self._max_keys
        for index, (key, times) in enumerate(self._times.items()):
            if index >= surplus and self._is_in_window(times[-1], now):
                return
            yield key

    def _drop(self, key: _K) -> None:
        del self._times[key]
        self._on_drop(key)

    def _is_in_window(self, time: float, now: float) -> bool:
        return now - time < self._seconds


CountCreation = Callable[[Address | None], AbstractContextManager[None]]
"""Counts, as `CreationLimit.consume` does, what a guest from an address creates now."""


class CreationLimit:
    """Limits how many rooms, or accounts, guests create from one address in an hour.

    The machine of the server itself (loopback and UNIX sockets) has no limit.
    """

    def __init__(self, max_addresses: int = MAX_KEYS) -> None:
        self._created: WindowCounter[str] = WindowCounter(_HOUR, MAX_CREATIONS, max_addresses)

    @property
    def addresses(self) -> list[str]:
        """The keys of the addresses that are counted."""
        return list(self._created)

    @contextmanager
    def consume(self, address: Address | None, now: float) -> Iterator[None]:
        """Count a creation that is made in the block, unless the block raises `ChatError`.

        Raise `ChatError` if it is one too many. A creation counts from its beginning, so that a
        hundred at the same time cannot pass the limit.
        """
        key = limit_key(address)
        if key is None:
            yield
            return
        if self._created.count(key, now) >= MAX_CREATIONS:
            raise ChatError(ErrorCode.CREATION_LIMIT)
        self._created.add(key, now)
        try:
            yield
        except ChatError:
            self._created.remove(key, now)
            raise


# How much a token may lack after the time that it takes to fill: sums of floats are not exact.
_ROUNDING: Final = 1e-6


class TokenBucket:
    """Holds at most `burst` tokens, and gains `rate` a second.

    More may be taken than it holds: what is lacking is gained before there are tokens again.
    """

    __slots__ = ("_burst", "_filled_at", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._filled_at = now

    def spend(self, tokens: float, now: float) -> float:
        """Take tokens; return how many are left, less than 0 if there were too few."""
        gained = (now - self._filled_at) * self._rate
        self._tokens = min(self._tokens + gained, self._burst)
        self._filled_at = now
        self._tokens -= tokens
        return self._tokens

    def available(self, now: float) -> int:
        """Return how many whole tokens there are; less than 1 if there is none."""
        return int(self.spend(0, now) + _ROUNDING)

    def take(self, tokens: float) -> None:
        """Take tokens; `available` says how many there are."""
        self._tokens -= tokens

    def wait(self, tokens: float = 1) -> float:
        """Return after how many seconds there are `tokens`, but at most `burst` of them."""
        return max(min(tokens, self._burst) - self._tokens, 0.0) / self._rate
