"""How long a try at a password has to wait: longer after several failures (spec section 4).

Pure: times are given. A try counts as a failure from its beginning, so that a hundred at once are
not free, and is taken back if it succeeds. Those of an address wait one behind the other, those at
a name side by side: so who guesses gains nothing by many connections, and nobody is locked out;
whoever fails at the name of another makes him wait some seconds at the most.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.names import NAME_LENGTH, name_keys
from chatd.core.network import limit_key

WINDOW: Final = 60.0
"""For how many seconds a failure counts."""

FREE_FAILURES: Final = 5
"""How many failures in that time cost nothing: people do mistype."""

BACKOFF: Final = (1.0, 2.0, 4.0, 8.0)
"""What the tries after that wait, in seconds, the last of these from then on.

The first is hardly felt. The longest holds an address that guesses at some eight a minute, and is what
an owner bears while somebody else guesses at his name.
"""

MAX_BACKOFF: Final = 60.0
"""For how many seconds a try may be made to wait; more than that is refused."""

MAX_KEYS: Final = 100_000
"""How many names and addresses are counted at a time, in some 30 MB; the oldest go first."""

_KEPT: Final = 16
"""Of one key, the newest only: more than that change nothing, as the wait is at its longest."""


_ADDRESS: Final = "address"


class Key(NamedTuple):
    """What failures are counted for: a name or an address."""

    kind: str
    subject: str


class Attempt(NamedTuple):
    """A try, when it began, and how many seconds it has to wait."""

    keys: tuple[Key, ...]
    began: float
    wait: float


def keys_of(name: str, address: Address | None) -> tuple[Key, ...]:
    """Return what a try at `name` from `address` counts for."""
    # No account has a longer name: what comes after that is not worth the work.
    named = Key("name", name_keys(name[:NAME_LENGTH]).folded)
    origin = limit_key(address)
    return (named,) if origin is None else (named, Key(_ADDRESS, origin))


class Throttle:
    """Counts tries that failed, or may yet, for at most `most` keys."""

    def __init__(self, most: int = MAX_KEYS) -> None:
        self._most = most
        # The key tried last comes last.
        self._times: OrderedDict[Key, list[float]] = OrderedDict()
        # When the last try that waits has waited.
        self._free_at: dict[Key, float] = {}

    def begin(self, keys: tuple[Key, ...], now: float) -> Attempt:
        """Count a try as a failure, and say how long it has to wait.

        Raises `ChatError` if that would be too long.
        """
        self._forget(now)
        wait = max((self._wait(key, now) for key in keys), default=0.0)
        if wait > MAX_BACKOFF:
            raise ChatError(ErrorCode.BUSY)
        for key in keys:
            self._count(key, now)
            self._free_at[key] = now + wait
        return Attempt(keys, now, wait)

    def take_back(self, attempt: Attempt) -> None:
        """Count a try no longer: it succeeded."""
        for key in attempt.keys:
            times = self._times.get(key, [])
            if attempt.began in times:
                times.remove(attempt.began)
            if not times:
                self._drop(key)

    def _wait(self, key: Key, now: float) -> float:
        failures = sum(_counts(began, now) for began in self._times.get(key, ()))
        if failures < FREE_FAILURES:
            return 0.0
        wait = BACKOFF[min(failures - FREE_FAILURES, len(BACKOFF) - 1)]
        before = max(self._free_at[key] - now, 0.0) if key.kind == _ADDRESS else 0.0
        return before + wait

    def _count(self, key: Key, now: float) -> None:
        times = self._times.setdefault(key, [])
        times.append(now)
        del times[:-_KEPT]
        self._times.move_to_end(key)
        if len(self._times) > self._most:
            self._drop(next(iter(self._times)))

    def _forget(self, now: float) -> None:
        while self._times:
            oldest = next(iter(self._times))
            if _counts(self._times[oldest][-1], now):
                break
            self._drop(oldest)

    def _drop(self, key: Key) -> None:
        self._times.pop(key, None)
        self._free_at.pop(key, None)


def _counts(began: float, now: float) -> bool:
    # Either way: the clock may be set back.
    return abs(now - began) < WINDOW
