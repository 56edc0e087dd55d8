"""Pruning: what is older than some days is removed from the store, a little at a time."""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.core.ports import IStore

_PAUSE_SECONDS: Final = 0.1
"""Between two pieces: who talks comes first."""

_DAY: Final = 86400.0


def oldest_kept(clock: IReactorTime, days: int) -> float:
    """Return the time before which messages are too old; `days` 0: none is."""
    return clock.seconds() - days * _DAY if days else 0.0


async def prune(store: IStore, clock: IReactorTime, days: int) -> None:
    """Remove all messages that are older than `days`; 0 is for ever. Raises `UnavailableError`.

    What is left of rooms that were ended goes in any case.
    """
    before = oldest_kept(clock, days)
    while await store.prune(before):
        await deferLater(clock, _PAUSE_SECONDS)
