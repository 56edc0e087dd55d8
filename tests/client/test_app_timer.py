"""The timer that ends the wait for a silent server."""

import pytest
from twisted.internet.task import Clock

from chatd.client.app import IdleTimer


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
