"""Tasks that run at fixed intervals: when they run, and what a failure does."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.core.errors import StoreUnavailableError
from chatd.daemon.periodic import PeriodicTasks


@pytest.fixture
def clock():
    """Return a clock that only tests advance."""
    return Clock()


class RecordedTask:
    """A task that counts its runs, then raises `error` or waits for `blocker`."""

    def __init__(self, error=None, blocker=None):
        self.runs = 0
        self.error = error
        self.blocker = blocker

    async def __call__(self):
        self.runs += 1
        if self.error is not None:
            raise self.error
        if self.blocker is not None:
            await self.blocker


def test_tasks_run_at_the_start_and_at_each_interval(clock):
    """The first run comes at once, each further run an interval later, until `stop`."""
    task = RecordedTask()
    tasks = PeriodicTasks(clock, 10.0, task)
    assert task.runs == 0
    tasks.start()
    assert task.runs == 1
    clock.advance(9.9)
    assert task.runs == 1
    clock.advance(0.1)
    assert task.runs == 2
    tasks.stop()
    clock.advance(100.0)
    assert task.runs == 2
    assert not clock.getDelayedCalls()


def test_a_failing_task_does_not_stop_the_others(clock, capture_log):
    """The failure is logged; the tasks behind it run, and it runs again itself."""
    failing, task = RecordedTask(error=ZeroDivisionError()), RecordedTask()
    PeriodicTasks(clock, 10.0, failing, task).start()
    clock.advance(10.0)
    assert (failing.runs, task.runs) == (2, 2)
    assert [line.startswith("A periodic task failed") for line in capture_log()] == [True, True]


def test_an_unavailable_store_is_not_logged_here(clock, capture_log):
    """The history writer logs that already."""
    failing, task = RecordedTask(error=StoreUnavailableError("gone")), RecordedTask()
    PeriodicTasks(clock, 10.0, failing, task).start()
    assert task.runs == 1
    assert capture_log() == []


def test_a_slow_run_delays_the_next_one(clock):
    """Two runs never overlap."""
    task = RecordedTask(blocker=Deferred())
    PeriodicTasks(clock, 10.0, task).start()
    clock.advance(25.0)
    assert task.runs == 1
    blocker, task.blocker = task.blocker, None
    blocker.callback(None)
    clock.advance(5.0)
    assert task.runs == 2


def test_stop_cancels_the_run_in_progress(clock, capture_log):
    """The task is cancelled, the tasks behind it do not run, and nothing is logged."""
    cancelled = []
    blocked, task = RecordedTask(blocker=Deferred(cancelled.append)), RecordedTask()
    tasks = PeriodicTasks(clock, 10.0, blocked, task)
    tasks.start()
    tasks.stop()
    assert cancelled == [blocked.blocker]
    assert task.runs == 0
    assert capture_log() == []
    assert not clock.getDelayedCalls()


def test_stop_before_start(clock):
    """A server that could not start stops what it has not started."""
    PeriodicTasks(clock, 10.0, RecordedTask()).stop()
