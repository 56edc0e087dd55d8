"""Fixtures for the tests of stores in databases."""

import os
from queue import Queue

import pytest
from twisted.internet.task import Clock

from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.testing import inline_store, temporary_schema


class PumpedReactor(Clock):
    """A clock that queues calls from threads until the test asks for the next one."""

    def __init__(self):
        super().__init__()
        self._calls = Queue()

    def callFromThread(self, call, *args, **options):
        self._calls.put(lambda: call(*args, **options))

    def pump(self):
        """Make the next call, and wait for it if there is none."""
        self._calls.get(timeout=30)()

    def result(self, deferred):
        """Return the result of a Deferred, or raise its error, once a thread has it."""
        outcome = []
        deferred.addBoth(outcome.append)
        while not outcome:
            self.pump()
        if isinstance(outcome[0], BaseException) or hasattr(outcome[0], "raiseException"):
            outcome[0].raiseException()
        return outcome[0]


@pytest.fixture
def reactor():
    """Return a reactor whose time and calls from threads the test controls."""
    return PumpedReactor()


@pytest.fixture
def database(tmp_path):
    """Return a database in SQLite."""
    return create_database(f"sqlite:///{tmp_path}/chatd.db")


@pytest.fixture
def store(database):
    """Return an open store with a room."""
    store = inline_store(database)
    store.open([RoomRecord("tea", "tea")])
    yield store
    database.close()


@pytest.fixture
def postgresql():
    """Return the URL of a schema in PostgreSQL that only this test uses."""
    url = os.environ.get("CHATD_TEST_POSTGRESQL")
    if not url:
        pytest.skip("CHATD_TEST_POSTGRESQL is not set")
    with temporary_schema(url) as schema:
        yield schema
