"""Fixtures of the tests of the world."""

import pytest

from tests.core.world.harness import WorldHarness


@pytest.fixture
def harness():
    """Return a world with the rooms 1, 2 and 3."""
    harness = WorldHarness()
    harness.start("1", "2", "3")
    return harness
