"""The names that sessions watch."""

import pytest

from chatd.server.irc.monitor import Monitor

ONE, TWO = "session one", "session two"
"""Sessions: the list uses nothing of them."""


@pytest.fixture
def monitor():
    """Return the list of two sessions."""
    monitor = Monitor()
    monitor.add(ONE, "Ann", 10)
    monitor.add(TWO, "Bob", 10)
    monitor.add(TWO, "ann", 10)
    return monitor


def test_watchers(monitor):
    """A name is watched in all spellings that count as the same."""
    for name in ("Ann", "ANN", "аnn"):  # the last one begins with a Cyrillic letter
        assert monitor.watchers(name) == (ONE, TWO)
    assert monitor.watchers("bob") == monitor.watchers("B0b") == (TWO,)
    assert monitor.watchers("Zoe") == monitor.watchers("x" * 1000) == ()


def test_names_that_count_as_the_same_are_one(monitor):
    """The last spelling is listed."""
    monitor.add(ONE, "аNN", 10)
    assert monitor.names(ONE) == ["аNN"]
    monitor.remove(ONE, "ann")
    assert (monitor.names(ONE), monitor.watchers("Ann")) == ([], (TWO,))


def test_the_limit(monitor):
    """A name that counts as the same as a watched one takes the place of that."""
    assert not monitor.add(TWO, "Zoe", 2)
    assert monitor.add(TWO, "BOB", 2)
    assert monitor.names(TWO) == ["ann", "BOB"]
    assert monitor.add(TWO, "Zoe", 3)
    assert monitor.watchers("zoe") == (TWO,)


def test_a_name_that_looks_like_two(monitor):
    """A name is watched as long as one that counts as the same is there."""
    for name in ("Bеn", "Ben"):  # with a Cyrillic letter, and without
        monitor.add(ONE, name, 10)
    assert monitor.names(ONE) == ["Ann", "Ben"]
    monitor.remove(ONE, "Ann")
    assert monitor.watchers("BEN") == (ONE,)


def test_remove_and_clear(monitor):
    """Nothing is left of a session that watches nothing."""
    monitor.remove(TWO, "Zoe")
    monitor.remove("nobody", "Ann")
    monitor.remove(TWO, "ANN")
    assert monitor.names(TWO) == ["Bob"]
    monitor.clear(TWO)
    monitor.clear(TWO)
    monitor.clear(ONE)
    assert (monitor._names, monitor._sessions) == ({}, {})


def test_a_text_that_is_no_name(monitor):
    """It is listed and removed as any other, though no user has it."""
    monitor.add(ONE, "y" * 99, 10)
    assert monitor.names(ONE) == ["Ann", "y" * 99]
    assert monitor.watchers("y" * 99) == (ONE,)
    monitor.remove(ONE, "y" * 99)
    assert monitor.names(ONE) == ["Ann"]
