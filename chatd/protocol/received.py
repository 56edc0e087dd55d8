"""Replies as a client reads them: the server's words, and data for the program.

A client shows the words as they come, so that it need not know every command of the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chatd.core.events import SERVER
from chatd.protocol.replies import History, Receipt, RoomInfo, RoomList

__all__ = [
    "Disconnect",
    "Error",
    "History",
    "Ok",
    "Receipt",
    "Reply",
    "RoomInfo",
    "RoomList",
]


@dataclass(frozen=True, slots=True)
class Ok:
    """A request was carried out; `data` has the fields of the reply beside its words."""

    command: str
    text: str
    tag: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Error:
    """A request was refused; `command` is None if the server could not read the request.

    `data` has the fields of the reply beside code and words.
    """

    command: str | None
    code: str
    text: str
    tag: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The server is about to close the connection; `retry` tells whether it may be made again."""

    code: str
    text: str
    retry: bool
    sender: str = SERVER


Reply = Ok | Error | RoomList | History | Receipt | Disconnect
