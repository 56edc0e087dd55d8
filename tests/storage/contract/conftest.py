"""What the contract of stores is tested on: each kind of store, opened as often as one likes."""

import os

import pytest

from chatd.core.records import RoomRecord
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import inline_store, result, temporary_schema
from chatd.storage.factory import create_database


class Kept:
    """A store that is opened, ended cleanly or not, and opened again, as by one server after another."""

    def __init__(self, make):
        self._make = make
        self.store = None

    def open(self, *rooms):
        """Open it, with rooms by id or (id, name, count); return its contents."""
        self.store = self._make()
        return self.store.open(
            [RoomRecord(*([room, room] if isinstance(room, str) else room)) for room in rooms]
        )

    def close(self, **counts):
        """End it as a server does that is stopped."""
        result(self.store.close(counts))
        self.store = None

    def crash(self):
        """End it as a server does that is killed."""
        if not isinstance(self.store, MemoryStore):
            self.store._database.close()
        self.store = None

    def __getattr__(self, name):
        """Return a method of the store, made synchronous."""
        method = getattr(self.store, name)
        return lambda *args: result(method(*args))


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept(request, tmp_path):
    """Return a store of each kind, not yet opened."""
    if request.param == "memory":
        store = MemoryStore()
        yield Kept(lambda: store)
        return
    if request.param == "sqlite":
        kept = Kept(lambda: inline_store(create_database(f"sqlite:///{tmp_path}/chatd.db")))
        yield kept
        kept.store is None or kept.crash()
        return
    url = os.environ.get("CHATD_TEST_POSTGRESQL")
    if not url:
        pytest.skip("CHATD_TEST_POSTGRESQL is not set")
    with temporary_schema(url) as there:
        kept = Kept(lambda: inline_store(create_database(there)))
        yield kept
        kept.store is None or kept.crash()


@pytest.fixture
def opened(kept):
    """Return a store of each kind, opened, with the room `tea`."""
    kept.open("tea")
    return kept
