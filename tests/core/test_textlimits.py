"""The limits of a message: bytes and lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.textlimits import MAX_LINES, TextLimits
from chatd.testing import MemoryServer

LONG = (ErrorCode.TOO_LONG, {"limit": 1000})
MANY = (ErrorCode.TOO_MANY_LINES, {"limit": MAX_LINES})


def refusal(call, *arguments):
    """Return the code and the parameters with which a call is refused, None if it is not."""
    try:
        call(*arguments)
    except ChatError as error:
        return error.code, error.params
    return None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("x" * 1000, None),
        ("x" * 1001, LONG),
        ("é" * 500, None),
        ("é" * 500 + "x", LONG),
        ("😄" * 250, None),
        ("😄" * 251, LONG),
        ("\n" * MAX_LINES, None),
        ("\n" * MAX_LINES + "x", MANY),
        ("x\n" * MAX_LINES, None),
        ("x\n" * MAX_LINES + "\n", MANY),
        ("\n" * 2000, MANY),
    ],
)
def test_check(text, expected):
    """A newline at the end begins no line; the lines are counted whatever the bytes."""
    assert refusal(TextLimits(1000).check, text) == expected


@given(st.text(max_size=120), st.integers(1, 500))
def test_short_texts_are_allowed(text, max_bytes):
    """They need not be looked at."""
    limits = TextLimits(max_bytes)
    if len(text) < limits.short:
        limits.check(text)


@given(st.lists(st.sampled_from(["x", "", "x" * 1001, "\n" * 101]), min_size=1))
def test_allowed(texts):
    """All before the first that is not allowed; if that is the first of all, it is refused."""
    limits = TextLimits(1000)
    fits = [refusal(limits.check, text) is None for text in texts]
    if fits[0]:
        allowed = texts if all(fits) else texts[: fits.index(False)]
        assert limits.allowed(texts) == allowed
    else:
        assert refusal(limits.allowed, texts) == refusal(limits.check, texts[0])


@pytest.mark.parametrize("typed", ["{}", "`say {}", "`me {}", "`broadcast 1 {}", "`secret Bob {}"])
def test_all_messages_are_limited(typed):
    """The sender reads why, and nobody anything of it."""
    server = MemoryServer(rooms=(("1", "tea"),), max_message=1000)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.read()
    too_long = ["Server: Message too long (at most 1000 bytes)."]
    assert ann.ask(typed.format("é" * 501)) == too_long
    many = ["Server: Too many lines (at most 100)."]
    assert ann.ask(typed.format("x\n" * 101)) == many
    assert bob.read() == []
    ann.ask(typed.format("é" * 500))
    ann.ask(typed.format("x\n" * 99 + "x"))
    assert len(bob.read()) == 2


def test_messages_that_come_together():
    """Those before one that is too long are said, it is refused, and those after it are said."""
    server = MemoryServer(rooms=(("1", "tea"),), max_message=1000)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.read()
    ann.send("one", "two", "x" * 1001, "three")
    assert ann.read() == ["Server: Message too long (at most 1000 bytes)."]
    assert bob.read() == ["Ann: one", "Ann: two", "Ann: three"]
