"""What the tests of the whole server share."""

import pytest
from hypothesis import settings
from twisted.logger import eventAsText, globalLogPublisher

from chatd.testing import MemoryServer

# Times are not asserted, and a shared machine is slow at times.
settings.register_profile("chatd", deadline=None)
settings.load_profile("chatd")


@pytest.fixture
def server() -> MemoryServer:
    """Return a server in memory with the default options."""
    return MemoryServer()


@pytest.fixture
def capture_log():
    """Return a function that returns the lines logged so far, as section 6 of the spec has them."""
    lines = []

    def observe(event):
        if event["log_namespace"] == "chatd":
            lines.append(eventAsText(event, includeTimestamp=False, includeSystem=False))

    globalLogPublisher.addObserver(observe)
    yield lambda: lines
    globalLogPublisher.removeObserver(observe)
