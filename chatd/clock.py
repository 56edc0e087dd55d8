"""Clocks: the one that the reactor waits by, and the wall clock for timestamps.

Durations are measured by `seconds()` of the reactor, which no step of the wall clock changes.
Timestamps come from a callable `wall_time`, in seconds since the epoch: `time.time`, or what a test
sets. The two are never compared with each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime


def use_monotonic_time(reactor: Any) -> None:
    """Let `reactor` wait by the monotonic clock; call this before anything is scheduled.

    Twisted's reactors wait by `time.time`: once that is set back by an hour, every timer that runs
    fires an hour late. A reactor reads the time by its attribute `seconds` alone.
    """
    reactor.seconds = time.monotonic


def steady_time(clock: IReactorTime, wall_time: Callable[[], float]) -> Callable[[], float]:
    """Return a function that returns the time since the epoch as if the clock were never set.

    It returns what `wall_time` returns now plus the seconds that pass from now on.
    """
    offset = wall_time() - clock.seconds()
    return lambda: clock.seconds() + offset
