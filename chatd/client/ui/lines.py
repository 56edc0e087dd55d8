"""Lines that are the same in every way of talking, safe to print. Pure."""

from __future__ import annotations

import re
from typing import Final

from chatd.client.model.updates import Missed
from chatd.client.ui.effects import Line
from chatd.core.events import Message
from chatd.core.sanitize import sanitize
from chatd.protocol import text

MISSED_LOOK: Final = "missed"


def missed_heading(missed: Missed) -> str:
    """Return the words over what was missed in a room."""
    return sanitize(f"While you were away, in chatroom {missed.room}:")


def missed_line(said: Message) -> Line:
    """Return the line that shows a message that was missed."""
    date, words = f"[{text.utc(said.time)}] ", sanitize(text.render(said))
    name = sanitize(said.sender)
    return Line(date + words, tag=date, name=name, talk=True, stamped=False, look=MISSED_LOOK)


def undelivered_words(message: str) -> str:
    """Return the words about a message that may have come nowhere."""
    return sanitize("Perhaps not delivered: " + message.replace("\n", "\n  "))


def mention(words: str, name: str) -> str:
    """Return `name` as it is written in `words`, or "" if it is not in there as a word."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words, re.IGNORECASE) if name else None
    return found[0] if found else ""
