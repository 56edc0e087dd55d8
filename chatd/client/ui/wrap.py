"""Lines that are wider than the terminal: rows that are continued with an indent.

A terminal would continue a long line at its start, where a message filled with blanks could forge a
line of another user.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prompt_toolkit.utils import get_cwidth

Fragments = list[tuple[str, str]]
"""Pairs of a style and a text, as prompt_toolkit prints them."""

Cell = tuple[str, str, int]
"""A character with the marks on it: its style, its text, and how many columns it takes."""

SMALL_INDENT: Final = 2
_TAB: Final = " " * 4
_JOINER: Final = "\u200d"
_EMOJI_VARIANT: Final = "\ufe0f"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS: Final = range(0x1F1E6, 0x1F200)


def wrap(fragments: Fragments, columns: int, indent: int = SMALL_INDENT) -> Fragments:
    """Return the fragments of a line in rows of at most `columns` columns.

    Rows end between words where they can. Those after the first are indented by `indent` columns,
    a third of the terminal at most; a newline in the text begins such a row, too, whose own blanks
    count. On a terminal of a few columns the line is returned as it is.
    """
    if columns <= 2 * SMALL_INDENT:
        return fragments
    indent = max(min(indent, columns // 3), SMALL_INDENT)
    rows = _rows(list(_cells(fragments, columns - indent)), columns, indent)
    return [(style, text) for row in rows for style, text, _ in row]


def _rows(cells: list[Cell], columns: int, indent: int) -> Iterator[list[Cell]]:
    """Yield the rows, each but the last with its newline."""
    row: list[Cell] = []
    width = words = 0  # `words` is where the text of the row begins, behind its indent
    for cell in cells:
        _, text, size = cell
        if text == "\n":
            yield [*row, cell]
            row, width, words = [], 0, 0
        elif width + size <= columns:
            row.append(cell)
            width += size
        else:
            first = min(words or indent, len(row))
            end = len(row) if text == " " else _last_break(row, first)
            rest = row[end:] if text == " " else [*row[end:], cell]
            yield [*row[:end], ("", "\n", 0)]
            row = [("", " " * indent, indent), *rest]
            width, words = sum(each for _, _, each in row), 1
    yield row


def _last_break(row: list[Cell], first: int) -> int:
    """Return where a row ends: after its last blank behind the cell `first`, or at its end."""
    for end in range(len(row), first, -1):
        if row[end - 1][1] == " ":
            # A row of blanks alone before a word would leave nothing of the text in it.
            return end if any(text != " " for _, text, _ in row[first:end]) else len(row)
    return len(row)


def _cells(fragments: Fragments, limit: int) -> Iterator[Cell]:
    """Yield the characters, each with the marks and joined characters that follow it.

    A cell of more than `limit` columns is cut. Tabs, whose width the terminal decides, become
    blanks.
    """
    style, cluster = "", ""
    for next_style, words in fragments:
        for character in words.replace("\t", _TAB):
            if _continues(cluster, character) and _width(cluster + character) <= limit:
                cluster += character
                continue
            if cluster:
                yield style, cluster, _width(cluster)
            style, cluster = next_style, character
    if cluster:
        yield style, cluster, _width(cluster)


def _continues(cluster: str, character: str) -> bool:
    """Tell whether a character is shown together with those before it."""
    if cluster in {"", "\n"} or character == "\n":
        return False
    if ord(character) in _FLAG_LETTERS and ord(cluster[-1]) in _FLAG_LETTERS:
        return len(cluster) == 1
    is_mark = get_cwidth(character) == 0 or ord(character) in _SKIN_TONES
    return is_mark or cluster.endswith(_JOINER)


def _width(cluster: str) -> int:
    """Return how many columns a cluster takes: terminals differ, so it is the most they show."""
    width = 0 if cluster == "\n" else sum(map(get_cwidth, cluster))
    return width + 1 if width == 1 and _EMOJI_VARIANT in cluster else width
