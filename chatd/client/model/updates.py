"""What one's presence on a server tells the one who is present, before it is put into words.

Made by presence.py; each way of talking (conversation.py, guided.py) shows it as its own lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from chatd.core.events import Event, Message
from chatd.protocol.received import Reply


@dataclass(frozen=True, slots=True)
class News:
    """The server told something; `in_rooms` is in how many rooms one was then."""

    event: Event | Reply
    in_rooms: int


@dataclass(frozen=True, slots=True)
class Missed:
    """This was said in a room while one was away; `first`: what was told before was not of this."""

    room: str
    messages: tuple[Message, ...]
    first: bool


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message of one's own was sent before the connection was lost, and has come nowhere."""

    text: str


class Turn(Enum):
    """How it stands with the connection."""

    LOST = "Connection lost."
    CONNECTED_AGAIN = "Connected again."
    NAME_IN_USE = "Your name is still in use. Trying again..."
    STORE_AWAY = "The server cannot reach its store now. Trying again..."
    LOG_IN_AGAIN = "You have to log in again."
    BACK = "You are back."


Happening = News | Missed | Undelivered | Turn
