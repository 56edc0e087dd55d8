"""Callers that wait for one event."""

import pytest

from chatd.waiters import Waiters


def outcomes(*waiting):
    """Return the list that gets the results and errors of Deferreds."""
    reached = []
    for deferred in waiting:
        deferred.addCallbacks(reached.append, lambda failure: reached.append(failure.value))
    return reached


def test_all_waiters_fire():
    """All that wait get the value, once."""
    waiters = Waiters()
    reached = outcomes(waiters.wait(), waiters.wait())
    waiters.fire(7)
    waiters.fire(8)
    assert reached == [7, 7]


def test_all_waiters_fail():
    """All that wait get the error."""
    waiters, error = Waiters(), ValueError("no")
    reached = outcomes(waiters.wait(), waiters.wait())
    waiters.fail(error)
    assert reached == [error, error]


def test_a_caller_that_waits_again():
    """A caller that waits again when its Deferred fires waits for the next event."""
    waiters = Waiters()
    reached = []
    waiters.wait().addCallback(lambda _: waiters.wait().addCallback(reached.append))
    waiters.fire(1)
    assert reached == []
    waiters.fire(2)
    assert reached == [2]


@pytest.mark.parametrize("taken_first", [True, False])
def test_take(taken_first):
    """Those taken wait for another event than those that come later."""
    waiters = Waiters()
    early = outcomes(waiters.wait())
    taken = waiters.take()
    late = outcomes(waiters.wait())
    for group in (taken, waiters) if taken_first else (waiters, taken):
        group.fire(group is taken)
    assert (early, late) == ([True], [False])
