"""The guided talk: it asks for what it needs, a question after another, and then it is a chat room.

Pure, as every way of talking, and with the same presence. No commands but three words in capitals.
What is asked next follows from how far one is (`_stage`), from the room one is in, and from the
answer that is waited for, if any.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from chatd.client.model.updates import Happening, Missed, News, Turn, Undelivered
from chatd.client.ui.effects import Action, Ask, Exit, Line, Prompt
from chatd.client.ui.frontend import Talk
from chatd.client.ui.guided_words import (
    chat_line,
    info,
    news_lines,
    people_lines,
    plain,
    room_lines,
)
from chatd.client.ui.lines import missed_heading, missed_line, undelivered_words
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
"""The tag of a request for the people in the room."""

_CONNECTION: Final = "connection"
"""What is awaited at the start."""


class _Stage(Enum):
    """How far one is."""

    MENU = auto()
    USERNAME = auto()
    PASSWORD = auto()
    CHAT = auto()


_PROMPTS: Final = {
    _Stage.MENU: Prompt("Command: "),
    _Stage.USERNAME: Prompt("Enter username: "),
    _Stage.PASSWORD: Prompt("Enter password: ", hidden=True),
    _Stage.CHAT: Prompt("Join a Chat Room or Create New: "),
}


class Guided(Talk):
    """One person's; `_awaited` is the command whose answer decides what is asked next.

    `_command` and `_username` are what was answered so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stage = _Stage.MENU
        self._awaited: str | None = _CONNECTION
        self._command = ""
        self._username = ""

    # -- the person

    @property
    def prompt(self) -> Prompt | None:
        """What stands before what is typed next."""
        if self._awaited is not None:
            return None
        if self._stage is _Stage.CHAT and self._is_in_room:
            return Prompt(speaker=sanitize(self.where.name))
        return _PROMPTS[self._stage]

    def typed(self, line: str) -> list[Action]:
        """Return what to do about the answer to what was asked, or about what was said in a room."""
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
                return self._log_in(line.rstrip("\r\n"))  # pasted, it may have its end
            case _Stage.CHAT:
                return self._chat(line)

    @property
    def _is_in_room(self) -> bool:
        """Whether one is in a room, or on the way back."""
        return self.where.current is not None or self.presence.comeback is not None

    def interrupted(self) -> list[Action]:
        """Return what to do about Ctrl-C, Ctrl-D and the end of input: leave."""
        return [Exit()]

    def _choose(self, choice: str) -> list[Action]:
        if choice not in _CHOICES:
            return [*_MENU]
        self._command = _CHOICES[choice]
        self._stage = _Stage.USERNAME
        return []

    def _log_in(self, password: str) -> list[Action]:
        if not self.presence.is_connected:
            return [info("Not connected.", failed=True), *self._begin()]
        return self._wait_for(self._command, username=self._username, password=password)

    def _chat(self, line: str) -> list[Action]:
        if not self.presence.is_connected:
            return [info("Not connected.", failed=True)]
        return self._in_room(line) if self._is_in_room else self._at_the_door(line.strip())

    def _at_the_door(self, words: str) -> list[Action]:
        if words == "LOGOUT":
            return self._wait_for("logout")
        return self._wait_for("enter", chatroom_id=words) if words else []

    def _in_room(self, line: str) -> list[Action]:
        match line.strip():
            case "":
                return []
            case "LIST":
                return [Ask(Request("list", tag=_PEOPLE))]
            case "LEAVE":
                return self._wait_for("quit")
            case "LOGOUT":
                return self._wait_for("logout")
            case _:
                return [self.presence.send(Request("say", {"text": sanitize(line).rstrip("\n")}))]

    def _wait_for(self, command: str, **arguments: str) -> list[Action]:
        self._awaited = command
        return [self.presence.send(Request(command, arguments))]

    # -- the connection

    def connected(self, session: str | None = None) -> list[Action]:
        """Return what to do now that there is a connection: begin, or come back."""
        is_first = self._awaited == _CONNECTION
        told = super().connected(session)
        return [*told, *self._begin()] if is_first else told

    def not_connected(self) -> list[Action]:
        """Return what to do now that there is no connection and none is tried for: end."""
        self.presence.not_connected()
        return [plain(f"Not connected to {self.server}."), Exit(failed=True)]

    def lost(self, *, coming_back: bool) -> list[Action]:
        """Return what to do about a connection that has ended."""
        awaited, self._awaited = self._awaited, None
        if awaited == "logout":
            return [Exit(self._goodbye())]
        told = self._on_terminate(self.presence.lost(coming_back=coming_back))
        if not coming_back:
            return [*told, info("Not connected.", failed=True), Exit(failed=True)]
        is_cut_off = awaited is not None and self._stage is not _Stage.CHAT
        return [*told, *self._begin()] if is_cut_off else told

    def greeted(self, words: str) -> list[Action]:
        """Return what to do about words in plain text, from a server that does not speak JSON yet."""
        return [info(words)]

    def _begin(self) -> list[Action]:
        self._stage, self._awaited = _Stage.MENU, None
        return [*_MENU]

    def _goodbye(self) -> Line:
        return plain(f"Bye, {self.where.name}")

    def _ask_for_rooms(self) -> list[Action]:
        """Show the rooms to who is in none, unless it is clear already what comes next."""
        is_clear = self._stage is not _Stage.CHAT or self._awaited or self.presence.coming_back
        if is_clear or self.where.current is not None:
            return []
        return self._wait_for("list")

    # -- what is shown

    def _tell(self, happening: Happening) -> list[Action]:
        match happening:
            case News():
                return self._news(happening.event)
            case Missed():
                heading = info(missed_heading(happening))
                said = map(missed_line, happening.messages)
                return [heading, *said] if happening.first else [*said]
            case Undelivered():
                return [info(undelivered_words(happening.text), failed=True)]
            case Turn.BACK:
                return self._ask_for_rooms()
            case Turn.LOG_IN_AGAIN:
                # Who is being asked already goes on there: he may be typing his password.
                menu = self._begin() if self._stage is _Stage.CHAT else []
                return [info(happening.value), *menu]
            case _:
                return [info(happening.value)]

    def _news(self, event: Event | Reply) -> list[Action]:
        match event:
            case Ok() | Error() if self._is_awaited(event):
                self._awaited = None
                return self._refused(event) if isinstance(event, Error) else self._answered(event)
            case RoomList():
                return [*self._listed(event)]
            case Message():
                return [chat_line(event, self.where.name)]
            case RoomClosed():
                return [*news_lines(event), *self._ask_for_rooms()]
            case _ if self.where.is_own(event):
                return self._ask_for_rooms()
            case _:
                return [*news_lines(event)]

    def _listed(self, rooms: RoomList) -> list[Line]:
        if rooms.tag == _PEOPLE:
            return people_lines(rooms, self.where)
        self._awaited = None
        return room_lines(rooms)

    def _is_awaited(self, answer: Ok | Error) -> bool:
        """Tell whether this is the answer that is waited for; of what is too long, no more is told."""
        return answer.tag is None and answer.command in (self._awaited, None)

    def _answered(self, reply: Ok) -> list[Action]:
        room = reply.data.get("room")
        match reply.command:
            case "register" | "login":
                self._stage = _Stage.CHAT
                return [plain(reply.text), *self._ask_for_rooms()]
            case "enter":
                return [plain(f"Joined {room} group as {self.where.name}"), *_WELCOME]
            case "quit":
                return [plain(f"Left {room} group"), *self._ask_for_rooms()]
            case _:
                self._awaited = reply.command  # nothing more is asked
                return [Exit(plain(reply.text))]

    def _refused(self, refusal: Error) -> list[Action]:
        words = plain(refusal.text)
        if self._stage is not _Stage.CHAT:
            return [words, *self._begin()]
        return [words, *(self._ask_for_rooms() if refusal.command == "quit" else [])]
