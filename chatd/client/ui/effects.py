"""What a way of talking wants done: lines to show, requests to send, what to do with the connection.

Plain facts, made by conversation.py or guided.py and carried out by client.py; screens get the lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatd.protocol.commands import Request


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Line:
    """Something to show: `text` is safe to print, and all that is shown where there is no terminal.

    `tag` is what of it stands for the room, `name` whose doing it is, `talk` whether a person
    speaks, `own` whether the name is the reader's, and `mention` a name of the reader in the text;
    `time` is when it happened, None for now; `stamped` whether the time is shown; `look` is the
    style of all that has no other, where it is not the usual one. `failed`: it says that something
    was not done, as far as is known.
    """

    text: str
    tag: str = ""
    name: str = ""
    talk: bool = False
    mention: str = ""
    time: float | None = None
    stamped: bool = True
    own: bool = False
    look: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """What stands before what is typed: a text, or the name of the `speaker` and the time.

    `hidden`: what is typed is neither shown nor remembered.
    """

    text: str = ""
    speaker: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a request to the server."""

    request: Request


@dataclass(frozen=True, slots=True)
class Connect:
    """Leave the server, if there is one, and connect to another; `faithful`: until it is there."""

    address: Address
    faithful: bool = False


@dataclass(frozen=True, slots=True)
class Hangup:
    """Leave the server."""


@dataclass(frozen=True, slots=True)
class StayAway:
    """When the server closes the connection, do not come back."""


@dataclass(frozen=True, slots=True)
class AskLater:
    """Call `Talk.try_again` after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave the server and end the program; what is still to come from the server is shown first.

    `last_line` is shown after it; `failed`: not all was done that was asked for.
    """

    last_line: Line | None = None
    failed: bool = False


Action = Line | Ask | Connect | Hangup | StayAway | AskLater | Exit

NOT_CONNECTED = Line("Not connected.", failed=True)
