"""The commands that a user can type, and the questions about missing passwords."""

import pytest

from chatd.client.ui.commands import LINE_COMMANDS, has_password, question
from chatd.client.ui.frontend import Prompt
from chatd.protocol.command import Request
from chatd.protocol.commands import CLIENT_COMMANDS


def test_commands():
    """A user can type the commands of the server except `format`, and those of the client."""
    local = {"connect", "disconnect"}
    assert LINE_COMMANDS.keys() == CLIENT_COMMANDS.keys() - {"format"} | local
    assert "rename" in LINE_COMMANDS


@pytest.mark.parametrize(
    ("name", "asks"), [("login", True), ("register", True), ("password", True), ("join", False)]
)
def test_help_on_passwords(name, asks):
    """The help of a command with passwords says that missing ones are asked for."""
    assert ("asked for" in LINE_COMMANDS[name].summary) is asks


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "",
        "`",
        "`list",
        "`foo",
        "`login",
        "`login alice pw",
        "`password a b",
        "`rename",
        "`join 1 Ann",
        "`key",
        "login alice",
    ],
)
def test_no_question(line):
    """Nothing is asked about a complete line, or where more than passwords is missing."""
    assert question(line) is None


def test_question():
    """The answer to a question completes the request."""
    asked = question("`login alice")
    assert asked.prompt == Prompt("Enter password: ", hidden=True)
    arguments = {"username": "alice", "password": " pass word "}
    assert asked.answer(" pass word \r\n") == Request("login", arguments)


def test_two_questions():
    """Each missing password is asked for."""
    asked = question("`password")
    assert asked.prompt.text == "Enter old password: "
    assert asked.answer("a") is None
    assert asked.prompt.text == "Enter new password: "
    assert asked.answer("b") == Request("password", {"old_password": "a", "new_password": "b"})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("`login alice pw", True),
        ("`password a b", True),
        ("`join 1 Ann", False),
        ("`join 1 Ann word", True),
        ("/enter 1 - word", True),
        ("`key", False),
        ("/key word", True),
        ("/foo word", False),
        ("my password is a secret", False),
        ("", False),
    ],
)
def test_has_password(line, expected):
    """Only a command about passwords has them."""
    assert has_password(line) is expected


@pytest.mark.parametrize("line", ["`lgoin alice pw", " `login alice pw", " `pasword a b", "`"])
def test_misspelt_command_may_have_a_password(line):
    """A line that may be a misspelt command with a password counts as one."""
    assert has_password(line)
    assert has_password(f"`list\n{line}")
    assert not has_password("`list\nhello `login")
