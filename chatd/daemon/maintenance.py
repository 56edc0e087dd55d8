"""The periodic tasks for the store: they bound the rooms and the size, and index messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from twisted.internet.interfaces import IReactorTime

from chatd.core.chat import Chat
from chatd.core.expiry import RoomExpiry
from chatd.core.store import IStore
from chatd.daemon.periodic import PeriodicTasks
from chatd.server.eventlog import EventLog
from chatd.storage.indexing import update_index
from chatd.storage.space import RoomHistoryLimit, StoreSize, compact

MAINTENANCE_SECONDS: Final = 600.0
"""How often unused rooms, long histories and free space are looked for."""

SIZE_SECONDS: Final = 60.0
"""How often the size of the store is measured."""

INDEX_SECONDS: Final = 5.0
"""How often new messages are indexed."""


def maintenance(
    chat: Chat,
    expiry: RoomExpiry,
    store: IStore,
    store_size: StoreSize,
    event_log: EventLog,
    clock: IReactorTime,
    wall_time: Callable[[], float],
    room_history: int,
) -> list[PeriodicTasks]:
    """Return the tasks; each room keeps about `room_history` bytes of its history."""

    async def end_unused_rooms() -> None:
        ended = await expiry.end_expired(chat, clock.seconds(), wall_time())
        if ended:
            event_log.rooms_expired(ended)

    history = RoomHistoryLimit(store, chat.rooms, clock, event_log, room_history)
    space = partial(compact, store, clock)
    return [
        PeriodicTasks(clock, MAINTENANCE_SECONDS, end_unused_rooms, history.trim, space),
        PeriodicTasks(clock, SIZE_SECONDS, store_size.update),
        PeriodicTasks(clock, INDEX_SECONDS, partial(update_index, store, clock)),
    ]
