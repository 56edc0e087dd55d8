"""How lines look: their words, which are safe to print, and on a terminal their colours and times.

The styled text is a list of fragments, pairs of a style and a text, as prompt_toolkit prints them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from prompt_toolkit.utils import get_cwidth

from chatd.client.model.effects import Backfill
from chatd.client.ui.colours import OFFICIALS, NameColours
from chatd.client.ui.frontend import Line, Prompt
from chatd.client.ui.localtime import clock_time, day_and_time
from chatd.client.ui.wrap import SMALL_INDENT, Fragments, wrap
from chatd.core.bidi import isolate
from chatd.core.events import Message
from chatd.core.sanitize import sanitize
from chatd.protocol import text
from chatd.protocol.message_text import utc
from chatd.protocol.moderation_text import room_label
from chatd.protocol.people_text import indent

MISSED_LOOK: Final = "missed"
SECRET_LOOK: Final = "secret"  # noqa: S105 -- the name of a style
QUIET_LOOK: Final = "quiet"

STYLES: Final = {
    "time": "ansibrightblack",
    "tag": "ansibrightblack",
    QUIET_LOOK: "ansibrightblack",
    SECRET_LOOK: "ansimagenta",
    "server": "ansiyellow",
    "administrator": "bold ansiyellow",
    "mention": "bold reverse",
    "info": "ansiyellow",
    MISSED_LOOK: "italic ansibrightblack",
    "own": "bold ansigreen",
}


def backfill_heading(backfill: Backfill) -> str:
    """Return the words above the messages of a room that the user missed."""
    return f"While you were away, in chatroom {isolate(backfill.room)}:"


def backfill_line(message: Message) -> Line:
    """Return the line for a message that the user missed, with its date."""
    date, words = f"[{utc(message.time)}] ", text.render(message)
    name = message.sender
    return Line(date + words, tag=date, name=name, talk=True, stamped=False, look=MISSED_LOOK)


def unconfirmed_text(message: str) -> str:
    """Return the words for a message of the user that may be lost."""
    return "Perhaps not delivered: " + isolate(sanitize(message)).replace("\n", "\n  ")


def topic_words(room: str, topic: str, name: str = "") -> str:
    """Return the words for the topic of a room, as the server has them."""
    return f"Topic of {room_label(name or room, room)}: {indent(isolate(topic))}"


def mention(words: str, name: str) -> str:
    """Return `name` as it is spelled in `words`, or "" if it is not a word there."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words, re.IGNORECASE) if name else None
    return found[0] if found else ""


def style_line(line: Line, now: float, style_of: Callable[[str], str] | None = None) -> Fragments:
    """Return the fragments of `line`, with its newline; `now` is in seconds since the epoch.

    `style_of` returns the style of a name.
    """
    fragments: Fragments = []
    if line.stamped:
        fragments.append(("class:time", f"[{day_and_time(line.time, now)}] "))
    if line.tag:
        fragments.append(("class:tag", line.tag))
    words = line.text.removeprefix(line.tag)
    before, name, after = words.partition(line.name) if line.name else ("", "", words)
    rest = "class:quiet" if line.name not in OFFICIALS and not line.talk and name else ""
    rest = f"class:{line.look}" if line.look else rest
    style = "class:own" if line.own else (style_of or NameColours().style)(line.name)
    fragments += [(rest, before), (style, name), *_marked(after, line.mention, rest)]
    return [*((style, words) for style, words in fragments if words), ("", "\n")]


def rows(line: Line, now: float, columns: int, style_of: Callable[[str], str]) -> Fragments:
    """Return the fragments of `line` in rows for a terminal: a message is indented to its text."""
    fragments = style_line(line, now, style_of)
    indent = SMALL_INDENT
    if line.talk:
        indent = min(_text_column(line, fragments), columns // 3)
        newline = "\n" + " " * indent
        fragments = [(style, words.replace("\n  ", newline)) for style, words in fragments]
    return wrap(fragments, columns, indent)


def _text_column(line: Line, fragments: Fragments) -> int:
    """Return the column in which the text of a message begins."""
    words = "".join(words for _, words in fragments)
    name = re.match(rf".*?{re.escape(line.name)}[^:\n]{{0,40}}: ", words)
    return get_cwidth(name[0]) if name and not line.text.startswith("* ") else SMALL_INDENT


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


def _marked(words: str, mention: str, style: str) -> Fragments:
    if not mention:
        return [(style, words)]
    parts = re.split(rf"(?<!\w)({re.escape(mention)})(?!\w)", words, flags=re.IGNORECASE)
    return [("class:mention" if at % 2 else style, part) for at, part in enumerate(parts)]
