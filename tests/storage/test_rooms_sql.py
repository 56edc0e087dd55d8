"""The SQL for rooms and messages: how much a transaction removes.

The contract of all stores tests the effects of the statements.
"""

import pytest

from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.rooms_sql import PRUNE_LENGTH
from chatd.storage.testing import NOW, batch, inline_store, result

SPAN = 64


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


def chunks(database):
    """Return how many chunks there are."""
    return database.reader.run(lambda c: c.exec_driver_sql("SELECT count(*) FROM chunks").scalar())


def test_a_transaction_removes_a_bounded_number_of_chunks(store, database):
    """Old messages of a room are removed in several calls."""
    count = 2 * PRUNE_LENGTH + 1
    result(store.append([batch(n, time=NOW - 9) for n in range(1, count * SPAN, SPAN)], {}))
    left = []
    while result(store.prune(NOW)) is not None:
        left.append(chunks(database))
    assert left == [PRUNE_LENGTH + 1, 1, 0]
