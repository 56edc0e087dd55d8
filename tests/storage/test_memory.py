"""The store in memory: what the contract of all stores does not say."""

from chatd.core.records import RoomRecord
from chatd.storage.memory import MemoryStore
from chatd.storage.memory_rooms import MAX_HISTORY
from chatd.storage.testing import NO_LIMIT, batch, ids, result


def first_id(store):
    """Return the id of the oldest message of the room."""
    return ids(result(store.history("tea", 0, 1, NO_LIMIT)))


def test_the_history_is_bounded():
    """A room keeps its newest messages, and drops the oldest ones."""
    store = MemoryStore()
    store.open([RoomRecord("tea", "tea")])
    result(store.append([batch(n) for n in range(1, MAX_HISTORY + 3)], {}))
    assert first_id(store) == [3]


def test_batches_are_dropped_whole():
    """The batch that has the oldest message to keep stays whole."""
    store = MemoryStore()
    store.open([RoomRecord("tea", "tea")])
    result(store.append([batch(1, 10), batch(11, MAX_HISTORY - 1)], {}))
    assert first_id(store) == [1]
    result(store.append([batch(MAX_HISTORY + 10)], {}))
    assert first_id(store) == [11]
