"""The conversation with a server: what is typed becomes requests, what comes becomes lines.

Pure: knows no connection and no screen. Each method takes one thing that has happened and returns
what is to be done about it, as actions; the state follows the server's answers. What a screen gets
is cleaned here, whoever sent it: a server is no more to be trusted than a chatter.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from chatd.client.actions import (
    NOT_CONNECTED,
    Action,
    Address,
    Ask,
    AskLater,
    Connect,
    Disconnect,
    Exit,
    Line,
    StayAway,
)
from chatd.client.comeback import TAG, Comeback
from chatd.client.commands import LINE_COMMANDS
from chatd.client.whereabouts import Whereabouts
from chatd.core.errors import ChatError
from chatd.core.events import Event, Joined, Left, RoomEvent, Said, Whispered
from chatd.core.safety import clean
from chatd.wire import text
from chatd.wire.answers import Answer, Closing, Refusal, Reply
from chatd.wire.commands import Request, help_text

_LAST_PORT = 65535


class Conversation:
    """One person's, over however many connections; `where` is what is known of his place.

    `server` is the server last connected to.
    """

    def __init__(self) -> None:
        self.where = Whereabouts()
        self.server: Address | None = None
        self._connected = False
        self._asked_to_connect = False
        self._comeback: Comeback | None = None
        self._own: dict[str, Callable[[Request], list[Action]]] = {
            "help": self._help,
            "connect": self._connect,
            "disconnect": self._disconnect,
            "exit": lambda _: [Exit()],
        }

    @property
    def coming_back(self) -> bool:
        """Whether the way back into the rooms has begun and not ended."""
        return self._connected and self._comeback is not None

    # -- the person

    def start(self, address: Address) -> list[Action]:
        """Return what to do to be connected to the server at `address`."""
        self.server = address
        return [Connect(address)]

    def typed(self, line: str) -> list[Action]:
        """Return what to do about a line that was typed."""
        try:
            request = text.decode(clean(line).rstrip("\n"), LINE_COMMANDS)
        except ChatError as error:
            return [self._line(Refusal(None, error.code, error.text))]
        if request.command in self._own:
            return self._own[request.command](request)
        if not self._connected:
            return [NOT_CONNECTED]
        return [Ask(self._named(request))]

    def leads_away(self, line: str) -> bool:
        """Tell whether a line, once typed, ends what there is with the server."""
        words = line.removeprefix(text.COMMAND_SIGN).split()
        return line.startswith(text.COMMAND_SIGN) and words[:1] in (["connect"], ["disconnect"])

    def _help(self, _: Request) -> list[Action]:
        return [Line(f"\n{help_text(LINE_COMMANDS.values())}", stamped=False)]

    def _connect(self, request: Request) -> list[Action]:
        host, port = request.arguments["host"], request.arguments["port"]
        try:
            address = parse_address(host, port)
        except ValueError as error:
            return [Line(str(error))]
        if self._comeback is not None and not self._connected and address == self.server:
            return [Line("Trying again."), Connect(address, faithful=True)]
        self._left()
        self._asked_to_connect = True
        return self.start(address)

    def _disconnect(self, _: Request) -> list[Action]:
        if not self._connected and self._comeback is None:
            return [NOT_CONNECTED]
        self._left()
        return [Disconnect(), Line("Disconnected.")]

    def _named(self, request: Request) -> Request:
        """Return a request to join with the name that was held before, if it was left out."""
        if request.command not in {"join", "enter"}:
            return request
        self._comeback = None  # the person has chosen another way
        if not self.where.name or "chatter_name" in request.arguments:
            return request
        arguments = {**request.arguments, "chatter_name": self.where.name}
        return Request(request.command, arguments, request.tag)

    def _left(self) -> None:
        self._connected = False
        self._comeback = None
        self.where = Whereabouts()

    # -- the connection

    def connected(self) -> list[Action]:
        """Return what to do now that there is a connection."""
        self._connected = True
        asked, self._asked_to_connect = self._asked_to_connect, False
        if self._comeback is not None:
            return [Line("Connected again."), *self._next_step()]
        return [Line("Connected.")] if asked else []

    def not_connected(self) -> list[Action]:
        """Return what to do now that there is no connection and none is tried for."""
        self._connected = self._asked_to_connect = False
        self._comeback = None
        return [NOT_CONNECTED]

    def lost(self, *, coming_back: bool) -> list[Action]:
        """Return what to do about a connection that has ended; `coming_back` if another is tried for."""
        self._connected = False
        where, before = self.where, self._comeback
        rooms = (*where.rooms, *before.rooms) if before is not None else tuple(where.rooms)
        current = before.current if before is not None and before.current else where.current
        where.leave_all()
        if not coming_back:
            self._comeback = None
            return [NOT_CONNECTED]
        self._comeback = Comeback(where.name, rooms, current)
        return [Line("Connection lost.")]

    # -- the server

    def greeted(self, words: str) -> list[Action]:
        """Return what to do about words in plain text, from a server that does not speak JSON yet."""
        return [Line(clean(words))]

    def received(self, event: Event | Answer) -> list[Action]:
        """Return what to do about something the server tells."""
        if isinstance(event, Reply | Refusal) and event.tag == TAG and self._comeback is not None:
            return self._came_back(event)
        return self._shown(event)

    def try_again(self) -> list[Action]:
        """Go on with the way back into the rooms: some time has passed."""
        return self._next_step() if self.coming_back else []

    def _shown(self, event: Event | Answer) -> list[Action]:
        hidden = self.where.is_own(event) or _is_formality(event)
        line = self._line(event)  # before the room is left: a room that is closed has its tag
        self.where.note(event)
        shown: list[Action] = [] if hidden else [line]
        if isinstance(event, Closing) and not event.retry:
            shown.append(StayAway())
        return shown

    def _came_back(self, answer: Reply | Refusal) -> list[Action]:
        assert self._comeback is not None
        if isinstance(answer, Refusal) and answer.code == "name-in-use":
            return self._wait_for_name(answer)
        shown = self._shown(answer)
        self._comeback.answered()
        return [*shown, *self._next_step()]

    def _wait_for_name(self, answer: Refusal) -> list[Action]:
        assert self._comeback is not None
        is_news = not self._comeback.has_waited
        seconds = self._comeback.pause()
        if seconds is None:
            self._comeback = None
            return self._shown(answer)
        told: list[Action] = [Line("Your name is still in use. Trying again...")] if is_news else []
        return [*told, AskLater(seconds)]

    def _next_step(self) -> list[Action]:
        request = self._comeback.request(self.where) if self._comeback is not None else None
        if request is None:
            self._comeback = None
            return []
        return [Ask(request)]

    def _line(self, event: Event | Answer) -> Line:
        tagged = len(self.where.rooms) > 1 and isinstance(event, RoomEvent)
        room = event.room if isinstance(event, RoomEvent) else None
        said = event.text if isinstance(event, Said | Whispered) else None
        return Line(
            clean(text.render(event, room_tags=tagged)),
            tag=clean(f"[{room}] ") if tagged and room is not None else "",
            name=clean(_whose(event)),
            talk=said is not None,
            mention=_mention(clean(said or ""), self.where.name),
            time=getattr(event, "time", None),
        )


def parse_address(host: str, port: str) -> Address:
    """Return the address in two words; raise `ValueError`, its message for people, if it is none."""
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= _LAST_PORT):
        raise ValueError(f"Not a port: {port} (1 to {_LAST_PORT}).")
    return Address(host, int(port))


def _whose(event: Event | Answer) -> str:
    match event:
        case Said() | Whispered():
            return event.sender
        case Joined() | Left():
            return event.who
        case _:
            return getattr(event, "sender", "Server")


def _mention(words: str, name: str) -> str:
    """Return `name` as it is written in `words`, or "" if it is not in there as a word."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words, re.IGNORECASE) if name else None
    return found[0] if found else ""


def _is_formality(event: Event | Answer) -> bool:
    return isinstance(event, Reply) and event.command in {"format", "exit"}
