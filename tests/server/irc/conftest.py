"""A server with an IRC port."""

import pytest

from chatd.config import Irc
from chatd.testing import MemoryServer


@pytest.fixture
def server():
    """Return a server with an IRC port that is called `irc.test`."""
    return MemoryServer(irc=Irc(name="irc.test"), clock_offset=1_795_186_276.0)
