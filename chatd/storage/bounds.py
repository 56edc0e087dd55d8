"""How much history is given out at once, the same for every store. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from chatd.core.events import Message

MESSAGE_FRAME: Final = 256
"""Bytes that a message takes as JSON beside its text and its sender: at most, with a long room id."""


def encoded_size(message: Message) -> int:
    """Return how many bytes a message takes as JSON."""
    words = json.dumps([message.text, message.sender], ensure_ascii=False)
    # Without the brackets, the comma and the space between the two.
    return len(words.encode()) - 4 + MESSAGE_FRAME


def within(messages: Iterable[Message], size: int) -> list[Message]:
    """Return the first messages that have at most `size` bytes, but one at least if there is any.

    Takes no more of `messages` than it must.
    """
    taken: list[Message] = []
    for message in messages:
        size -= encoded_size(message)
        if size < 0 and taken:
            break
        taken.append(message)
    return taken
