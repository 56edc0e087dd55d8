"""The conversation in commands: what is typed becomes requests, what comes becomes lines.

Pure, as every way of talking. What a screen gets is cleaned here, whoever sent it: a server is no
more to be trusted than a chatter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chatd.client.model.updates import Happening, Missed, News, Turn, Undelivered
from chatd.client.ui.commands import LINE_COMMANDS, Question, question
from chatd.client.ui.effects import (
    NOT_CONNECTED,
    Action,
    Address,
    Connect,
    Exit,
    Hangup,
    Line,
    Prompt,
)
from chatd.client.ui.frontend import Talk
from chatd.client.ui.lines import (
    MISSED_LOOK,
    mention,
    missed_heading,
    missed_line,
    undelivered_words,
)
from chatd.core.errors import ChatError
from chatd.core.events import Event, Joined, Left, Message, PrivateMessage, RoomEvent
from chatd.core.sanitize import sanitize
from chatd.protocol import text
from chatd.protocol.commands import Request, help_text
from chatd.protocol.received import Error, Ok, Reply

PROMPT: Final = Prompt("😄 :> ")

_LAST_PORT = 65535
_QUITTING = Line("quitting...", stamped=False)


class Conversation(Talk):
    """One person's, in commands and messages."""

    def __init__(self) -> None:
        super().__init__()
        self._question: Question | None = None
        self._asked_to_connect = False
        self._own: dict[str, Callable[[Request], list[Action]]] = {
            "help": self._help,
            "connect": self._connect,
            "disconnect": self._disconnect,
            "exit": lambda _: [Exit(_QUITTING)],
        }

    # -- the person

    @property
    def prompt(self) -> Prompt:
        """What stands before what is typed next."""
        return self._question.prompt if self._question is not None else PROMPT

    def typed(self, line: str) -> list[Action]:
        """Return what to do about what was typed: a message, a command, or several of these."""
        if self._question is None and line.startswith(text.COMMAND_PREFIX):
            return [action for one in line.splitlines() for action in self._typed(one)]
        return self._typed(line)

    def interrupted(self) -> list[Action]:
        """Return what to do about Ctrl-C or Ctrl-D: no answer to a question, or the end."""
        if self._question is not None:
            self._question = None
            return []
        return [Exit(_QUITTING)]

    def leads_away(self, line: str) -> bool:
        """Tell whether a line, once typed, ends what there is with the server."""
        if self._question is not None:
            return False
        words = line.removeprefix(text.COMMAND_PREFIX).split()
        return line.startswith(text.COMMAND_PREFIX) and words[:1] in (["connect"], ["disconnect"])

    def _typed(self, line: str) -> list[Action]:
        if self._question is not None:
            return self._answered(self._question, line)
        self._question = question(sanitize(line))
        if self._question is not None:
            return []
        try:
            return self._asked(text.decode(sanitize(line).rstrip("\n"), LINE_COMMANDS))
        except ChatError as error:
            return [self._line(News(Error(None, error.code, text.error_text(error)), 0))]

    def _answered(self, asked: Question, line: str) -> list[Action]:
        request = asked.answer(line)
        if request is None:
            return []
        self._question = None
        return self._asked(request)

    def _asked(self, request: Request) -> list[Action]:
        if request.command in self._own:
            return self._own[request.command](request)
        if not self.presence.is_connected:
            return [NOT_CONNECTED]
        return [self.presence.send(self._named(request))]

    def _help(self, _: Request) -> list[Action]:
        return [Line(f"\n{help_text(LINE_COMMANDS.values())}", stamped=False)]

    def _connect(self, request: Request) -> list[Action]:
        host, port = request.arguments["host"], request.arguments["port"]
        try:
            address = parse_address(host, port)
        except ValueError as error:
            return [Line(str(error))]
        is_awaited = self.presence.comeback is not None and not self.presence.is_connected
        if is_awaited and address == self.server:
            return [Line("Trying again."), Connect(address, faithful=True)]
        self.presence.forget()
        self._asked_to_connect = True
        return self.start(address)

    def _disconnect(self, _: Request) -> list[Action]:
        if not self.presence.is_connected and self.presence.comeback is None:
            return [NOT_CONNECTED]
        self.presence.forget()
        return [Hangup(), Line("Disconnected.")]

    def _named(self, request: Request) -> Request:
        """Return a request to join with the name that was held before, if it was left out."""
        if request.command not in {"join", "enter"}:
            return request
        self.presence.go_elsewhere()
        if not self.where.name or "chatter_name" in request.arguments:
            return request
        arguments = {**request.arguments, "chatter_name": self.where.name}
        return Request(request.command, arguments, request.tag)

    # -- the connection

    def connected(self, session: str | None = None) -> list[Action]:
        """Return what to do now that there is a connection."""
        asked, self._asked_to_connect = self._asked_to_connect, False
        told = super().connected(session)
        return told or ([Line("Connected.")] if asked else [])

    def not_connected(self) -> list[Action]:
        """Return what to do now that there is no connection and none is tried for."""
        self._asked_to_connect = False
        self.presence.not_connected()
        return [NOT_CONNECTED]

    def lost(self, *, coming_back: bool) -> list[Action]:
        """Return what to do about a connection that has ended."""
        told = self._on_terminate(self.presence.lost(coming_back=coming_back))
        return told if coming_back else [*told, NOT_CONNECTED]

    # -- what is shown

    def _tell(self, happening: Happening) -> list[Action]:
        match happening:
            case News():
                hidden = self.where.is_own(happening.event) or _is_formality(happening.event)
                return [] if hidden else [self._line(happening)]
            case Missed():
                heading = Line(missed_heading(happening), look=MISSED_LOOK)
                said = map(missed_line, happening.messages)
                return [heading, *said] if happening.first else [*said]
            case Undelivered():
                return [Line(undelivered_words(happening.text), failed=True)]
            case Turn.BACK:
                return []
            case Turn.LOG_IN_AGAIN:
                return [Line(sanitize(f"{happening.value[:-1]}: `login {self.where.name}"))]
            case _:
                return [Line(happening.value)]

    def _line(self, news: News) -> Line:
        event = news.event
        for_room_count = news.in_rooms > 1 and isinstance(event, RoomEvent)
        room = event.room if isinstance(event, RoomEvent) else None
        said = event.text if isinstance(event, Message | PrivateMessage) else None
        return Line(
            sanitize(text.render(event, room_tags=for_room_count)),
            tag=sanitize(f"[{room}] ") if for_room_count and room is not None else "",
            name=sanitize(_whose(event)),
            talk=said is not None,
            mention=mention(sanitize(said or ""), self.where.name),
            time=getattr(event, "time", None),
        )


def parse_address(host: str, port: str) -> Address:
    """Return the address in two words; raise `ValueError`, its message for people, if it is none."""
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= _LAST_PORT):
        raise ValueError(f"Not a port: {port} (1 to {_LAST_PORT}).")
    return Address(host, int(port))


def _whose(event: Event | Reply) -> str:
    match event:
        case Message() | PrivateMessage():
            return event.sender
        case Joined() | Left():
            return event.name
        case _:
            return getattr(event, "sender", "Server")


def _is_formality(event: Event | Reply) -> bool:
    return isinstance(event, Ok) and event.command in {"format", "exit"}
