"""The SQL for rooms and messages: how much a transaction removes.

The contract of all stores tests the effects of the statements.
"""

from chatd.storage.rooms_sql import PRUNE_LENGTH
from chatd.storage.testing import NOW, batch, result

SPAN = 64


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
