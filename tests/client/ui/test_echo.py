"""The lines that stay on a terminal for what was typed."""

import pytest

from chatd.client.ui.frontend import Address
from chatd.client.ui.terminal_mode import TerminalMode
from tests.client.ui.frontends import join


@pytest.fixture
def frontend():
    """Return a frontend that is in the room `tea` as Ann."""
    frontend = TerminalMode()
    frontend.start(Address("localhost", 9999))
    frontend.connected()
    return join(frontend, "tea")


def echoes(frontend, line):
    """Type a line; return its echoes as they are shown."""
    return [each.text for each in frontend.entered(line) if getattr(each, "echo", False)]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("hello", "{name}: hello"),
        ("two\nlines", "{name}: two\n  lines"),
        ("/me waves", "* {name} waves"),
        ("`secret Bob psst", "{name} (secret to Bob): psst"),
        ("/list", "😄 :> `list"),
        ("`history 5", "😄 :> `history 5"),
        ("quit", "😄 :> quit"),  # the client asks whether it is a command
        ("/foo", "😄 :> /foo"),
    ],
)
def test_echo(frontend, line, shown):
    """A message is shown as others read it, another line with its prompt."""
    assert echoes(frontend, line) == [shown.format(name=frontend.state.name)]


@pytest.mark.parametrize("line", ["", "  ", "/foo bar", "login ann password", "/identify word"])
def test_no_echo(frontend, line):
    """A line that stays in the input has no echo, nor has one that may have a password."""
    assert echoes(frontend, line) == []


@pytest.mark.parametrize(
    "line", ["/password old-word new-word", "`login ann secret-word", "/join a Ann word"]
)
def test_passwords_are_masked(frontend, line):
    """Typed passwords do not stay on the screen."""
    (shown,) = echoes(frontend, line)
    assert "word" not in shown.replace("password", "")
    assert "********" in shown


def test_answers_have_no_echo(frontend):
    """A password that the client asks for is not shown."""
    frontend.entered("`login ann")
    assert echoes(frontend, "secret-word") == []
    assert frontend.prompt.text == "😄 :> "


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("/me waves\n/me smiles", ["* {name} waves", "* {name} smiles"]),
        ("/me waves\n/list", ["😄 :> `me waves\n  `list"]),
    ],
)
def test_several_commands(frontend, line, shown):
    """None of several commands that are pasted together is missing."""
    assert echoes(frontend, line) == [each.format(name=frontend.state.name) for each in shown]


def test_room_tag(frontend):
    """A user in several rooms sees where a message went."""
    frontend = join(frontend, "sports")
    (shown,) = echoes(frontend, "hello")
    assert shown == f"[sports] {frontend.state.name}: hello"
