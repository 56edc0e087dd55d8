"""Fixtures of the tests of the world."""

import pytest

from tests.core.world.club import Club
from tests.core.world.harness import WorldHarness


@pytest.fixture
def harness():
    """Return a world with the rooms 1, 2 and 3."""
    harness = WorldHarness()
    harness.start("1", "2", "3")
    return harness


@pytest.fixture
def club():
    """Return a world with a room in which there is a user of each rank."""
    return Club()


@pytest.fixture
def ann(harness):
    """Return the session of the guest Ann in room 1."""
    return harness.guest("Ann", "1")


@pytest.fixture
def room(harness):
    """Return room 1."""
    return harness.world.rooms.by_key("1")
