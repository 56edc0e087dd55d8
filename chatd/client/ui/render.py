"""How lines and prompts look on a terminal: times, colours for names, and the reader's own name marked.

Pure: returns fragments of a style and a text, as prompt_toolkit prints them.
"""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime
from typing import Final

from chatd.client.ui.effects import Line, Prompt

Fragments = list[tuple[str, str]]

STYLES: Final = {
    "time": "ansibrightblack",
    "tag": "ansibrightblack",
    "quiet": "ansibrightblack",
    "server": "ansiyellow",
    "administrator": "bold ansiyellow",
    "mention": "bold reverse",
    "info": "ansiyellow",
    "missed": "italic ansibrightblack",
    "own": "bold ansigreen",
}

# Of middling lightness: to be read on dark as well as on light ground.
_COLOURS: Final = (
    *("#d75f5f", "#d7875f", "#af8700", "#87a000", "#5faf5f", "#00af87", "#00afaf"),
    *("#5f9fd7", "#5f87ff", "#8787ff", "#af87d7", "#d75fd7", "#d75f9f"),
)
_OFFICIALS: Final = {"Server": "class:server", "Administrator": "class:administrator"}


def paint(line: Line, now: float) -> Fragments:
    """Return the fragments of `line`, with the end of the line."""
    painted: Fragments = []
    if line.stamped:
        painted.append(("class:time", f"[{clock_time(line.time, now)}] "))
    if line.tag:
        painted.append(("class:tag", line.tag))
    words = line.text.removeprefix(line.tag)
    before, name, after = words.partition(line.name) if line.name else ("", "", words)
    rest = "class:quiet" if line.name not in _OFFICIALS and not line.talk and name else ""
    rest = f"class:{line.look}" if line.look else rest
    style = "class:own" if line.own else style_of(line.name)
    painted += [(rest, before), (style, name), *_marked(after, line.mention, rest)]
    return [*((style, text) for style, text in painted if text), ("", "\n")]


def paint_prompt(prompt: Prompt | None, now: float) -> Fragments:
    """Return the fragments of a prompt; there is none while an answer is waited for."""
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
    """Return the style of a name: always the same."""
    if name in _OFFICIALS:
        return _OFFICIALS[name]
    return f"bold {_COLOURS[zlib.crc32(name.casefold().encode(errors='replace')) % len(_COLOURS)]}"


def _marked(words: str, mention: str, style: str) -> Fragments:
    if not mention:
        return [(style, words)]
    pieces = re.split(rf"(?<!\w)({re.escape(mention)})(?!\w)", words, flags=re.IGNORECASE)
    return [("class:mention" if at % 2 else style, piece) for at, piece in enumerate(pieces)]


def clock_time(seconds: float | None, now: float) -> str:
    """Return the local time; what a server says can be any time at all."""
    try:
        moment = datetime.fromtimestamp(now if seconds is None else seconds, UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(now, UTC).astimezone()
    return f"{moment:%H:%M:%S}"
