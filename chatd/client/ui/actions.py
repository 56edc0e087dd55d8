"""What a frontend asks the client to do: show lines, send requests, connect, end.

Command mode and guided mode make these values, app.py carries them out; screens get the lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatd.client.model.effects import RetryAfter, Send, StopReconnecting


@dataclass(frozen=True, slots=True)
class Address:
    """The host and port of a server."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line to show: `text` is safe to print, and all that is shown where there is no terminal.

    `tag` is the part of it that names the room, `name` the user that it is about, `talk` whether
    that user speaks, `own` whether the name is the reader's, and `mention` a name of the reader in
    the text; `time` is when it happened (seconds since the epoch), None for now; `stamped`: the
    time is shown; `look` is the style of all that has no other. `failed`: it says that something
    that the user asked for was not done.
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
    """The text before the input, or the name of the `speaker` with the time.

    `hidden`: the input is neither shown nor kept in the history.
    """

    text: str = ""
    speaker: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """Leave the server, if there is one, and connect to another.

    `retry_first`: try again also if the first attempt fails.
    """

    address: Address
    retry_first: bool = False


@dataclass(frozen=True, slots=True)
class Hangup:
    """Leave the server."""


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave the server and end the program, after everything that the server still sends.

    `last_line` is shown at the end; `failed`: not all was done that the user asked for.
    """

    last_line: Line | None = None
    failed: bool = False


Action = Line | Send | Connect | Hangup | StopReconnecting | RetryAfter | Exit

NOT_CONNECTED = Line("Not connected.", failed=True)
