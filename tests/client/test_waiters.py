"""Waiting for an event, and for how long."""

import pytest
from twisted.internet.task import Clock

from chatd.client.waiters import IdleTimer, Waiters


@pytest.fixture
def clock():
    """Return a clock."""
    return Clock()


@pytest.fixture
def calls():
    """Return the list of the calls of the timer."""
    return []


@pytest.fixture
def timer(clock, calls):
    """Return a timer of 10 seconds that is started."""
    timer = IdleTimer(clock, 10, lambda: calls.append(clock.seconds()))
    timer.start()
    return timer


def test_waiters():
    """An event fires all Deferreds that wait for it, once."""
    waiters = Waiters()
    first, second = waiters.wait(), waiters.wait()
    waiters.fire(True)
    assert first.result is second.result is True
    third = waiters.wait()
    assert not third.called
    waiters.fire(False)
    assert third.result is False


def test_waiters_that_wait_again():
    """A Deferred that is made while an event fires waits for the next one."""
    waiters = Waiters()
    again = []
    waiters.wait().addCallback(lambda _: again.append(waiters.wait()))
    waiters.fire(None)
    assert not again[0].called


@pytest.mark.usefixtures("timer")
def test_idle(clock, calls):
    """The timer calls once, after its time."""
    clock.advance(9)
    assert calls == []
    clock.advance(1)
    clock.advance(100)
    assert calls == [10]


def test_reset(timer, clock, calls):
    """The time counts from the last event."""
    clock.advance(9)
    timer.reset()
    clock.advance(9)
    assert calls == []
    clock.advance(1)
    assert calls == [19]


def test_started_again(timer, clock, calls):
    """A timer that is started again calls once."""
    clock.advance(5)
    timer.start()
    clock.pump([5, 5, 5])
    assert calls == [15]


def test_stopped(timer, clock, calls):
    """A timer that is stopped does not call, and an event does not start it."""
    timer.stop()
    timer.stop()
    timer.reset()
    clock.advance(100)
    assert calls == []
    assert clock.getDelayedCalls() == []
