"""Retention: which messages are too old, whatever the wall clock is set to, and their removal."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.core.errors import StoreUnavailableError
from chatd.storage.retention import CONFIRM_SECONDS, CONFIRM_TOLERANCE, Retention

DAY = 86400
EPOCH = 1e9
"""The wall time of the start, unless the clock is wrong."""


class RetentionHarness:
    """Retention of 30 days, with its clocks; it is the store and the log as well."""

    def __init__(self, pruned_at=None, offset=EPOCH, days=30):
        self.clock = Clock()
        self.offset = offset
        self.removals = []
        self.times = []
        self.pruned_at = None
        self.logged = []
        self.retention = Retention(self, self.clock, self.wall_time, self, days)
        self.retention.start(pruned_at)

    def wall_time(self):
        return self.clock.seconds() + self.offset

    def pruned(self, messages, days):
        self.logged.append((messages, days))

    async def prune(self, before):
        self.times.append(before)
        if self.removals:
            removal = self.removals.pop(0)
            if isinstance(removal, Exception):
                raise removal
            return removal
        return None

    async def set_pruned_at(self, time):
        self.pruned_at = time

    def prune_now(self):
        """Remove all that `removals` has."""
        pauses = [0.1] * len(self.removals)
        done = Deferred.fromCoroutine(self.retention.prune())
        self.clock.pump(pauses)
        assert done.called

    def day(self):
        """Return how many days after `EPOCH` it is by the time that decides what is kept."""
        return (self.retention.oldest_kept() - EPOCH) / DAY + 30


def test_the_oldest_time_kept():
    """It is so many days before now, and 0 days keep everything."""
    harness = RetentionHarness()
    harness.clock.advance(10 * DAY)
    assert harness.retention.oldest_kept() == EPOCH - 20 * DAY
    assert RetentionHarness(days=0).retention.oldest_kept() == 0


def test_prune_pauses_between_removals():
    """After each removal other jobs get their turn, and all have the same time."""
    harness = RetentionHarness()
    harness.removals = [5, 0, 7]
    done = Deferred.fromCoroutine(harness.retention.prune())
    before = EPOCH - 30 * DAY
    assert (harness.times, done.called, harness.pruned_at) == ([before], False, None)
    harness.clock.pump([1] * 3)
    assert (harness.times, done.called, harness.pruned_at) == ([before] * 4, True, EPOCH)
    assert harness.logged == [(12, 30)]


def test_nothing_is_logged_where_nothing_was_removed():
    """The hourly removal says nothing if no message was too old."""
    harness = RetentionHarness()
    harness.removals = [0]
    harness.prune_now()
    assert harness.logged == []


def test_what_was_removed_before_a_failure_is_logged():
    """A store that becomes unavailable in the middle has removed some, and counts no time."""
    harness = RetentionHarness()
    harness.removals = [3, StoreUnavailableError("away")]
    done = Deferred.fromCoroutine(harness.retention.prune())
    harness.clock.advance(1)
    with pytest.raises(StoreUnavailableError):
        done.result.raiseException()
    done.addErrback(lambda _: None)
    assert (harness.logged, harness.pruned_at) == ([(3, 30)], None)


@pytest.mark.parametrize("step", [3600, 400 * DAY])
def test_a_clock_that_is_set_ahead(step):
    """Only the time that has passed counts; when the clock is right again nothing is different."""
    harness = RetentionHarness()
    harness.clock.advance(DAY)
    harness.offset += step
    assert harness.day() == 1
    harness.prune_now()
    assert harness.pruned_at == EPOCH + DAY
    harness.clock.advance(60 * DAY)
    assert harness.day() == 61
    harness.offset -= step
    assert harness.day() == 61


def test_a_clock_that_is_set_back():
    """Nothing is removed until the clock is right again, which is then as it was."""
    harness = RetentionHarness()
    harness.clock.advance(DAY)
    harness.offset -= 400 * DAY
    assert harness.day() == -399
    harness.prune_now()
    harness.offset += 400 * DAY
    assert harness.day() == 1


def test_after_a_restart():
    """The time for which the server was off counts once the clock has run evenly for a while."""
    harness = RetentionHarness(pruned_at=EPOCH - 60 * DAY)
    assert harness.day() == -60
    harness.clock.advance(CONFIRM_SECONDS - 1)
    assert harness.day() == pytest.approx(-59.5, abs=1e-4)
    harness.offset += CONFIRM_TOLERANCE / 2
    harness.clock.advance(1)
    assert harness.day() == 0.5


@pytest.mark.parametrize("wrong_by", [400 * DAY, 27_000 * DAY])
def test_a_clock_that_is_ahead_at_the_start(wrong_by):
    """Once it is set, no more time counts than has passed since; never more before."""
    harness = RetentionHarness(pruned_at=EPOCH, offset=EPOCH + wrong_by)
    harness.clock.advance(3600)
    harness.prune_now()
    assert harness.pruned_at == EPOCH + 3600
    harness.offset = EPOCH
    for _ in range(3):
        harness.clock.advance(DAY)
        harness.prune_now()
    assert harness.day() == pytest.approx(3 + 1 / 24)


def test_a_clock_that_is_behind_at_the_start():
    """A machine without a clock of its own starts in 1970: nothing is removed until it is set."""
    harness = RetentionHarness(pruned_at=EPOCH, offset=0)
    harness.clock.advance(3600)
    harness.prune_now()
    assert harness.times[-1] < 0
    harness.offset = EPOCH + DAY  # it was off for a day less an hour, which nothing confirms
    harness.clock.advance(DAY)
    assert harness.day() == pytest.approx(1 + 1 / 24)
