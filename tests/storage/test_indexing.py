"""The index of words is brought up to date in steps, with pauses."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.storage.indexing import PAUSE_FACTOR, update_index


class Store:
    """A store in which each step of indexing takes a second."""

    def __init__(self, clock, steps):
        self.clock = clock
        self.steps = steps

    async def index(self):
        self.clock.rightNow += 1
        self.steps -= 1
        return self.steps > 0


def test_a_pause_is_longer_than_the_step_before_it():
    """So indexing leaves most of the time to others; the last step ends it."""
    clock = Clock()
    store = Store(clock, 3)
    done = Deferred.fromCoroutine(update_index(store, clock))
    for left in (2, 1):
        assert store.steps == left
        clock.advance(PAUSE_FACTOR - 0.5)
        assert store.steps == left
        clock.advance(0.5)
    assert store.steps == 0
    assert done.called
