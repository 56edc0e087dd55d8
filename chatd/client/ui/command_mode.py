"""Command mode: the user types messages and commands, which become requests; events become lines.

The events and replies that arrive here are sanitized (frontend.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from chatd.client.model.effects import (
    Backfill,
    ConnectionStatus,
    Incoming,
    Recent,
    Unconfirmed,
    Update,
)
from chatd.client.model.phase import Phase
from chatd.client.model.startup import NO_STARTUP, Startup
from chatd.client.model.state import rooms_of
from chatd.client.ui.commands import LINE_COMMANDS, Question, question
from chatd.client.ui.frontend import (
    NOT_CONNECTED,
    Action,
    Address,
    Connect,
    Exit,
    Frontend,
    Hangup,
    Line,
    Prompt,
)
from chatd.client.ui.received import is_shown
from chatd.client.ui.render import (
    MISSED_LOOK,
    SECRET_LOOK,
    backfill_heading,
    backfill_line,
    mention,
    unconfirmed_text,
)
from chatd.client.ui.requests import DEPENDING_ON_ROOMS, as_sent
from chatd.core.bidi import isolate
from chatd.core.errors import ChatError
from chatd.core.events import Event, Joined, Left, Message, PrivateMessage, RoomEvent
from chatd.core.sanitize import sanitize
from chatd.protocol import text
from chatd.protocol.command import Request, help_text
from chatd.protocol.error_text import error_text
from chatd.protocol.received import Error, Ok, Reply

PROMPT: Final = Prompt("😄 :> ")
PLAIN_PROMPT: Final = Prompt(":> ")

_LAST_PORT = 65535
_QUITTING = Line("quitting...", stamped=False)


class CommandMode(Frontend):
    """The frontend of a user who types commands.

    `startup` is what it does by itself on the first connection. To log in it asks for the password
    first, and connects with the answer. `recent` is as in `Frontend`. `default_prompt`
    is the one of messages and commands.
    """

    def __init__(self, startup: Startup = NO_STARTUP, recent: int = 0) -> None:
        super().__init__(recent)
        self.default_prompt = PROMPT
        self._startup: Startup | None = startup
        self._login: Request | None = None
        self._asks_first = self._is_logging_in = False
        self._name = startup.name
        self._question: Question | None = None
        self._asked_to_connect = False
        self._local_commands: dict[str, Callable[[Request], list[Action]]] = {
            "help": self._help,
            "connect": self._connect,
            "disconnect": self._disconnect,
            "exit": lambda _: [Exit(_QUITTING)],
        }

    # -- on the first connection

    def start(self, address: Address) -> list[Action]:
        """Return the actions that connect to a server, unless a password is asked for first."""
        self.server = address
        startup = self._startup
        if startup is None or startup.account is None or startup.token is not None:
            return self._connect_to(address)
        self._asks_first = True
        self._question = Question(LINE_COMMANDS["login"], {"username": startup.account})
        return []

    @property
    def is_rejoining(self) -> bool:
        """Whether the session is on its way to its rooms, for the first time or again."""
        return self._is_logging_in or super().is_rejoining

    def _connect_to(self, address: Address) -> list[Action]:
        return [Connect(address)]

    def _begin(self) -> list[Request]:
        """Return the first requests on the first connection."""
        startup = self._startup
        if startup is None:
            return []
        self._is_logging_in = startup.token is not None or self._login is not None
        if startup.token is not None:
            return [Request("recall", {"token": startup.token})]
        if self._login is not None:
            request, self._login = self._login, None
            return [request]
        self._startup = None
        return startup.enter(startup.name)

    def _enter_rooms(self, reply: Event | Reply) -> list[Action]:
        """Return the requests that follow the first login."""
        is_login = isinstance(reply, Ok | Error) and reply.command in {"login", "recall"}
        if self._startup is None or not is_login or self._asks_first:
            return []
        self._is_logging_in = False
        startup, self._startup = self._startup, None
        requests = startup.enter(self.state.name) if isinstance(reply, Ok) else []
        return [self.session.send(request) for request in requests]

    # -- input

    @property
    def prompt(self) -> Prompt:
        """The prompt of the next line."""
        return self._question.prompt if self._question is not None else self.default_prompt

    def typed(self, line: str) -> list[Action]:
        """Return the actions for a message, a command, or several commands pasted together."""
        if self._question is None and line.startswith(text.COMMAND_PREFIX):
            return [action for each in line.splitlines() for action in self._typed(each)]
        return self._typed(line)

    def on_interrupt(self) -> list[Action]:
        """Return the actions for Ctrl-C or Ctrl-D: a question is dropped, else the client ends."""
        if self._question is not None and not self._asks_first:
            self._question = None
            return []
        return [Exit(_QUITTING)]

    def awaits_replies(self, line: str) -> bool:
        """Tell whether a line may be typed only when all requests before it are answered.

        It ends the connection, or what it asks for depends on the rooms that the user is in.
        """
        if self._question is not None or not line.startswith(text.COMMAND_PREFIX):
            return False
        words = line.removeprefix(text.COMMAND_PREFIX).lower().split()
        return bool(words) and words[0] in {"connect", "disconnect", *DEPENDING_ON_ROOMS}

    def _typed(self, line: str) -> list[Action]:
        if self._question is not None:
            return self._answer(self._question, line)
        self._question = question(sanitize(line))
        if self._question is not None:
            return []
        try:
            typed = text.decode(sanitize(line).rstrip("\n"), LINE_COMMANDS)
            request = as_sent(typed, self.state)
        except ChatError as error:
            return [self._line(Incoming(Error(None, error.code, error_text(error)), 0))]
        return self._request(request)

    def _answer(self, asked: Question, line: str) -> list[Action]:
        request = asked.answer(line)
        if request is None:
            return []
        self._question = None
        if self._asks_first and self.server is not None:
            self._asks_first, self._login = False, request
            return self._connect_to(self.server)
        return self._request(request)

    def _request(self, request: Request) -> list[Action]:
        if request.command in self._local_commands:
            return self._local_commands[request.command](request)
        if not self.session.is_connected:
            return [NOT_CONNECTED]
        return [self.session.send(self._with_name(request))]

    def _help(self, _: Request) -> list[Action]:
        return [Line(f"\n{help_text(LINE_COMMANDS.values())}", stamped=False)]

    def _connect(self, request: Request) -> list[Action]:
        host, port = request.arguments["host"], request.arguments["port"]
        try:
            address = parse_address(host, port)
        except ValueError as error:
            return [Line(str(error))]
        if self.session.phase is Phase.CONNECTING and address == self.server:
            return [Line("Trying again."), Connect(address, retry_first=True)]
        if address != self.server:  # no other server gets the password or the token
            self._startup = self._login = None
        self.session.reset()
        self._asked_to_connect = True
        return self.start(address)

    def _disconnect(self, _: Request) -> list[Action]:
        if self.session.phase is Phase.OFFLINE:
            return [NOT_CONNECTED]
        self.session.reset()
        return [Hangup(), Line("Disconnected.")]

    def _with_name(self, request: Request) -> Request:
        """Return a request to join with the user's name, if the user left it out."""
        if request.command not in {"join", "enter"}:
            return request
        self.session.cancel_rejoin()
        name = self.state.name or self._name
        if not name or "chatter_name" in request.arguments:
            return request
        arguments = {**request.arguments, "chatter_name": name}
        return Request(request.command, arguments, request.tag)

    # -- the connection

    def connected(
        self, token: str | None = None, about: Mapping[str, object] = MappingProxyType({})
    ) -> list[Action]:
        """Return the actions for a new connection."""
        asked, self._asked_to_connect = self._asked_to_connect, False
        actions = super().connected(token, about)
        actions += map(self.session.send, self._begin())
        return actions or ([Line("Connected.")] if asked else [])

    def handle(self, event: Event | Reply) -> list[Action]:
        """Return the actions for an event or a reply of the server, whose text is not trusted."""
        return [*super().handle(event), *self._enter_rooms(event)]

    def not_connected(self) -> list[Action]:
        """Return the actions for a connection that cannot be made, and is not tried again."""
        self._asked_to_connect = self._is_logging_in = False
        self.session.not_connected()
        return [NOT_CONNECTED]

    def disconnected(self, *, reconnecting: bool) -> list[Action]:
        """Return the actions for a lost connection."""
        self._is_logging_in = False
        actions = self._actions(self.session.disconnected(reconnecting=reconnecting))
        return actions if reconnecting else [*actions, NOT_CONNECTED]

    # -- output

    def _render(self, update: Update) -> list[Action]:
        match update:
            case Incoming():
                return self._incoming(update)
            case Backfill():
                heading = Line(backfill_heading(update), look=MISSED_LOOK)
                lines = map(backfill_line, update.messages)
                return [heading, *lines] if update.first else [*lines]
            case Unconfirmed():
                return [Line(unconfirmed_text(update.text), failed=True)]
            case Recent() | ConnectionStatus.BACK:
                return []
            case ConnectionStatus.LOG_IN_AGAIN:
                return [Line(f"{update.value[:-1]}: `login {isolate(self.state.name)}")]
            case _:
                return [Line(update.value)]

    def _incoming(self, incoming: Incoming) -> list[Action]:
        event = incoming.event
        if not is_shown(event):
            return []
        # The administrator's notice tells a user that they were moved; what another session of the
        # user did has no notice.
        if self.state.is_own(event) and not getattr(event, "is_self", False):
            return []
        rooms = rooms_of(event) if isinstance(event, Ok) else ()
        words = (f"Server: You are in chatroom {isolate(room)}" for room in rooms)
        return [self._line(incoming), *(Line(each, name="Server") for each in words)]

    def _line(self, incoming: Incoming) -> Line:
        event = incoming.event
        room = event.room if isinstance(event, RoomEvent) else None
        has_tag = incoming.room_count > 1 and isinstance(event, RoomEvent)
        said = event.text if isinstance(event, Message | PrivateMessage) else None
        return Line(
            text.render(event, room_tags=has_tag),
            tag=f"[{isolate(room)}] " if has_tag and room is not None else "",
            name=_subject(event),
            talk=said is not None,
            mention=mention(said or "", self.state.name),
            time=getattr(event, "time", None),
            look=SECRET_LOOK if isinstance(event, PrivateMessage) else "",
        )


def parse_address(host: str, port: str) -> Address:
    """Return an address; raise `ValueError` with the words for the user if it is none."""
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= _LAST_PORT):
        raise ValueError(f"Not a port: {port} (1 to {_LAST_PORT}).")
    return Address(host, int(port))


def _subject(event: Event | Reply) -> str:
    """Return the name that a line starts with."""
    match event:
        case Message() | PrivateMessage():
            return event.sender
        case Joined() | Left():
            return event.name
        case _:
            return getattr(event, "sender", "Server")
