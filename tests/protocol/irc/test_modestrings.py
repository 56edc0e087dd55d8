"""The words of a MODE line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.protocol.irc.modestrings import BanSubject, ModeChange, ban_subject, parse_changes

MOST = 4


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], []),
        (["+"], []),
        (["m"], [ModeChange(True, "m")]),
        (["+m-i"], [ModeChange(True, "m"), ModeChange(False, "i")]),
        (["+ov-v", "a", "b", "c"], [
            ModeChange(True, "o", "a"), ModeChange(True, "v", "b"), ModeChange(False, "v", "c"),
        ]),
        (["+k", "two words"], [ModeChange(True, "k", "two words")]),
        (["+k", ""], [ModeChange(True, "k", "")]),
        (["-kl", "x"], [ModeChange(False, "k", "x"), ModeChange(False, "l")]),
        (["+l-l", "5"], [ModeChange(False, "l")]),
        (["+o"], [ModeChange(True, "o")]),
        (["b"], [ModeChange(True, "b")]),
        (["+bb", "a"], [ModeChange(True, "b", "a"), ModeChange(True, "b")]),
        (["+m-m+m"], [ModeChange(True, "m")]),
        (["+o-o", "a", "a"], [ModeChange(False, "o", "a")]),
        (["+ooooo", *"abcde"], [ModeChange(True, "o", nick) for nick in "abcd"]),
        (["+oooook", *"abcdef"], [ModeChange(True, "o", nick) for nick in "abcd"]),
        (["+m", "surplus"], [ModeChange(True, "m")]),
    ],
)  # fmt: skip
def test_parse_changes(words, expected):
    """Letters have the sign before them, and the parameters in their order."""
    assert parse_changes(words, MOST) == expected


@given(st.lists(st.text("+-ovqbklimnst?ö", max_size=30) | st.text(max_size=5), max_size=8))
def test_any_words(words):
    """There are few parameters, each one of the line; a setting is changed once."""
    changes = parse_changes(words, MOST)
    params = [change.param for change in changes if change.param is not None]
    assert len(params) <= MOST
    assert set(params) <= set(words[1:])
    settings = [change.mode for change in changes if change.mode not in "ovqb"]
    assert len(settings) == len(set(settings))
    assert all(change.mode in words[0] and change.mode not in "+-" for change in changes)


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("Bob", BanSubject("Bob", False)),
        ("Bob!*@*", BanSubject("Bob", False)),
        ("$a:bob", BanSubject("bob", True)),
        *(
            (mask, None)
            for mask in (
                *("", "!*@*", "*", "*!*@*", "b?b!*@*", "*!*@host", "Bob!bob@*", "Bob!*@host"),
                *("$a:", "$a:*", "$a:bob!*@*", "$r:x", "$a", "~a:bob", "a,b")[:5],
            )
        ),
    ],
)
def test_ban_subject(mask, expected):
    """A mask means one user or one account: there are no masks of hosts."""
    assert ban_subject(mask) == expected
