"""Replies about the roles and settings of rooms, and about what was said in them.

As in `chatd.protocol.replies`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chatd.core.events import Message
from chatd.core.records import AccessKind
from chatd.protocol.replies import Result


@dataclass(frozen=True, slots=True)
class ActDone(Result):
    """A member of a room did what the command `act` says, to the user `name` or the message `id`.

    The members read an event about it, the reader too: text sessions get no further words, except
    for acts that the room is not told of.
    """

    command: ClassVar[str] = ""
    act: str
    room: str
    name: str | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class SettingReply(Result):
    """The `value` of a setting of a room, whose name is that of the command `act`.

    If it was `changed` by the request, the members read an event about it, the reader too. The
    values are those of `RoomChanged`.
    """

    command: ClassVar[str] = ""
    act: str
    room: str
    room_name: str
    value: str | bool | int | None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class RoomEnded(Result):
    """A room was ended by its owner or an administrator."""

    command: ClassVar[str] = "end"
    room: str


@dataclass(frozen=True, slots=True)
class AccessInfo:
    """A ban or a mute: whose it is, until when (None: for ever), and its author, time, reason."""

    kind: AccessKind
    name: str
    until: float | None
    by: str
    created: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AccessList(Result):
    """The bans and mutes of a room."""

    command: ClassVar[str] = "bans"
    room: str
    entries: tuple[AccessInfo, ...]


@dataclass(frozen=True, slots=True)
class Found(Result):
    """The messages that have all words of a search, newest first; `more` tells of older ones.

    `words` are those of the request, for the request of the next page.
    """

    command: ClassVar[str] = "search"
    messages: tuple[Message, ...]
    words: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class SecretKept(Result):
    """A private message is kept for the account `name`, until somebody logs in to it."""

    command: ClassVar[str] = "secret"
    name: str


@dataclass(frozen=True, slots=True)
class ReadNoted(Result):
    """The messages of a room up to `id` are read."""

    command: ClassVar[str] = "read"
    room: str
    id: int
