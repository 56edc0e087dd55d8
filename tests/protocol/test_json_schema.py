"""The declared objects: complete, and described in the documentation."""

from pathlib import Path
from typing import get_args

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.events import DisconnectReason, Event, JoinsFolded, Kicked, MessageBatch, Moved
from chatd.protocol import received
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.json_schema import EVENTS, RESULTS

DOCUMENTATION = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def test_every_event_is_declared():
    """A client can read every event and every reply.

    Three events are written as several others, and one is for text alone.
    """
    other_events = {MessageBatch, Kicked, Moved, JoinsFolded}
    kinds = {*get_args(Event), *get_args(received.Reply)} - other_events
    assert {shape.kind for shape in EVENTS} == kinds


def test_names_are_unique():
    """An object is told from others by its `event`, a reply by its `command`."""
    names = [shape.event for shape in EVENTS]
    commands = [shape.kind.command for shape in RESULTS]
    assert len(names) == len(set(names))
    assert len(commands) == len(set(commands))


@pytest.mark.parametrize("event", [shape.event for shape in EVENTS])
def test_every_event_is_documented(event):
    """docs/protocol.md has an example of each event."""
    assert f'{{"event":"{event}"' in DOCUMENTATION


CONSOLE_CODES = {
    ErrorCode.BAD_ADDRESS,
    ErrorCode.BANNED,
    ErrorCode.LOCAL_ADDRESS,
    ErrorCode.NETWORK_TOO_LARGE,
    ErrorCode.NOT_BANNED,
    ErrorCode.NOT_MUTED,
    ErrorCode.NO_SUCH_ACCOUNT,
}
"""Codes of errors that only the administrator reads; a client that is banned is disconnected."""


@pytest.mark.parametrize("code", sorted(set(ErrorCode) - CONSOLE_CODES))
def test_every_error_code_is_documented(code):
    """docs/protocol.md has a line for each code of an error that a client can get."""
    assert f"| `{code}` |" in DOCUMENTATION


@pytest.mark.parametrize("reason", DisconnectReason)
def test_every_closing_code_is_documented(reason):
    """docs/protocol.md names the codes of `closing`."""
    assert f"`{reason.code}`" in DOCUMENTATION


@pytest.mark.parametrize("command", CLIENT_COMMANDS)
def test_every_command_is_documented(command):
    """docs/protocol.md names each command."""
    assert f"`{command}" in DOCUMENTATION
