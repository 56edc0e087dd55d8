"""Command mode on a terminal: what differs from a pipe."""

import pytest

from chatd.client.ui.terminal_mode import TerminalMode


@pytest.fixture
def frontend():
    """Return the frontend with a connection, before the first join."""
    frontend = TerminalMode()
    frontend.connected()
    return frontend


def test_command(frontend):
    """A command is sent as in command mode."""
    (send,) = frontend.typed("`list")
    assert send.request.command == "list"
