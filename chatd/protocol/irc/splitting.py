"""How messages become lines of IRC, and how formatting goes: a message may be longer than a line.

A message of the chat has up to 100 lines of any length; a line of IRC has no end of line in it, and
510 bytes at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from chatd.core.sanitize import sanitize
from chatd.protocol.irc.line import cut

ACTION_START: Final = "\x01ACTION "
ACTION_END: Final = "\x01"

# Bold, italic and others are one character; colours have parameters, which go with them.
_FORMATTING: Final = re.compile(
    "\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?"
    "|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?"
    "|[\x02\x0f\x11\x16\x1d\x1e\x1f]"
)
_MAX_CHARACTER: Final = 4
"""How many bytes a character has at most in UTF-8."""


class Piece(NamedTuple):
    """A part of a message that fits in a line; one that is `joined` goes on in the same line."""

    text: str
    joined: bool = False


def without_formatting(text: str) -> str:
    """Return `text` without colours and other formatting, and without their parameters."""
    return _FORMATTING.sub("", text)


def one_line(text: str, size: int) -> str:
    """Return what a client has sent as one line of at most `size` bytes, without formatting."""
    return cut(" ".join(sanitize(without_formatting(text)).split()), size).rstrip()


def pieces(text: str, size: int, cuts: Sequence[int] = ()) -> Iterator[Piece]:
    """Yield the lines of `text`, cut at the places `cuts`, which rise.

    Those still longer than `size` bytes are cut at blanks, if possible. No character is cut. A
    blank at which a line is cut stays at the end of its first part.
    """
    start = 0
    for text_line in text.split("\n"):
        end, joined = start + len(text_line), False
        for place in (*(each for each in cuts if start < each < end), end):
            yield from _fitting(text[start:place], size, joined=joined)
            start, joined = place, True
        start = end + 1


def _fitting(rest: str, size: int, *, joined: bool) -> Iterator[Piece]:
    """Yield a part of a line in pieces of at most `size` bytes."""
    while len(rest) * _MAX_CHARACTER > size and len(rest.encode()) > size:
        head = cut(rest, size) or rest[0]
        # Half of a line without blanks is a long word or an address.
        blank = head.rfind(" ", len(head) // 2)
        if blank >= 0:
            head = head[: blank + 1]
        yield Piece(head, joined)
        rest, joined = rest[len(head) :], True
    yield Piece(rest, joined)
