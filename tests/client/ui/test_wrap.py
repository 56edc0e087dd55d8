"""Lines that are wider than the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from chatd.client.ui.wrap import wrap


def joined(fragments):
    """Return the text of fragments."""
    return "".join(text for _, text in fragments)


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("short", ["short"]),
        ("0123456789", ["0123456789"]),
        ("Bob: hi   Server: no", ["Bob: hi   ", "  Server: ", "  no"]),
        ("Bob: 日本日本", ["Bob: ", "  日本日本"]),
        ("a\n0123456789A", ["a", "0123456789", "  A"]),
        ("ab cdefghijklmno", ["ab cdefghi", "  jklmno"]),
        ("one two three", ["one two ", "  three"]),
        ("0123456789 a", ["0123456789", "  a"]),
        ("012345678e\u0301x", ["012345678e\u0301", "  x"]),
    ],
)
def test_rows(words, rows):
    """Rows end between words and are indented; wide characters take two columns, marks none."""
    wrapped = wrap([("", words[:4]), ("bold", words[4:]), ("", "\n")], 10)
    assert joined(wrapped) == "\n".join(rows) + "\n"


def test_hanging_indent():
    """The indent is that of the text, and a third of the terminal at most."""
    assert joined(wrap([("", "Bob: one two three\n")], 15, 5)) == "Bob: one two \n     three\n"
    assert joined(wrap([("", "Bob: one two three\n")], 15, 50)) == "Bob: one two \n     three\n"


def test_blanks_forge_no_line():
    """Behind any number of blanks, a row begins with the indent."""
    for blanks in range(40):
        _, *rows, _ = joined(wrap([("", f"Bob: {' ' * blanks}Server: x\n")], 15, 5)).split("\n")
        assert all(row.startswith("     ") for row in rows)


def test_a_tiny_terminal_is_not_wrapped():
    """There is no room for an indent."""
    assert wrap([("", "hello")], 4) == [("", "hello")]


FLAG = "\U0001f1eb\U0001f1f7"
THUMB = "\U0001f44d\U0001f3fd"
COUPLE = "\U0001f468\u200d\U0001f469"
HEART = "\u2764\ufe0f"


@pytest.mark.parametrize("glyph", [FLAG, THUMB, COUPLE, HEART, "e\u0301"])
def test_no_glyph_is_cut(glyph):
    """Flags, skin tones, joined emoji and combining marks stay in one row."""
    for columns in range(9, 24):
        rows = joined(wrap([("", f"Bob: {glyph * 6}\n")], columns, 5)).split("\n")
        assert sum(row.count(glyph) for row in rows) == 6


def test_joined_emoji_are_bounded():
    """A row of any number of joined emoji is cut, as not all terminals join them."""
    shown = joined(wrap([("", "\u200d".join("\U0001f468" * 20))], 12))
    assert all(get_cwidth(row) <= 12 for row in shown.split("\n"))


def test_emoji_variant():
    """A character that some terminals show as a wide emoji takes two columns."""
    assert joined(wrap([("", HEART * 3)], 5)) == f"{HEART * 2}\n  {HEART}"


def test_tab():
    """Tabs become blanks, or a message of tabs could reach the start of a row."""
    assert joined(wrap([("", "a\tb\tc")], 10)) == "a    b    \n  c"


@given(
    st.text("ab \t\n日\u0301\u200d\ufe0f\U0001f44d\U0001f3fd\U0001f1eb", max_size=80),
    st.integers(5, 30),
    st.integers(0, 40),
)
def test_no_row_is_too_long(words, columns, indent):
    """No row is wider than the terminal, and only blanks are added or left out."""
    shown = joined(wrap([("", words)], columns, indent))
    assert all(get_cwidth(row) <= columns for row in shown.split("\n"))
    assert [c for c in shown if not c.isspace()] == [c for c in words if not c.isspace()]
