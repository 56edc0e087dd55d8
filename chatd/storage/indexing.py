"""The index of words is kept up to date, a little at a time, so that it slows nothing down."""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.core.store import IStore

PAUSE_FACTOR: Final = 5
"""How many times as long as the CPU time of a step the pause after it is.

So indexing takes a sixth of a core at most, and less where the server is busy.
"""


async def update_index(store: IStore, clock: IReactorTime) -> None:
    """Index all messages that can be; raise `StoreUnavailableError`."""
    while (seconds := await store.index()) is not None:
        await deferLater(clock, PAUSE_FACTOR * seconds)
