"""The periodic tasks for the store run in the server."""

from chatd.daemon.maintenance import INDEX_SECONDS, MAINTENANCE_SECONDS, SIZE_SECONDS
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer


class Store(MemoryStore):
    """A store in memory that counts the calls of the tasks; it always has one thing to index."""

    def __init__(self):
        super().__init__()
        self.calls = []

    async def index(self):
        self.calls.append("index")
        return 0.0 if self.calls.count("index") % 2 else None

    async def compact(self):
        self.calls.append("compact")
        return False

    async def size(self):
        self.calls.append("size")


def calls(server, seconds):
    """Return what the server asks of its store within some seconds."""
    store = server.service.store
    store.calls.clear()
    server.turn(seconds)
    server.turn()
    return store.calls


def test_the_tasks_run_at_their_intervals():
    """Messages are indexed often, and each time until nothing is left to index."""
    server = MemoryServer(store=Store())
    server.turn()
    assert calls(server, INDEX_SECONDS) == ["index", "index"]
    assert calls(server, INDEX_SECONDS - 1) == []
    assert sorted(calls(server, SIZE_SECONDS)) == ["index", "index", "size"]
    assert sorted(calls(server, MAINTENANCE_SECONDS)) == ["compact", "index", "index", "size"]
