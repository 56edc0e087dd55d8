"""Retention: removes messages that are older than a number of days, a few at a time."""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.core.ports import IStore

_PAUSE_SECONDS: Final = 0.1
"""The pause between two removals, in which new messages can be written."""

_SECONDS_PER_DAY: Final = 86400.0


def oldest_kept(clock: IReactorTime, days: int) -> float:
    """Return the time before which messages are older than `days`; 0 days keep all messages."""
    return clock.seconds() - days * _SECONDS_PER_DAY if days else 0.0


async def prune(store: IStore, clock: IReactorTime, days: int) -> None:
    """Remove all messages that are older than `days`, or none if `days` is 0.

    What is left of rooms that were closed is removed in any case. Raises `StoreUnavailableError`.
    """
    before = oldest_kept(clock, days)
    while await store.prune(before):
        await deferLater(clock, _PAUSE_SECONDS)
