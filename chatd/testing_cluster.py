"""Several whole servers in one process, which share a log and a store in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.testing import MemoryReactorClock

from chatd.core.records import RoomRecord, Snapshot
from chatd.core.world.account_operations import EndNode
from chatd.oplog.testing import MemoryLog
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer

SETTLE_STEP = 0.25
"""How many seconds pass in a step of `MemoryCluster.settle`."""


class MemoryCluster:
    """`size` servers, `servers` by their names `n1`, `n2`, ...; `options` are for each of them.

    `log` is what they share, `store` a further handle of their store.
    """

    def __init__(self, size: int = 2, **options: Any) -> None:
        self.reactor = MemoryReactorClock()
        self.log = MemoryLog(self.reactor)
        self._snapshot: Snapshot | None = None
        self.store = MemoryStore()
        self.stores = {f"n{number}": self._share_store() for number in range(1, size + 1)}
        self.servers = {
            node: MemoryServer(
                reactor=self.reactor, store=store, node=node, shared_log=self.log, **options
            )
            for node, store in self.stores.items()
        }

    def make_store(self) -> Any:
        """Return the store of a further server."""
        return self.store.share()

    def _share_store(self) -> Any:
        """Return the store of a further server: all of them begin with the same snapshot."""
        store = self.make_store()
        open_store = store.open

        def open_as_the_first(rooms: Sequence[RoomRecord], *, shared: bool = False) -> Snapshot:
            snapshot = open_store(rooms, shared=shared)
            self._snapshot = self._snapshot or snapshot
            return self._snapshot

        store.open = open_as_the_first
        return store

    def settle(self, seconds: float = 5) -> None:
        """Let time pass, so that what is on its way arrives."""
        for _ in range(int(seconds / SETTLE_STEP)):
            self.reactor.advance(SETTLE_STEP)

    def kill(self, node: str) -> MemoryServer:
        """End a server as kill -9 does; return it. The others do not know it yet."""
        self.log.kill(node)
        self.stores[node].crash()
        return self.servers.pop(node)

    def declare_dead(self, node: str) -> None:
        """Let another server add the end of a server to the log."""
        survivor = next(server for name, server in self.servers.items() if name != node)
        survivor.service.oplog.submit(EndNode(node, survivor.wall_time()))
