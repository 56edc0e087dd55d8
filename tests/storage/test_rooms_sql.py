"""The SQL for rooms and messages: how much a query reads and how much a transaction removes.

The contract of all stores tests the effects of the statements.
"""

import pytest
from sqlalchemy import event

from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.messages_sql import PAGE
from chatd.storage.rooms_sql import PRUNE_LENGTH
from chatd.storage.testing import NO_LIMIT, NOW, batch, ids, inline_store, result

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


def test_a_short_read_is_one_page(store, database):
    """The last messages are read with one query for the room and one for a few chunks."""
    result(store.append([batch(n) for n in range(1, 99 * SPAN, SPAN)], {}))
    statements = []
    event.listen(
        database.reader.engine,
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )
    assert len(ids(result(store.history("tea", None, PAGE, NO_LIMIT)))) == PAGE
    assert len(statements) == 2
    assert len(ids(result(store.history("tea", 0, PAGE + 1, NO_LIMIT)))) == PAGE + 1
    assert len(statements) == 5


def test_a_transaction_removes_a_bounded_number_of_chunks(store, database):
    """Old messages of a room are removed in several calls."""
    count = 2 * PRUNE_LENGTH + 1
    result(store.append([batch(n, time=NOW - 9) for n in range(1, count * SPAN, SPAN)], {}))
    left = []
    while result(store.prune(NOW)) is not None:
        left.append(chunks(database))
    assert left == [PRUNE_LENGTH + 1, 1, 0]
