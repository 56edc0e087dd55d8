"""The fixtures of the contract tests: a store of each kind, which can be opened repeatedly."""

import os

import pytest

from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import inline_store, result, temporary_schema


class StoreHarness:
    """A store with synchronous methods, which is opened by one server after another.

    `make` returns the store for a server. A server ends with `close` or with `crash`.
    """

    def __init__(self, make):
        self._make = make
        self.store = None

    def open(self, *rooms, **options):
        """Open the store with rooms, given as ids or as (id, name, last id); return its content."""
        self.store = self._make()
        return self.store.open(
            [RoomRecord(*([room, room] if isinstance(room, str) else room)) for room in rooms],
            **options,
        )

    def close(self, **last_ids):
        """Close the store, as a server does that is stopped."""
        result(self.store.close(last_ids))
        self.store = None

    def crash(self):
        """Abandon the store, as a server does that is killed."""
        if isinstance(self.store, MemoryStore):
            self.store.crash()
        else:
            self.store._database.close()
        self.store = None

    def __getattr__(self, name):
        """Return a method of the store, made synchronous."""
        method = getattr(self.store, name)
        return lambda *args, **options: result(method(*args, **options))


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def harness(request, tmp_path):
    """Return a harness of each kind of store, not opened yet."""
    if request.param == "memory":
        store = MemoryStore()
        yield StoreHarness(lambda: store)
    elif request.param == "sqlite":
        yield from harness_of(f"sqlite:///{tmp_path}/chatd.db")
    else:
        url = os.environ.get("CHATD_TEST_POSTGRESQL")
        if not url:
            pytest.skip("CHATD_TEST_POSTGRESQL is not set")
        with temporary_schema(url) as schema:
            yield from harness_of(schema)


def harness_of(url):
    """Yield a harness of the store at `url`, and close what is left open at the end."""
    harness = StoreHarness(lambda: inline_store(create_database(url)))
    yield harness
    if harness.store is not None:
        harness.crash()


@pytest.fixture
def store(harness):
    """Return a harness of each kind of store, opened, with the room `tea`."""
    harness.open("tea")
    return harness


@pytest.fixture(params=["memory", "postgresql"])
def new_server(request):
    """Return a function that makes another harness of the same store, not opened yet."""
    harnesses = []

    def add(make):
        harnesses.append(StoreHarness(make))
        return harnesses[-1]

    if request.param == "memory":
        content = MemoryStore()
        yield lambda: add(content.share)
    else:
        url = os.environ.get("CHATD_TEST_POSTGRESQL")
        if not url:
            pytest.skip("CHATD_TEST_POSTGRESQL is not set")
        with temporary_schema(url) as schema:
            yield lambda: add(lambda: inline_store(create_database(schema)))
            for harness in harnesses:
                if harness.store is not None:
                    harness.crash()
