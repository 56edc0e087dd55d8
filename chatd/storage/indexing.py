"""The index of words is kept up to date, a little at a time, so that it slows nothing down."""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from chatd.core.store import IStore

PAUSE_FACTOR: Final = 5
"""How many times as long as a step the pause after it is: indexing takes a sixth of a core at most.

Where the server is busy a step takes longer, and so does the pause.
"""


async def update_index(store: IStore, clock: IReactorTime) -> None:
    """Index all messages that can be; raise `StoreUnavailableError`."""
    began = clock.seconds()
    while await store.index():
        await deferLater(clock, PAUSE_FACTOR * (clock.seconds() - began))
        began = clock.seconds()
