"""The table of commands, what counts as a query, and what the trace shows of a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.server.irc.commands import COMMANDS, is_query, masked

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"WHO #tea", True),
        (b"@label=1 who #tea", True),
        (b"@a=" + b"b" * 2000 + b" PING x", True),
        (b":ann WHOIS bob", True),
        (b"MODE #tea", True),
        (b"MODE #tea b", True),
        (b"MODE #tea +b", True),
        (b"MODE #tea +m", False),
        (b"PRIVMSG #tea :WHO", False),
        (b"JOIN #tea", False),
        (b"FOO", False),
        (b"", False),
        (b"@a", False),
    ],
)
def test_queries(line, expected):
    """A query is known by its command, whatever comes before that."""
    assert is_query(line) is expected


@given(st.binary(max_size=700))
def test_any_bytes(data):
    """No line makes the two functions fail."""
    assert is_query(data) in {True, False}
    assert isinstance(masked(data.decode(errors="replace")), str)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("PING x", "PING x"),
        ("", ""),
        ("PRIVMSG #tea :hi", "PRIVMSG #tea :hi"),
        ("PRIVMSG bob :hi", "PRIVMSG bob …"),
        ("privmsg nickserv :identify x", "PRIVMSG nickserv ********"),
        ("PASS ann:x", "PASS ********"),
        ("JOIN #tea,#den x,y", "JOIN #tea,#den ********"),
        ("JOIN #tea", "JOIN #tea"),
        ("MODE #tea +b x!*@*", "MODE #tea +b x!*@*"),
        ("MODE #tea +k x", "MODE #tea +k ********"),
        ("MODE #tea -l +k x", "MODE #tea -l +k ********"),
        ("REGISTER * * x", "REGISTER * ********"),
        ("NS identify x", "NS …"),
        ("ADMIN ban x", "ADMIN ban …"),
        ("PASS\tann:x", "…"),
        ("pass\tann:x y", "… …"),
        ("@PASS", "…"),
        ("x" * 21, "…"),
    ],
)
def test_what_the_trace_shows(line, shown):
    """Passwords, keys and what is private are left out."""
    assert masked(line) == shown


_SECRET = "s3cr3t-Q"
_STARTS = [
    *("PASS ", "AUTHENTICATE ", "OPER ann ", "REGISTER * * ", "REGISTER ann ", "JOIN #a "),
    *("JOIN #a,#b x,", "MODE #a +k ", "MODE #a -o+k bob ", "MODE #a +l 5 +k ", "PRIVMSG bob "),
    *("NOTICE bob,eve ", "PRIVMSG #a,bob :", "PRIVMSG NickServ :identify ", "NS identify "),
    *("@+draft/reply=x PRIVMSG bob :", "ADMIN ban ", "@+draft/react="),
]


@given(st.sampled_from(_STARTS), st.sampled_from(["", " ", ":x "]), _TEXTS, st.booleans())
def test_no_secret_is_shown(start, before, after, is_lower):
    """A secret is not shown, whatever surrounds it."""
    after = after.replace("\n", " ").replace("\r", " ")
    line = f"{before}{start.lower() if is_lower else start}{_SECRET}"
    if "react" in start:
        line = f"{start}{_SECRET} TAGMSG bob"
    assert _SECRET not in masked(f"{line} {after}")


def test_the_table():
    """A command before the welcome needs no user, and every query costs at least one."""
    assert {"NICK", "USER", "PASS", "CAP", "QUIT", "PING"} <= {
        name for name, command in COMMANDS.items() if command.before_registration
    }
    assert all(name == name.upper() and each.cost >= 1 for name, each in COMMANDS.items())
