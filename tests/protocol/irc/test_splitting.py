"""Long messages are cut in lines; formatting is removed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.protocol.irc.splitting import Piece, one_line, pieces, without_formatting

_TEXTS = st.text(st.sampled_from("aé€😀 \n"), max_size=80)


def cut(text, size, *cuts):
    """Return the pieces of a text."""
    return list(pieces(text, size, cuts))


def test_short_lines_stay_as_they_are():
    """Each line is a piece, also a blank one."""
    assert cut("", 9) == [Piece("")]
    assert cut("a\n\nb\n", 9) == [Piece("a"), Piece(""), Piece("b"), Piece("")]


def test_long_lines_are_cut_at_blanks():
    """The blank stays at the end; a word that is longer than half a line is cut itself."""
    assert cut("one two three", 8) == [Piece("one two "), Piece("three", joined=True)]
    assert cut("a bcdefghijkl", 8) == [Piece("a bcdefg"), Piece("hijkl", joined=True)]
    assert cut("x\naa bb cc", 6) == [Piece("x"), Piece("aa bb "), Piece("cc", joined=True)]


def test_no_character_is_cut():
    """Bytes count, but characters stay whole."""
    assert cut("€€€", 4) == [Piece("€"), Piece("€", joined=True), Piece("€", joined=True)]
    assert cut("😀a", 2) == [Piece("😀"), Piece("a", joined=True)]


def test_a_line_is_cut_where_its_sender_has_cut_it():
    """Places at the ends of lines and beyond the text cut nothing."""
    assert cut("how is everyone?", 99, 7) == [Piece("how is "), Piece("everyone?", joined=True)]
    text = "hi\nhow is it"
    expected = [Piece("hi"), Piece("how "), Piece("is ", joined=True), Piece("it", joined=True)]
    assert cut(text, 99, 0, 2, 3, 7, 10, 12, 99) == expected


def test_pieces_of_the_sender_may_be_too_long():
    """They are cut once more."""
    assert cut("one two three", 8, 3) == [
        Piece("one"),
        Piece(" two ", joined=True),
        Piece("three", joined=True),
    ]


@given(_TEXTS, st.integers(4, 20), st.sets(st.integers(0, 80), max_size=3).map(sorted))
def test_nothing_is_lost(text, size, cuts):
    """Joined again, the pieces are the text, and none is too long."""
    found = cut(text, size, *cuts)
    joined = "".join(piece.text if piece.joined else f"\n{piece.text}" for piece in found)
    assert joined == f"\n{text}"
    assert all(len(piece.text.encode()) <= size for piece in found)
    assert all(piece.text for piece in found if piece.joined)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x02bold\x02 \x1ditalic\x0f", "bold italic"),
        ("\x0304,01red\x03", "red"),
        ("\x03123", "3"),
        ("\x03,5", ",5"),
        ("\x04ff0000,00ff00x\x04", "x"),
        ("\x11mono\x16\x1e\x1f", "mono"),
        ("plain 3,4", "plain 3,4"),
    ],
)
def test_formatting(text, plain):
    """Formatting goes with its parameters."""
    assert without_formatting(text) == plain


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("\x0304,01red\x03 and\x02  bold\n ", 100, "red and bold"),
        ("one\u2028two\r\0", 100, "one two"),
        ("one two", 4, "one"),
        ("\u00e4\u00e4", 3, "\u00e4"),
        ("\x02 ", 9, ""),
    ],
)
def test_one_line(text, size, expected):
    """No formatting, no control character, no blank at an end, and no character is cut."""
    assert one_line(text, size) == expected
