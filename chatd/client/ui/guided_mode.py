"""Guided mode: it asks for what it needs, one question after another, and then it is a chat room.

There are no commands except for three words in capitals. The next question follows from the stage
that the user has reached, from the room that they are in, and from the reply that is awaited, if
any.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from chatd.client.model.effects import (
    Backfill,
    ConnectionStatus,
    Incoming,
    Send,
    Unconfirmed,
    Update,
)
from chatd.client.ui.frontend import Action, Exit, Frontend, Line, Prompt
from chatd.client.ui.guided_text import (
    chat_line,
    event_lines,
    info,
    people_lines,
    plain,
    room_lines,
)
from chatd.client.ui.render import backfill_heading, backfill_line, unconfirmed_text
from chatd.core.bidi import isolate
from chatd.core.events import Event, Message, RoomClosed
from chatd.core.sanitize import sanitize
from chatd.protocol.commands import Request
from chatd.protocol.received import Error, Ok, Reply, RoomList

_MENU: Final = (plain("Press 1 to register"), plain("Press 2 to login"))
_CHOICES: Final = {"1": "register", "2": "login"}
_WELCOME: Final = (
    info("Connected to host. Start sending messages."),
    plain("LIST => to get list of people online"),
    plain("LEAVE => to leave the chat room"),
    plain("LOGOUT => logout."),
)
_PEOPLE: Final = "people"
"""The tag of a request for the members of the room."""

_CONNECTION: Final = "connection"
"""The value of `_awaited` before the first connection."""


class _Stage(Enum):
    """The question that the user answers next."""

    MENU = auto()
    USERNAME = auto()
    PASSWORD = auto()
    CHAT = auto()  # a room, and then messages


_PROMPTS: Final = {
    _Stage.MENU: Prompt("Command: "),
    _Stage.USERNAME: Prompt("Enter username: "),
    _Stage.PASSWORD: Prompt("Enter password: ", hidden=True),
    _Stage.CHAT: Prompt("Join a Chat Room or Create New: "),
}


class GuidedMode(Frontend):
    """The frontend of a user who answers questions.

    `_awaited` is the command whose reply decides the next question; `_command` and `_username` are
    the answers so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stage = _Stage.MENU
        self._awaited: str | None = _CONNECTION
        self._command = ""
        self._username = ""

    # -- input

    @property
    def prompt(self) -> Prompt | None:
        """The prompt of the next line; None while a reply is awaited."""
        if self._awaited is not None:
            return None
        if self._stage is _Stage.CHAT and self._is_in_room:
            return Prompt(speaker=isolate(self.state.name))
        return _PROMPTS[self._stage]

    def typed(self, line: str) -> list[Action]:
        """Return the actions for an answer, or for a message to the room."""
        if self._awaited is not None:
            return []
        match self._stage:
            case _Stage.MENU:
                return self._choose(line.strip())
            case _Stage.USERNAME:
                self._username = line.strip()
                self._stage = _Stage.PASSWORD
                return []
            case _Stage.PASSWORD:
                return self._log_in(line.rstrip("\r\n"))  # a pasted line may have its newline
            case _Stage.CHAT:
                return self._chat(line)

    @property
    def _is_in_room(self) -> bool:
        """Whether the user is in a room, or on the way back to one."""
        return self.state.current is not None or self.session.has_rooms_to_rejoin

    def on_interrupt(self) -> list[Action]:
        """Return the actions for Ctrl-C, Ctrl-D and the end of the input: the client ends."""
        return [Exit()]

    def _choose(self, choice: str) -> list[Action]:
        if choice not in _CHOICES:
            return [*_MENU]
        self._command = _CHOICES[choice]
        self._stage = _Stage.USERNAME
        return []

    def _log_in(self, password: str) -> list[Action]:
        if not self.session.is_connected:
            return [info("Not connected.", failed=True), *self._restart()]
        return self._wait_for(self._command, username=self._username, password=password)

    def _chat(self, line: str) -> list[Action]:
        if not self.session.is_connected:
            return [info("Not connected.", failed=True)]
        return self._typed_in_room(line) if self._is_in_room else self._choose_room(line.strip())

    def _choose_room(self, words: str) -> list[Action]:
        if words == "LOGOUT":
            return self._wait_for("logout")
        return self._wait_for("enter", chatroom_id=words) if words else []

    def _typed_in_room(self, line: str) -> list[Action]:
        match line.strip():
            case "":
                return []
            case "LIST":
                current = self.state.current
                room = {} if current is None else {"chatroom_id": current}
                return [Send(Request("list", room, _PEOPLE))]
            case "LEAVE":
                return self._wait_for("quit")
            case "LOGOUT":
                return self._wait_for("logout")
            case _:
                return [self.session.send(Request("say", {"text": sanitize(line).rstrip("\n")}))]

    def _wait_for(self, command: str, **arguments: str) -> list[Action]:
        self._awaited = command
        return [self.session.send(Request(command, arguments))]

    # -- the connection

    def connected(
        self, token: str | None = None, about: Mapping[str, object] = MappingProxyType({})
    ) -> list[Action]:
        """Return the actions for a new connection: the first question, or the way back."""
        is_first = self._awaited == _CONNECTION
        actions = super().connected(token, about)
        return [*actions, *self._restart()] if is_first else actions

    def not_connected(self) -> list[Action]:
        """Return the actions for a connection that cannot be made: the client ends."""
        self.session.not_connected()
        return [plain(f"Not connected to {self.server}."), Exit(failed=True)]

    def disconnected(self, *, reconnecting: bool) -> list[Action]:
        """Return the actions for a lost connection."""
        awaited, self._awaited = self._awaited, None
        if awaited == "logout":
            return [Exit(self._goodbye())]
        actions = self._actions(self.session.disconnected(reconnecting=reconnecting))
        if not reconnecting:
            return [*actions, info("Not connected.", failed=True), Exit(failed=True)]
        is_cut_off = awaited is not None and self._stage is not _Stage.CHAT
        return [*actions, *self._restart()] if is_cut_off else actions

    def banner(self, text: str) -> list[Action]:
        """Return the actions for the words of a server that admits nobody."""
        return [info(isolate(sanitize(text)))]

    def _restart(self) -> list[Action]:
        self._stage, self._awaited = _Stage.MENU, None
        return [*_MENU]

    def _goodbye(self) -> Line:
        return plain(f"Bye, {isolate(self.state.name)}")

    def _ask_for_rooms(self) -> list[Action]:
        """Show the rooms to a user in none, unless the next question is clear already."""
        is_clear = self._stage is not _Stage.CHAT or self._awaited or self.session.is_rejoining
        if is_clear or self.state.current is not None:
            return []
        return self._wait_for("list")

    # -- output

    def _render(self, update: Update) -> list[Action]:
        match update:
            case Incoming():
                return self._incoming(update.event)
            case Backfill():
                heading = info(backfill_heading(update))
                lines = map(backfill_line, update.messages)
                return [heading, *lines] if update.first else [*lines]
            case Unconfirmed():
                return [info(unconfirmed_text(update.text), failed=True)]
            case ConnectionStatus.BACK:
                return self._ask_for_rooms()
            case ConnectionStatus.LOG_IN_AGAIN:
                # A user at the menu, or typing a password, logs in there.
                menu = self._restart() if self._stage is _Stage.CHAT else []
                return [info(update.value), *menu]
            case _:
                return [info(update.value)]

    def _incoming(self, event: Event | Reply) -> list[Action]:
        match event:
            case Ok() | Error() if self._is_awaited(event):
                self._awaited = None
                return self._refused(event) if isinstance(event, Error) else self._replied(event)
            case RoomList():
                return [*self._listed(event)]
            case Message():
                return [chat_line(event, self.state.name)]
            case RoomClosed():
                return [*event_lines(event), *self._ask_for_rooms()]
            case _ if self.state.is_own(event):
                # The notice of the administrator tells a user that they were moved; what another
                # session of the user did has no notice.
                lines = event_lines(event) if getattr(event, "is_self", False) else []
                return [*lines, *self._ask_for_rooms()]
            case _:
                return [*event_lines(event)]

    def _listed(self, rooms: RoomList) -> list[Line]:
        if rooms.tag == _PEOPLE:
            return people_lines(rooms, self.state)
        self._awaited = None
        return room_lines(rooms)

    def _is_awaited(self, reply: Ok | Error) -> bool:
        """Tell whether the user waits for this reply; that of a frame too long names no command."""
        return reply.tag is None and reply.command in (self._awaited, None)

    def _replied(self, reply: Ok) -> list[Action]:
        room = reply.data.get("room")
        match reply.command:
            case "register" | "login":
                self._stage = _Stage.CHAT
                # Another session of the account may be in a room already.
                joined = [] if self.state.current is None else self._welcome(self.state.current)
                return [plain(reply.text), *joined, *self._ask_for_rooms()]
            case "enter":
                return self._welcome(room)
            case "quit":
                return [plain(f"Left {isolate(str(room))} group"), *self._ask_for_rooms()]
            case _:
                self._awaited = reply.command  # the client ends, and asks nothing more
                return [Exit(plain(reply.text))]

    def _welcome(self, room: object) -> list[Action]:
        return [
            plain(f"Joined {isolate(str(room))} group as {isolate(self.state.name)}"),
            *_WELCOME,
        ]

    def _refused(self, error: Error) -> list[Action]:
        words = plain(error.text)
        if self._stage is not _Stage.CHAT:
            return [words, *self._restart()]
        return [words, *(self._ask_for_rooms() if error.command == "quit" else [])]
