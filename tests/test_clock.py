"""Clocks: the reactor of a program waits by the monotonic clock."""

import time

import pytest
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.pollreactor import PollReactor
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import Clock, LoopingCall

from chatd.clock import steady_time, use_monotonic_time


class IdleReactor(ReactorBase):
    """A reactor without descriptors; `wait` runs the calls that are due."""

    def installWaker(self):
        """Do nothing."""

    wait = ReactorBase.runUntilCurrent


@pytest.fixture
def seconds(monkeypatch):
    """Return the times that the monotonic clock returns: the last one of a list."""
    times = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: times[-1])
    return times


@pytest.fixture
def reactor(seconds):  # noqa: ARG001 -- the reactor waits by it
    """Return a reactor that waits by the monotonic clock."""
    reactor = IdleReactor()
    use_monotonic_time(reactor)
    return reactor


def test_everything_that_waits(reactor, seconds):
    """Calls, calls that are delayed further, loops and timeouts all read the monotonic clock."""
    called = []
    reactor.callLater(5, called.append, "call")
    reactor.callLater(1, called.append, "reset").reset(5)
    reactor.callLater(1, called.append, "delayed").delay(4)
    loop = LoopingCall(called.append, "loop")
    loop.clock = reactor
    loop.start(5, now=False)
    Deferred().addTimeout(5, reactor).addErrback(lambda _: called.append("timeout"))
    assert reactor.timeout() == 5
    seconds.append(1004.9)
    reactor.wait()
    assert called == []
    assert reactor.timeout() == pytest.approx(0.1)
    seconds.append(1005.0)
    reactor.wait()
    assert sorted(called) == ["call", "delayed", "loop", "reset", "timeout"]


@pytest.mark.parametrize("kind", [EPollReactor, PollReactor, SelectReactor, AsyncioSelectorReactor])
def test_every_reactor(kind):
    """Each of Twisted's reactors has the time and the timers of the base class."""
    for name in ("seconds", "timeout", "runUntilCurrent"):
        assert getattr(kind, name) is getattr(ReactorBase, name)


def test_steady_time():
    """It begins at the wall time, and passes as the clock does."""
    clock, wall = Clock(), [5e8]
    clock.advance(7)
    now = steady_time(clock, lambda: wall[0])
    wall[0] += 3600
    clock.advance(10)
    assert now() == 5e8 + 10
