"""Counts failed logins, and says how long the next ones are delayed (spec section 4).

Pure: the times are arguments, in seconds. An attempt counts as a failure from its start, so that a
hundred at the same time are not free, and is forgiven if it succeeds. How the delays are kept is in
`chatd.auth.attempts`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

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

The first is hardly noticed. The last holds an attacker at some eight attempts a minute for each
name, and is what users wait while an attacker tries their name.
"""

_KEEP_PER_KEY: Final = 16
"""How many failures are kept for a key: more change nothing, as the wait is at its longest."""


class Key(NamedTuple):
    """A key that failures are counted under: a name or an address."""

    kind: str
    subject: str


class Attempt(NamedTuple):
    """An attempt: its name (None for a token), its address (None for this machine), its start.

    `wait` is how many seconds it has to wait because of failures at its name. It is `suspect` if
    too many attempts from its address have failed.
    """

    name: Key | None
    address: Key | None
    started: float
    wait: float
    suspect: bool


class Throttle:
    """Counts failed attempts, for at most `max_keys` names and addresses."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._failures: WindowCounter[Key] = WindowCounter(WINDOW, _KEEP_PER_KEY, max_keys)

    @property
    def keys(self) -> list[Key]:
        """The names and addresses that are counted, those used last at the end."""
        return list(self._failures)

    def start(self, name: str | None, address: Address | None, now: float) -> Attempt:
        """Count an attempt to log in as `name`, or by a token, as a failure, and return it."""
        # No account has a longer name: folding the rest would be wasted work.
        name_key = None if name is None else Key("name", name_keys(name[:NAME_LENGTH]).folded)
        origin = limit_key(address)
        address_key = None if origin is None else Key("address", origin)
        attempt = Attempt(
            name_key,
            address_key,
            now,
            0.0 if name_key is None else _backoff(self._failures.count(name_key, now)),
            address_key is not None and self._failures.count(address_key, now) >= FREE_FAILURES,
        )
        for key in _keys(attempt):
            self._failures.add(key, now)
        return attempt

    def forgive(self, attempt: Attempt) -> None:
        """Stop counting an attempt: it succeeded, or no password was verified."""
        for key in _keys(attempt):
            self._failures.remove(key, attempt.started)

    def answer_delay(self, attempt: Attempt, now: float) -> float:
        """Return for how many seconds the answer to an attempt that has failed is held back."""
        if attempt.address is None:
            return 0.0
        return _backoff(self._failures.count(attempt.address, now) - 1)


def _backoff(failures: int) -> float:
    """Return the delay of an attempt after that many failures."""
    if failures < FREE_FAILURES:
        return 0.0
    return BACKOFF[min(failures - FREE_FAILURES, len(BACKOFF) - 1)]


def _keys(attempt: Attempt) -> tuple[Key, ...]:
    return tuple(key for key in (attempt.name, attempt.address) if key is not None)
