"""How typed lines are understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.client.ui.commands import LINE_COMMANDS
from chatd.client.ui.typed import (
    LOGIN_WORDS,
    Confirm,
    Refused,
    Run,
    Say,
    may_be_kept,
    may_be_stored,
    understand,
)

LIST = Run(("`list",))


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("hello", Say("hello")),
        ("//shrug", Say("/shrug")),
        (" `code`", Say("`code`")),
        (" /me too", Say("/me too")),
        ("`list", LIST),
        ("/list", LIST),
        ("/join tea", Run(("`join tea",))),
        ("/login ann pw", Run(("`login ann pw",))),
        ("`register ann pw", Run(("`register ann pw",))),
        ("/foo bar", Refused("Unknown command /foo. To say it, begin with a blank.")),
        ("quit", Confirm("Did you mean `quit? Press Enter again to say it.")),
        ("quit it", Say("quit it")),
        (" list ", Confirm("Did you mean `list? Press Enter again to say it.")),
        ("resume", Say("resume")),
        ("", Say("")),
    ],
)
def test_understand(line, typed):
    """A line is a command with a backtick or a slash, else a message."""
    assert understand(line) == typed


@pytest.mark.parametrize(
    "line",
    [
        "login ann pw",
        "/identify pw",
        "/msg NickServ identify pw",
        "identify pw",
        " /login ann pw",
        "`secret NickServ identify pw",
        "hi\nlogin ann pw",
    ],
)
def test_login_is_not_said(line):
    """A line that looks like a login is sent to nobody, nor kept."""
    assert understand(line) == Refused(LOGIN_WORDS, restores=False)
    assert understand(line, line) == Refused(LOGIN_WORDS, restores=False)
    assert not may_be_kept(line)


def test_confirmed():
    """The same line typed again is a message; another word is asked about again."""
    assert understand("quit", "quit") == Say("quit")
    assert understand("", "quit") == Say("quit")
    assert isinstance(understand("list", "quit"), Confirm)


def test_several_lines():
    """Several lines are commands if all are; otherwise they are one message."""
    assert understand("/list\n`quit\n") == Run(("`list", "`quit"))
    assert understand("/list\nhello") == Say("/list\nhello")
    assert understand("/usr/bin\n/etc") == Say("/usr/bin\n/etc")
    assert understand("one\ntwo") == Say("one\ntwo")


def test_too_long():
    """A message above the limit, in bytes, is refused with its length and stays in the input."""
    assert understand("ää", limit=4) == Say("ää")
    words = "Not sent: the message has 6 bytes, and at most 4 are allowed."
    assert understand("äää", limit=4) == Refused(words)


def test_may_be_kept():
    """Misspelt commands are not kept, as they may contain a password."""
    assert may_be_kept("hello\nthere")
    assert may_be_kept("/join tea")
    assert not may_be_kept("/logn ann pw")
    assert not may_be_kept("`regster ann pw")
    assert not may_be_kept("`login ann")


def test_may_be_stored():
    """A file gets no private message, no password and no key of a room."""
    assert may_be_stored("hello")
    assert may_be_stored("/join tea Ann")
    assert may_be_stored("`enter tea")
    assert may_be_stored("/key")
    assert not may_be_stored("/key fish")
    assert not may_be_stored("/join tea Ann word")
    assert not may_be_stored("`secret Bob psst")
    assert not may_be_stored("/secret Bob psst")
    assert not may_be_stored("`login ann pw")
    assert not may_be_stored("`list\n`secret Bob psst")


LINES = st.text(st.sampled_from("`/ \nabq") | st.characters(), max_size=20)
PREFIXES = st.sampled_from(["", "/", "`", " ", *LINE_COMMANDS, "login ", "/msg nickserv "])


@given(PREFIXES, LINES)
def test_any_line(prefix, line):
    """A line is never changed on its way to a room, and only commands are run."""
    line = prefix + line
    match understand(line, limit=30):
        case Say(text):
            assert text == line
            assert len(text.encode(errors="replace")) <= 30
            assert not text.startswith(("/", "`")) or len(text.splitlines()) > 1
        case Run(lines):
            assert lines
            assert all(each.startswith("`") and "\n" not in each for each in lines)
        case Confirm(words) | Refused(words):
            assert words


TYPED_COMMANDS = sorted(name for name, each in LINE_COMMANDS.items() if not each.json_only)


@given(st.sampled_from(TYPED_COMMANDS), LINES)
def test_slash_is_a_backtick(name, rest):
    """A known command means the same with a slash and with a backtick."""
    rest = " ".join(rest.split())
    assert understand(f"/{name} {rest}") == understand(f"`{name} {rest}")
