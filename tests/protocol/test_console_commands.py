"""The table of the commands of the console."""

import pytest

from chatd.protocol.console_commands import CONSOLE_COMMANDS


@pytest.mark.parametrize("command", CONSOLE_COMMANDS.values(), ids=CONSOLE_COMMANDS)
def test_optional_parameters_come_last(command):
    """No parameter that is required can stand behind an optional one."""
    optional = [parameter.optional for parameter in command.typed]
    assert optional == sorted(optional)


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("kick", "kick <chatter_name> <chatroom_id>"),
        ("mute", "mute <chatter_name> <chatroom_id> [minutes]"),
        ("op", "op <chatter_name> <chatroom_id>"),
        ("deop", "deop <chatter_name> <chatroom_id>"),
        ("ban", "ban <name_or_address> [minutes] [reason]"),
    ],
)
def test_usage(name, usage):
    """A user is named before the room; bans are those of the server."""
    assert CONSOLE_COMMANDS[name].usage == usage


def test_everything_can_be_typed():
    """No command of the console, and no parameter of one, is for programs alone."""
    for command in CONSOLE_COMMANDS.values():
        assert not command.json_only
        assert command.typed == command.parameters
