"""Lines that are commands with a slash, and lines that look like a login."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.client.ui.commands import LINE_COMMANDS
from chatd.client.ui.slash import as_command, is_login


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/join tea", "`join tea"),
        ("/secret Bob hi", "`secret Bob hi"),
        ("/help", "`help"),
        ("`help", "`help"),
        ("hello /help", "hello /help"),
        (" /foo", " /foo"),
        ("", ""),
    ],
)
def test_commands(line, command):
    """A slash before a command becomes a backtick; other lines stay as they are."""
    assert as_command(line, LINE_COMMANDS) == command


@pytest.mark.parametrize("line", ["/foo", "/", "/foo bar", "/usr/bin is a directory", "/format x"])
def test_unknown_command(line):
    """A line with a slash and no command is refused, and the words say how to say it."""
    with pytest.raises(ValueError, match=r"^Unknown command /.*To say it, begin with a blank\.$"):
        as_command(line, LINE_COMMANDS)


@pytest.mark.parametrize(
    "line",
    [
        "/login ann secret",
        "/LOGIN",
        "`login ann secret",
        "`Login ann secret",
        " /login ann secret",
        "/identify secret",
        "/msg NickServ identify secret",
        "/msg nickserv@services identify secret",
        "`secret NickServ identify secret",
        "/ns identify secret",
        "/password old new",
        "login ann secret",
        "Identify secret",
        "register ann secret",
    ],
)
def test_logins(line):
    """A line that may contain a password is a login."""
    assert is_login(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  ",
        "login",
        "login fails for me since today",
        " login ann secret",
        "register your bicycles at the office",
        "/msg ann hi",
        "/join tea",
        "`secret ann nickserv is down",
        "I log in",
    ],
)
def test_messages(line):
    """Other lines are none; a blank in front lets a user say a short sentence."""
    assert not is_login(line)


@given(st.text())
def test_any_line(line):
    """Every line is a login or none, and a command, an unknown command or a message."""
    is_login(line)
    try:
        assert as_command(line, LINE_COMMANDS)[1:] == line[1:]
    except ValueError:
        assert line.startswith("/")
