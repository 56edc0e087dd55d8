"""The SQL for single messages: how much a query reads, and how much a deletion writes.

The contract of all stores tests the effects of the statements.
"""

import pytest
from sqlalchemy import event

from chatd.storage import messages_sql
from chatd.storage.chunks import unpack
from chatd.storage.messages_sql import PAGE
from chatd.storage.testing import NO_LIMIT, NOW, batch, ids, result

SPAN = 64

STEP = 2**-22
"""The smallest step of the time of these years."""


@pytest.fixture
def store(store):
    """Return an open store with a room that has many chunks."""
    result(store.append([batch(n) for n in range(1, 99 * SPAN, SPAN)], {}))
    return store


def listen(database):
    """Return the list of the statements that are executed from now on."""
    executed = []
    for connection in (database.reader, database.writer):
        event.listen(
            connection.engine,
            "before_cursor_execute",
            lambda *arguments: executed.append(arguments[2]),
        )
    return executed


def test_a_short_read_is_one_page(store, database):
    """The last messages are read with one query for the room and one for a few chunks."""
    statements = listen(database)
    assert len(ids(result(store.history("tea", None, PAGE, NO_LIMIT)))) == PAGE
    assert len(statements) == 2
    assert len(ids(result(store.history("tea", 0, PAGE + 1, NO_LIMIT)))) == PAGE + 1
    assert len(statements) == 5


def test_a_short_read_before_an_id_is_one_page(store, database):
    """The messages after it are not read."""
    statements = listen(database)
    expected = list(range(1, 50 * SPAN, SPAN))[-PAGE:]
    assert ids(result(store.history("tea", None, PAGE, NO_LIMIT, 50 * SPAN))) == expected
    assert len(statements) == 2


@pytest.mark.parametrize("time", [NOW - 1, NOW, NOW + STEP, int(NOW) + 1])
def test_few_chunks_are_read_for_a_time(store, database, monkeypatch, time):
    """Though all are of one second, which takes a look into some of them."""
    unpacked, statements = [], listen(database)
    monkeypatch.setattr(
        messages_sql, "unpack", lambda *chunk: unpacked.append(chunk) or unpack(*chunk)
    )
    assert result(store.id_at("tea", time)) == (1 if time <= NOW else None)
    steps = (98).bit_length()
    in_that_second = steps if int(time) == int(NOW) else 0
    assert len(unpacked) <= in_that_second + 2
    assert len(statements) <= 2 + steps + in_that_second + 1


def test_a_deletion_writes_one_chunk(store, database):
    """No other chunk changes, also of the same room."""

    def bodies(connection):
        return dict(list(connection.exec_driver_sql("SELECT last, body FROM chunks")))

    before = database.reader.run(bodies)
    assert result(store.delete_message("tea", 1 + 50 * SPAN))
    after = database.reader.run(bodies)
    assert [last for last in before if before[last] != after[last]] == [1 + 50 * SPAN]
