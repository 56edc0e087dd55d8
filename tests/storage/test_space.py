"""The size of the store and of histories, kept within bounds a little at a time."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.core.rooms import Room
from chatd.storage.space import RoomHistoryLimit, StoreSize, compact


class FakeStore:
    """A store with messages to remove in some rooms, and space to give back."""

    def __init__(self, messages=(), steps=0):
        self.messages = {room: list(counts) for room, counts in dict(messages).items()}
        self.steps = steps

    async def trim(self, room_id, size):  # noqa: ARG002 -- as the true one
        counts = self.messages.get(room_id, [])
        return counts.pop() if counts else 0

    async def compact(self):
        self.steps -= 1
        return self.steps > 0

    async def size(self):
        return 4096


class Log(list):
    """Records what was logged."""

    def trimmed(self, messages, size):
        self.append((messages, size))


def trim(store, clock, log, size):
    """Start to trim two rooms; return the Deferred."""
    rooms = [Room("a", "a"), Room("b", "b")]
    return Deferred.fromCoroutine(RoomHistoryLimit(store, lambda: rooms, clock, log, size).trim())


def test_each_room_is_trimmed_in_steps():
    """After each step others get their turn; the log has one line in the end."""
    clock, log = Clock(), Log()
    store = FakeStore({"a": [3, 4], "b": [5]})
    done = trim(store, clock, log, 100)
    assert (store.messages, log) == ({"a": [3], "b": [5]}, [])
    for _ in range(9):
        clock.advance(1)
    assert done.called
    assert (store.messages, log) == ({"a": [], "b": []}, [(12, 100)])


def test_nothing_is_trimmed_without_a_limit():
    """0 is no limit; and where nothing was removed, nothing is logged."""
    store, log = FakeStore({"a": [3]}), Log()
    assert trim(store, Clock(), log, 0).called
    clock = Clock()
    trim(FakeStore(), clock, log, 100)
    clock.pump([0] * 9)
    assert (store.messages, log) == ({"a": [3]}, [])


def test_compaction_pauses_between_steps():
    """It ends when the store has nothing more to give back."""
    clock, store = Clock(), FakeStore(steps=3)
    done = Deferred.fromCoroutine(compact(store, clock))
    assert (store.steps, done.called) == (2, False)
    clock.pump([1] * 3)
    assert (store.steps, done.called) == (0, True)


def test_the_size():
    """It is unknown until it was measured."""
    size = StoreSize(FakeStore())
    assert size.size is None
    Deferred.fromCoroutine(size.update())
    assert size.size == 4096
