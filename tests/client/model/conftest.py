"""Command mode for Alice, as the tests of sessions use it."""

import pytest

from chatd.client.ui.command_mode import CommandMode
from chatd.protocol.received import Ok
from tests.client.model.replies import bob, join, resumed


@pytest.fixture
def frontend():
    """Return command mode for Alice in room 1, whose newest message is 5."""
    frontend = CommandMode()
    frontend.connected("token 1")
    frontend.handle(join(last=5))
    return frontend


@pytest.fixture
def away(frontend):
    """Return command mode after a lost connection: it has its name, and no room yet."""
    frontend.handle(bob(6))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    frontend.handle(resumed())
    return frontend


@pytest.fixture
def account(frontend):
    """Return command mode for a user who was logged in, and whose session is being resumed."""
    frontend.handle(Ok("logout", "Bye, Alice", None, {"name": "Alice"}))
    frontend.handle(Ok("login", "Welcome back", None, {"name": "Alice"}))
    frontend.handle(join(last=5))
    frontend.disconnected(reconnecting=True)
    frontend.connected("token 2")
    return frontend
