"""Guided mode: it asks for what it needs, one question after another, and then it is a chat room.

The next question follows from the stage that the user has reached, from the room that they are in,
and from the reply that is awaited, if any. Four words typed alone and lines that begin with a
backtick or a slash are commands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from chatd.client.model.effects import ConnectionStatus, Incoming, Send, Update
from chatd.client.ui.commands import Question
from chatd.client.ui.frontend import Action, Exit, Frontend, Line, Prompt
from chatd.client.ui.guided_input import GUIDED_COMMANDS, Refused, Word, command, word
from chatd.client.ui.guided_stage import CHOICES, PROMPTS, Stage
from chatd.client.ui.guided_text import (
    HELP,
    MENU,
    NOT_CONNECTED,
    WELCOME,
    command_help,
    info,
    people_lines,
    plain,
    room_label,
    room_lines,
    update_lines,
)
from chatd.core.bidi import isolate
from chatd.core.events import RoomClosed
from chatd.core.sanitize import sanitize
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Ok, RoomList

_PEOPLE: Final = "people"
"""The tag of a request for the members of the room."""

_KEY: Final = "key"
_CONNECTION: Final = "connection"
"""The value of `_awaited` before the first connection."""


class GuidedMode(Frontend):
    """The frontend of a user who answers questions.

    `now` returns the time, in seconds since the epoch; `recent` is as in `Frontend`. `_awaited` is
    the command whose reply decides the next question; `_command` and `_username` are the answers so
    far, `_room` is the room that is asked for; `_question` asks for what is missing of a command.
    """

    def __init__(self, now: Callable[[], float] = time.time, recent: int = 0) -> None:
        super().__init__(recent)
        self._now = now
        self._question: Question | None = None
        self._stage = Stage.MENU
        self._awaited: str | None = _CONNECTION
        self._command = self._room = ""
        self._username = ""
        self._password = ""  # the last one typed, which is no room to start

    # -- input

    @property
    def prompt(self) -> Prompt | None:
        """The prompt of the next line; None while a reply is awaited."""
        if self._awaited is not None:
            return None
        if self._question is not None:
            return self._question.prompt
        if self._stage is Stage.CHAT and self._is_in_room:
            return Prompt(speaker=isolate(self.state.name))
        return PROMPTS[self._stage]

    def typed(self, line: str) -> list[Action]:
        """Return the actions for an answer, a command, or a message to the room."""
        if self._awaited is not None:
            return []
        match self._stage:
            case _ if self._question is not None:
                return self._answer(self._question, line)
            case Stage.MENU:
                return self._choose(line.strip())
            case Stage.USERNAME:
                self._username = line.strip()
                self._stage = Stage.PASSWORD if self._username else Stage.USERNAME
                return []
            case Stage.PASSWORD:
                return self._log_in(line.rstrip("\r\n"))  # a pasted line may have its newline
            case Stage.CHAT:
                return self._chat(line)

    @property
    def _is_in_room(self) -> bool:
        """Whether the user is in a room, or on the way back to one."""
        return self.state.current is not None or self.session.has_rooms_to_rejoin

    def on_interrupt(self) -> list[Action]:
        """Return the actions for Ctrl-C, Ctrl-D and the end of the input: the client ends."""
        return [Exit()]

    def _choose(self, choice: str) -> list[Action]:
        if word(choice) is Word.LOGOUT:
            return [Exit()]
        command = CHOICES.get(choice.lstrip("`/").casefold())
        if command is None:
            return [*MENU]
        self._command = command
        self._stage = Stage.USERNAME
        return []

    def _log_in(self, password: str) -> list[Action]:
        if not self.session.is_connected:
            return [NOT_CONNECTED, *self._restart()]
        self._password = password
        return self._wait_for(self._command, username=self._username, password=password)

    def _chat(self, line: str) -> list[Action]:
        typed_word = word(line)
        if typed_word is not None:
            return self._word(typed_word)
        try:
            request = command(line, self.state)
        except Refused as refused:
            return [info(str(refused), failed=True)]
        match request:
            case None:
                return self._say(line)
            case Question():
                self._question = request
                return []
            case _:
                return self._typed_command(request)

    def _say(self, line: str) -> list[Action]:
        if not line.strip():
            return []
        if not self.session.is_connected:
            return [NOT_CONNECTED]
        if self._is_in_room:
            return [self.session.send(Request("say", {"text": sanitize(line).rstrip("\n")}))]
        return self._choose_room(line.strip())

    def _choose_room(self, words: str) -> list[Action]:
        if words == self._password:  # typed again, as other programs ask for it twice
            return [info("This is your password, and was not sent.", failed=True)]
        return self._wait_for("enter", chatroom_id=words)

    def _word(self, typed: Word) -> list[Action]:  # noqa: PLR0911 -- a table
        """Return the actions for a word that is a command."""
        match typed:
            case Word.HELP:
                return [*HELP]
            case Word.LOGOUT if not self.session.is_connected:
                return [Exit(self._goodbye())]
            case _ if not self.session.is_connected:
                return [NOT_CONNECTED]
            case Word.LOGOUT:
                return self._wait_for("logout")
            case Word.LIST if self._is_in_room:
                current = self.state.current
                room = {} if current is None else {"chatroom_id": current}
                return [Send(Request("list", room, _PEOPLE))]
            case Word.LEAVE if self._is_in_room:
                return self._wait_for("quit")
            case Word.LIST | Word.LEAVE:
                return self._wait_for("list")

    def _typed_command(self, request: Request) -> list[Action]:  # noqa: PLR0911 -- a table
        """Return the actions for a command with a backtick or a slash."""
        match request.command:
            case "help":
                return [self._help(request)]
            case "exit":
                return [Exit(self._goodbye())]
            case "logout":
                return self._word(Word.LOGOUT)
            case "quit":
                return self._word(Word.LEAVE)
            case _ if not self.session.is_connected:
                return [NOT_CONNECTED]
            case "enter" | "join":
                # The name is that of the account.
                self.session.cancel_rejoin()
                named = request.arguments.keys() & {"chatroom_id", "key"}
                words = {name: request.arguments[name] for name in named}
                return self._wait_for(request.command, **words)
            case "list":
                return self._wait_for("list")
            case _:
                return [self.session.send(request)]

    def _help(self, request: Request) -> Line:  # noqa: ARG002 -- of a terminal
        return command_help()

    def _answer(self, asked: Question, line: str) -> list[Action]:
        request = asked.answer(line)
        if request is None:
            return []
        self._question = None
        if request.arguments.get(_KEY) == "":  # another room, then
            return []
        return self._typed_command(request)

    def _wait_for(self, command: str, **arguments: str) -> list[Action]:
        self._awaited = command
        self._room = arguments.get("chatroom_id", "")
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
        is_cut_off = awaited is not None and self._stage is not Stage.CHAT
        return [*actions, *self._restart()] if is_cut_off else actions

    def banner(self, text: str) -> list[Action]:
        """Return the actions for the words of a server that admits nobody."""
        return [info(isolate(sanitize(text)))]

    def _restart(self) -> list[Action]:
        self._stage, self._awaited = Stage.MENU, None
        self._question = None
        return [*MENU]

    def _goodbye(self) -> Line:
        return plain(f"Bye, {isolate(self.state.name)}")

    def _ask_for_rooms(self) -> list[Action]:
        """Show the rooms to a user in none, unless the next question is clear already."""
        is_clear = self._stage is not Stage.CHAT or self._awaited or self.session.is_rejoining
        if is_clear or self.state.current is not None:
            return []
        return self._wait_for("list")

    # -- output

    def _render(self, update: Update) -> list[Action]:
        match update:
            case Incoming():
                return self._incoming(update)
            case ConnectionStatus.BACK:
                return self._ask_for_rooms()
            case ConnectionStatus.LOG_IN_AGAIN:
                # A user at the menu, or typing a password, logs in there.
                menu = self._restart() if self._stage is Stage.CHAT else []
                return [info(update.value), *menu]
            case _:
                return self._shown(update)

    def _incoming(self, incoming: Incoming) -> list[Action]:
        match incoming.event:
            case Ok() | Error() as reply if self._is_awaited(reply):
                self._awaited = None
                return self._refused(reply) if isinstance(reply, Error) else self._replied(reply)
            case RoomList() as rooms:
                return [*self._listed(rooms)]
            case RoomClosed():
                return [*self._shown(incoming), *self._ask_for_rooms()]
            case event if self.state.is_own(event):
                # The notice of the administrator tells a user that they were moved; what another
                # session of the user did has no notice.
                lines = self._shown(incoming) if getattr(event, "is_self", False) else []
                return [*lines, *self._ask_for_rooms()]
            case _:
                return self._shown(incoming)

    def _shown(self, update: Update) -> list[Action]:
        return [*update_lines(update, self.state, self._now())]

    def _listed(self, rooms: RoomList) -> list[Line]:
        if rooms.tag == _PEOPLE:
            return people_lines(rooms, self.state)
        self._awaited = None
        return room_lines(rooms)

    def _is_awaited(self, reply: Ok | Error) -> bool:
        """Tell whether the user waits for this reply; that of a frame too long names no command."""
        return reply.tag is None and reply.command in (self._awaited, None)

    def _replied(self, reply: Ok) -> list[Action]:
        match reply.command:
            case "register" | "login":
                self._stage = Stage.CHAT
                # Another session of the account may be in a room already.
                current = self.state.current
                joined = [] if current is None else self._welcome(reply, current)
                return [plain(reply.text), *joined, *self._ask_for_rooms()]
            case "enter" | "join":
                return self._welcome(reply, str(reply.data.get("room")))
            case "quit":
                room = isolate(str(reply.data.get("room")))
                return [plain(f"Left {room} group"), *self._ask_for_rooms()]
            case _:
                self._awaited = reply.command  # the client ends, and asks nothing more
                return [Exit(plain(reply.text))]

    def _welcome(self, reply: Ok, room: str) -> list[Action]:
        """Return the actions for the room that the user is now in; `reply` says so."""
        label = room_label(room, reply.data.get("room_name"))
        return [plain(f"Joined {label} group as {isolate(self.state.name)}"), *WELCOME]

    def _refused(self, error: Error) -> list[Action]:
        words = plain(error.text)
        if self._stage is not Stage.CHAT:
            return [words, *self._restart()]
        if error.code == "wrong-key":
            command = GUIDED_COMMANDS[error.command or "enter"]
            self._question = Question(command, {"chatroom_id": self._room}, also=_KEY)
        return [words, *(self._ask_for_rooms() if error.command == "quit" else [])]
