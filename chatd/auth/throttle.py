"""How long a login has to wait: the longer, the more logins have failed before (spec section 4).

Pure: the times are arguments, in seconds. An attempt counts as a failure from its start, so that a
hundred at the same time are not free, and is forgiven if it succeeds. Attempts from one address
wait one behind the other, those at one name side by side: an attacker gains nothing by many
connections, and cannot lock a user out, who waits a few seconds at most.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.lookalikes import name_keys
from chatd.core.names import NAME_LENGTH
from chatd.core.network import limit_key
from chatd.core.ratelimit import MAX_KEYS, WindowCounter

WINDOW: Final = 60.0
"""For how many seconds a failure counts."""

FREE_FAILURES: Final = 5
"""How many failures in that time cost nothing: users mistype passwords."""

BACKOFF: Final = (1.0, 2.0, 4.0, 8.0)
"""How many seconds the attempts after that wait; the last of these from then on.

The first is hardly noticed. The last holds an attacker's address at some eight attempts a minute,
and is what users wait while an attacker tries their name.
"""

MAX_BACKOFF: Final = 60.0
"""How many seconds an attempt may wait; one that would have to wait longer is refused."""

_KEEP_PER_KEY: Final = 16
"""How many failures are kept for a key: more change nothing, as the wait is at its longest."""


_ADDRESS: Final = "address"


class Key(NamedTuple):
    """A key that failures are counted under: a name or an address."""

    kind: str
    subject: str


class Attempt(NamedTuple):
    """An attempt, the time of its start, and how many seconds it has to wait."""

    keys: tuple[Key, ...]
    started: float
    wait: float


def keys_of(name: str, address: Address | None) -> tuple[Key, ...]:
    """Return the keys that a login as `name` from `address` counts for."""
    # No account has a longer name: folding the rest would be wasted work.
    name_key = Key("name", name_keys(name[:NAME_LENGTH]).folded)
    origin = limit_key(address)
    return (name_key,) if origin is None else (name_key, Key(_ADDRESS, origin))


class Throttle:
    """Counts failed attempts, for at most `max_keys` names and addresses."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._failures: WindowCounter[Key] = WindowCounter(
            WINDOW, _KEEP_PER_KEY, max_keys, self._forget
        )
        self._free_at: dict[Key, float] = {}  # when the last attempt that waits is let through

    @property
    def keys(self) -> list[Key]:
        """The names and addresses that are counted, those used last at the end."""
        return list(self._failures)

    def start(self, keys: tuple[Key, ...], now: float) -> Attempt:
        """Count an attempt as a failure, and return how long it has to wait.

        Raise `ChatError` if that is longer than `MAX_BACKOFF`.
        """
        wait = max((self._wait(key, now) for key in keys), default=0.0)
        if wait > MAX_BACKOFF:
            raise ChatError(ErrorCode.BUSY)
        for key in keys:
            self._free_at[key] = now + wait
            self._failures.add(key, now)
        return Attempt(keys, now, wait)

    def forgive(self, attempt: Attempt) -> None:
        """Stop counting an attempt: it succeeded."""
        for key in attempt.keys:
            self._failures.remove(key, attempt.started)

    def _wait(self, key: Key, now: float) -> float:
        failures = self._failures.count(key, now)
        if failures < FREE_FAILURES:
            return 0.0
        wait = BACKOFF[min(failures - FREE_FAILURES, len(BACKOFF) - 1)]
        queue = max(self._free_at[key] - now, 0.0) if key.kind == _ADDRESS else 0.0
        return queue + wait

    def _forget(self, key: Key) -> None:
        self._free_at.pop(key, None)
