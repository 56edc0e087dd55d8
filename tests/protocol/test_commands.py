"""The table of the commands of clients."""

import pytest

from chatd.core.errors import ChatError
from chatd.protocol.command import MASK, ON_OFF, PASSWORD_MASK, table
from chatd.protocol.commands import CLIENT_COMMANDS


@pytest.mark.parametrize("command", CLIENT_COMMANDS.values(), ids=CLIENT_COMMANDS)
def test_optional_parameters_come_last(command):
    """No parameter that is required can stand behind an optional one."""
    optional = [parameter.optional for parameter in command.typed]
    assert optional == sorted(optional)


def test_the_table_is_by_name():
    """Each command is found by its own name."""
    assert table(*CLIENT_COMMANDS.values()) == CLIENT_COMMANDS


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("kick Bob", {"chatter_name": "Bob"}),
        ("kick Bob bad words", {"chatter_name": "Bob", "reason": "bad words"}),
        ("mute Bob 5", {"chatter_name": "Bob", "minutes": "5"}),
        ("ban Bob", {"chatter_name": "Bob"}),
        ("ban Bob 5 bad words", {"chatter_name": "Bob", "minutes": "5", "reason": "bad words"}),
        ("ban Bob bad words", {"chatter_name": "Bob", "reason": "bad words"}),
        ("topic laps and lanes", {"text": "laps and lanes"}),
        ("private on", {"private": "on"}),
        ("private", {}),
        ("limit off", {"limit": "off"}),
        ("delete 7", {"id": "7"}),
        ("join 1 Ann fish", {"chatroom_id": "1", "chatter_name": "Ann", "key": "fish"}),
        ("search tea #before:7", {"words": "tea", "before": "7"}),
        ("end 1", {"chatroom_id": "1"}),
    ],
)
def test_typed(words, arguments):
    """The parameters are those that a user types, in the order of the usage."""
    name, _, rest = words.partition(" ")
    command = CLIENT_COMMANDS[name]
    assert command.check_typed(command.split(rest)) == arguments


@pytest.mark.parametrize(
    "words",
    [
        "kick",
        "op Bob Dan",
        "mute Bob soon",
        "private maybe",
        "limit many",
        "key two words",
        "delete it",
        "search #before:7",
        "search tea #before:x",
    ],
)
def test_refused(words):
    """A parameter that is missing or not allowed gets the usage."""
    name, _, rest = words.partition(" ")
    command = CLIENT_COMMANDS[name]
    with pytest.raises(ChatError) as refused:
        command.check_typed(command.split(rest))
    assert refused.value.params == {"usage": command.usage}


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("join", "join <chatroom_id> <chatter_name>"),
        ("kick", "kick <chatter_name> [reason]"),
        ("mute", "mute <chatter_name> [minutes]"),
        ("ban", "ban <chatter_name> [minutes] [reason]"),
        ("open-topic", "open-topic [on|off]"),
        ("key", "key [word|off]"),
        ("limit", "limit [number|off]"),
        ("history", "history [limit] [before <id>]"),
        ("search", "search <words> [#before:<id>]"),
    ],
)
def test_usage(name, usage):
    """The usage shows each parameter as it is typed."""
    assert CLIENT_COMMANDS[name].usage == usage


@pytest.mark.parametrize(
    ("name", "parameter", "mask"),
    [
        ("join", "key", PASSWORD_MASK),
        ("enter", "key", PASSWORD_MASK),
        ("key", "key", PASSWORD_MASK),
        ("login", "password", PASSWORD_MASK),
        ("secret", "message", MASK),
    ],
)
def test_masks(name, parameter, mask):
    """The trace shows no key, password or private message."""
    assert CLIENT_COMMANDS[name].mask({parameter: "fish"}) == {parameter: mask}


def test_rooms_in_json():
    """A program can name the room of each command that a user types in the current one."""
    current = {
        command.name
        for command in CLIENT_COMMANDS.values()
        if "current chat room" in command.summary and "chatroom_id" not in command.usage
    }
    named = {
        command.name
        for command in CLIENT_COMMANDS.values()
        if any(parameter.name == "chatroom_id" for parameter in command.parameters)
    }
    assert current <= named


def test_switches():
    """All settings that are turned on and off take the same words."""
    for name in ("private", "invite-only", "unlisted", "moderated", "open-topic"):
        parameter = CLIENT_COMMANDS[name].parameters[0]
        assert (parameter.name, parameter.choices) == (name, ON_OFF)
