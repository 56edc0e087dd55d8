"""How lines look: their words, which are safe to print, and on a terminal their colours and times.

The styled text is a list of fragments, pairs of a style and a text, as prompt_toolkit prints them.
"""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime
from typing import Final

from prompt_toolkit.utils import get_cwidth

from chatd.client.model.effects import Backfill
from chatd.client.ui.frontend import Line, Prompt
from chatd.core.bidi import isolate
from chatd.core.events import Message
from chatd.core.sanitize import sanitize
from chatd.protocol import text

Fragments = list[tuple[str, str]]

MISSED_LOOK: Final = "missed"

STYLES: Final = {
    "time": "ansibrightblack",
    "tag": "ansibrightblack",
    "quiet": "ansibrightblack",
    "server": "ansiyellow",
    "administrator": "bold ansiyellow",
    "mention": "bold reverse",
    "info": "ansiyellow",
    MISSED_LOOK: "italic ansibrightblack",
    "own": "bold ansigreen",
}

# Of medium lightness: readable on a dark and on a light background.
_COLOURS: Final = (
    *("#d75f5f", "#d7875f", "#af8700", "#87a000", "#5faf5f", "#00af87", "#00afaf"),
    *("#5f9fd7", "#5f87ff", "#8787ff", "#af87d7", "#d75fd7", "#d75f9f"),
)
_CONTINUED: Final = "  "
_OFFICIALS: Final = {"Server": "class:server", "Administrator": "class:administrator"}


def backfill_heading(backfill: Backfill) -> str:
    """Return the words above the messages of a room that the user missed."""
    return f"While you were away, in chatroom {isolate(backfill.room)}:"


def backfill_line(message: Message) -> Line:
    """Return the line for a message that the user missed, with its date."""
    date, words = f"[{text.utc(message.time)}] ", text.render(message)
    name = message.sender
    return Line(date + words, tag=date, name=name, talk=True, stamped=False, look=MISSED_LOOK)


def unconfirmed_text(message: str) -> str:
    """Return the words for a message of the user that may be lost."""
    return "Perhaps not delivered: " + isolate(sanitize(message)).replace("\n", "\n  ")


def mention(words: str, name: str) -> str:
    """Return `name` as it is spelled in `words`, or "" if it is not a word there."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words, re.IGNORECASE) if name else None
    return found[0] if found else ""


def style_line(line: Line, now: float) -> Fragments:
    """Return the fragments of `line`, with its newline; `now` is in seconds since the epoch."""
    fragments: Fragments = []
    if line.stamped:
        fragments.append(("class:time", f"[{clock_time(line.time, now)}] "))
    if line.tag:
        fragments.append(("class:tag", line.tag))
    words = line.text.removeprefix(line.tag)
    before, name, after = words.partition(line.name) if line.name else ("", "", words)
    rest = "class:quiet" if line.name not in _OFFICIALS and not line.talk and name else ""
    rest = f"class:{line.look}" if line.look else rest
    style = "class:own" if line.own else style_of(line.name)
    fragments += [(rest, before), (style, name), *_marked(after, line.mention, rest)]
    return [*((style, words) for style, words in fragments if words), ("", "\n")]


def wrap(fragments: Fragments, columns: int) -> Fragments:
    """Return the fragments with lines of at most `columns` cells, continued with an indent.

    A terminal would continue a long line at its start, where a message filled with blanks could
    forge a line of another user.
    """
    if columns <= 2 * len(_CONTINUED):
        return fragments
    wrapped: Fragments = []
    column = 0
    for style, words in fragments:
        row = ""
        for character in words:
            width = get_cwidth(character)
            if character == "\n":
                column = 0
            elif column + width > columns:
                row += f"\n{_CONTINUED}"
                column = len(_CONTINUED) + width
            else:
                column += width
            row += character
        wrapped.append((style, row))
    return wrapped


def style_prompt(prompt: Prompt | None, now: float) -> Fragments:
    """Return the fragments of a prompt; there are none while the client waits for a reply."""
    if prompt is None:
        return []
    if not prompt.speaker:
        return [("", prompt.text)]
    return [
        ("class:own", prompt.speaker),
        ("", "> "),
        ("class:time", f"[{clock_time(None, now)}] "),
    ]


def style_of(name: str) -> str:
    """Return the style of a name: always the same for a name."""
    if name in _OFFICIALS:
        return _OFFICIALS[name]
    return f"bold {_COLOURS[zlib.crc32(name.casefold().encode(errors='replace')) % len(_COLOURS)]}"


def clock_time(seconds: float | None, now: float) -> str:
    """Return the local time of day; a time of a server that has none is replaced by `now`."""
    try:
        moment = datetime.fromtimestamp(now if seconds is None else seconds, UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(now, UTC).astimezone()
    return f"{moment:%H:%M:%S}"


def _marked(words: str, mention: str, style: str) -> Fragments:
    if not mention:
        return [(style, words)]
    parts = re.split(rf"(?<!\w)({re.escape(mention)})(?!\w)", words, flags=re.IGNORECASE)
    return [("class:mention" if at % 2 else style, part) for at, part in enumerate(parts)]
