"""The output of the model: requests to the server, and updates for the user.

`ChatSession` makes them. Requests go out as they are; a frontend turns each update into lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from chatd.core.events import Event, Message
from chatd.protocol.command import Request
from chatd.protocol.received import Reply


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request to the server."""

    request: Request


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Call `ChatSession.retry` after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TellReadAfter:
    """Call `ChatSession.tell_read` after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class StopReconnecting:
    """When the server closes the connection, do not connect again."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event or a reply of the server; `room_count` is the number of the user's rooms then."""

    event: Event | Reply
    room_count: int


@dataclass(frozen=True, slots=True)
class Backfill:
    """Messages of a room that the user missed; `first`: a heading belongs above them.

    It does not where the update before was a backfill of the same room.
    """

    room: str
    messages: tuple[Message, ...]
    first: bool


@dataclass(frozen=True, slots=True)
class Recent:
    """The user has joined a room: its last messages before that, if the client asks for some."""

    room: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A message of the user, sent before the connection was lost, that is in no room's history."""

    text: str


class ConnectionStatus(Enum):
    """A change of the connection or of the session on it, in the words for the user."""

    LOST = "Connection lost."
    CONNECTED_AGAIN = "Connected again."
    NAME_IN_USE = "Your name is still in use. Trying again..."
    STORE_AWAY = "The server cannot reach its store now. Trying again..."
    LOG_IN_AGAIN = "You have to log in again."
    BACK = "You are back."


Update = Incoming | Backfill | Recent | Unconfirmed | ConnectionStatus
Effect = Update | Send | RetryAfter | TellReadAfter | StopReconnecting
