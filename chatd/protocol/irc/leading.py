"""The messages that a read of an IRC client begins with, found without parsing each line.

Lines that arrive together and are plain messages to one channel become one batch, as those of other
clients do: 16 of them then cost little more than one. All other lines are parsed one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Final, NamedTuple

_START: Final = b"PRIVMSG #"


class Leading(NamedTuple):
    """Messages to the channel `target`; each of the `texts` is a line of its own."""

    target: str
    texts: list[str]


def leading_messages(frames: Sequence[bytes], size: int) -> Leading | None:
    """Return the messages that `frames` begin with, None if the first one is not that plain.

    A plain one has no tags and no control characters, is not blank, and its line has `size` bytes
    at most.
    """
    if not frames[0].startswith(_START):
        return None
    head, colon, _ = frames[0].partition(b" :")
    target = head[len(_START) - 1 :]
    if not colon or b" " in target or b"," in target:
        return None
    start = head + colon
    lines = list(takewhile(lambda frame: frame.startswith(start) and len(frame) <= size, frames))
    if not lines:
        return None
    try:
        texts = [line[len(start) :].decode() for line in lines]
        name = target.decode()
    except UnicodeDecodeError:
        return None
    plain = list(takewhile(_is_plain, texts))
    return Leading(name, plain) if plain else None


def _is_plain(text: str) -> bool:
    return text.isprintable() and not text.isspace() and text != ""
