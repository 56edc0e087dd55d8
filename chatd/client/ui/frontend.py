"""The base of command mode and guided mode: the methods that the client calls.

A frontend knows no connection and no screen. Each method takes one event and returns the actions
that follow: lines to show, requests to send, what to do with the connection; app.py carries them
out. The `ChatSession` handles what the server sends; each frontend turns its updates into lines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from chatd.client.model.effects import (
    Effect,
    RetryAfter,
    Send,
    StopReconnecting,
    TellReadAfter,
    Update,
)
from chatd.client.model.session import ChatSession
from chatd.client.model.state import ClientState
from chatd.client.ui.received import sanitized
from chatd.client.ui.statusline import Status
from chatd.core.bidi import isolate
from chatd.core.events import Event
from chatd.core.sanitize import sanitize
from chatd.protocol.received import Reply

RECENT_MESSAGES: Final = 20
"""How many old messages of a room are shown on a terminal when the user joins it."""


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
    the text; `calls`: it draws the attention of the reader; `time` is when it happened (seconds
    since the epoch), None for now; `stamped`: the time is shown; `look` is the style of all that
    has no other. `failed`: it says that something that the user asked for was not done. `echo`: it
    repeats what the user typed, and is shown only where the typed line does not stay.
    """

    text: str
    tag: str = ""
    name: str = ""
    talk: bool = False
    mention: str = ""
    calls: bool = False
    time: float | None = None
    stamped: bool = True
    own: bool = False
    look: str = ""
    failed: bool = False
    echo: bool = False


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


@dataclass(frozen=True, slots=True)
class Restore:
    """Put a text that was not sent into the input again, if nothing else was typed meanwhile."""

    text: str


Action = (
    Line | Restore | Send | Connect | Hangup | StopReconnecting | RetryAfter | TellReadAfter | Exit
)

NOT_CONNECTED = Line("Not connected.", failed=True)


class Frontend(ABC):
    """The user interface of one user; `server` is the server that it last connected to.

    `recent` is how many old messages of a room the user reads on joining it.
    """

    def __init__(self, recent: int = 0) -> None:
        self.session = ChatSession(recent)
        self.server: Address | None = None

    @property
    def state(self) -> ClientState:
        """The known state of the user."""
        return self.session.state

    @property
    def is_rejoining(self) -> bool:
        """Whether the session is on its way back to its rooms."""
        return self.session.is_rejoining

    @property
    def status(self) -> Status | None:
        """The content of the line below the input, None if there is no such line."""
        return None

    # -- input

    @property
    @abstractmethod
    def prompt(self) -> Prompt | None:
        """The prompt of the next line; None while a reply of the server decides what is asked."""

    @abstractmethod
    def typed(self, line: str) -> list[Action]:
        """Return the actions for a line that the user typed."""

    def entered(self, line: str) -> list[Action]:
        """Return the actions for a line that the user typed, with its echo if there is one."""
        return self.typed(line)

    def noticed(self) -> list[Action]:
        """Return the actions for a key that the user presses on a terminal."""
        return []

    @abstractmethod
    def on_interrupt(self) -> list[Action]:
        """Return the actions for Ctrl-C, Ctrl-D or the end of the input."""

    def start(self, address: Address) -> list[Action]:
        """Return the actions that connect to the server at `address`."""
        self.server = address
        return [Connect(address)]

    # -- the connection

    def connected(
        self,
        token: str | None = None,
        about: Mapping[str, object] = MappingProxyType({}),  # noqa: ARG002 -- of some frontends
    ) -> list[Action]:
        """Return the actions for a new connection.

        `token` resumes its session later; `about` is what the server says of itself.
        """
        return self._actions(self.session.connected(token))

    def explained(self, reason: str | None) -> str | None:
        """Return the words about a connection that cannot be made.

        Without a `reason` nobody listens.
        """
        return f"Cannot connect to {self.server}: {reason}." if reason is not None else None

    def retrying(self, reason: str, seconds: float) -> list[Action]:  # noqa: ARG002
        """Return the actions for a failed attempt, or a lost connection; the next is in `seconds`.

        `reason` is "" for a lost connection, and where the server has said it.
        """
        return []

    @abstractmethod
    def not_connected(self) -> list[Action]:
        """Return the actions for a connection that cannot be made, and is not tried again."""

    @abstractmethod
    def disconnected(self, *, reconnecting: bool) -> list[Action]:
        """Return the actions for a lost connection; `reconnecting`: the client makes another."""

    def banner(self, text: str) -> list[Action]:
        """Return the actions for the words of a server that admits nobody."""
        return [Line(isolate(sanitize(text)))]

    def handle(self, event: Event | Reply) -> list[Action]:
        """Return the actions for an event or a reply of the server, whose text is not trusted."""
        return self._actions(self.session.handle(sanitized(event)))

    def retry(self) -> list[Action]:
        """Return the actions that follow a `RetryAfter`."""
        return self._actions(self.session.retry())

    def tell_read(self) -> list[Action]:
        """Return the actions that follow a `TellReadAfter`."""
        return [*self.session.reading.tell()]

    def _actions(self, effects: Iterable[Effect]) -> list[Action]:
        actions: list[Action] = []
        for effect in effects:
            if isinstance(effect, Send | RetryAfter | TellReadAfter | StopReconnecting):
                actions.append(effect)
            else:
                actions += self._render(effect)
        return actions

    @abstractmethod
    def _render(self, update: Update) -> list[Action]:
        """Return the lines that show an update, and the actions that it leads to."""
