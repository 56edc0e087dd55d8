"""Spec section 3: text that is safe to print, and lines that are safe to log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.sanitize import UNPRINTABLE, escape_line, sanitize, translator


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain text, äöü 😄", "plain text, äöü 😄"),
        ("a\x1b[31mred", "a[31mred"),
        ("bell\x07 nul\x00 del\x7f c1\x9b", "bell nul del c1"),
        ("tab\tand\nnewline", "tab\tand\nnewline"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "ab"),
        ("a\u2028b\u2029c\x85d", "a\nb\nc\nd"),
        ("\u202egnp.exe\u2066x\u2069", "gnp.exex"),
    ],
)
def test_sanitize(text, cleaned):
    """Characters that move a cursor or reverse text are removed; all newlines become one kind."""
    assert sanitize(text) == cleaned


@given(st.text())
def test_sanitize_is_final(text):
    """A second time changes nothing."""
    assert sanitize(sanitize(text)) == sanitize(text)


@given(st.text())
def test_escaped_is_one_printable_line(text):
    """Any text of a user is one line in the log."""
    line = escape_line(text)
    assert len(line.splitlines()) <= 1
    assert sanitize(line) == line
    line.encode()


def test_escape_shows_what_was_there():
    """An operator reads which characters were there."""
    assert escape_line("a\nb\x1b[0m\u202e") == "a\\nb\\x1b[0m\\u202e"


@given(st.text(st.sampled_from("ab\u00a0\ufeff\u200d\n\x01\x02\u202e")))
def test_translator_does_what_translate_does(text):
    """Runs of characters, printable or not, are translated as `str.translate` does it."""
    table = {0x01: None, 0x02: "[2]", 0x202E: "x"}
    assert translator(table)(text) == text.translate(table)


class Untranslatable(str):
    """A text that fails if all of it is translated."""

    __slots__ = ()

    def translate(self, _):
        """Fail."""
        raise AssertionError("each character is translated")


@pytest.mark.parametrize("mark", ["\u00a0", "\ufeff", "\u00ad", "\u200d", "\n", "\x01"])
def test_only_what_has_to_be_is_translated(mark):
    """A character that is not printable, as in ordinary talk, does not slow down all the others."""
    translate = translator(dict.fromkeys(UNPRINTABLE, "?"))
    assert len(translate(Untranslatable(f"talk{mark}talk"))) == len("talk.talk")
