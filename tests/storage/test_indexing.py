"""The index of words is brought up to date in steps, with pauses."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.storage.indexing import PAUSE_FACTOR, update_index


class Store:
    """A store with some steps of indexing to do, each of which takes 2 seconds of CPU time."""

    def __init__(self, steps):
        self.steps = steps

    async def index(self):
        if not self.steps:
            return None
        self.steps -= 1
        return 2.0


def test_a_pause_is_longer_than_the_step_before_it():
    """So indexing leaves most of the time to others; it ends when nothing is left to do."""
    clock, store = Clock(), Store(3)
    done = Deferred.fromCoroutine(update_index(store, clock))
    for left in (2, 1, 0):
        assert store.steps == left
        clock.advance(2 * PAUSE_FACTOR - 0.5)
        assert store.steps == left
        assert not done.called
        clock.advance(0.5)
    assert done.called
