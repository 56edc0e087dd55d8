"""Retention: how old messages become, and that removing them leaves time for others."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.storage.history import oldest_kept, prune


class PruneRecorder:
    """A store that has something to remove for some calls of `prune`."""

    def __init__(self, calls):
        self.calls = calls
        self.times = []

    async def prune(self, before):
        self.times.append(before)
        self.calls -= 1
        return self.calls > 0


def test_the_oldest_time_kept():
    """It is so many days before now, and 0 days keep everything."""
    clock = Clock()
    clock.advance(10 * 86400)
    assert oldest_kept(clock, 3) == 7 * 86400
    assert oldest_kept(clock, 0) == 0


def test_prune_pauses_between_removals():
    """After each removal other jobs get their turn, and all have the same time."""
    clock, store = Clock(), PruneRecorder(3)
    clock.advance(86400)
    done = Deferred.fromCoroutine(prune(store, clock, 1))
    assert (store.times, done.called) == ([0.0], False)
    clock.advance(1)
    clock.advance(1)
    assert (store.times, done.called) == ([0.0] * 3, True)
