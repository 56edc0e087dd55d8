"""One connection: who it is, what it asks for, what it is answered.

A frame comes in, the dialect makes a request of it, the chat is asked, an answer goes out: one
request at a time, also where one takes a while. A refusal becomes an answer here and nowhere else;
a fault of ours is logged with its traceback and closes this connection only. Knows no socket: the
door gives it an `IOutlet` and is told when the next frame may come.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, ClassVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.core import errors
from chatd.core.chat import Chat
from chatd.core.events import Address, Reason
from chatd.core.rooms import Chatter, Room
from chatd.delivery import Delivery, Listener
from chatd.interfaces import IOutlet
from chatd.journal import Journal
from chatd.wire.answers import FAULT, SHUTDOWN, Answer, Closing, Refusal, Reply, RoomList
from chatd.wire.commands import CLIENT_COMMANDS, Request, help_text
from chatd.wire.dialects import json_dialect, text_dialect
from chatd.wire.framing import Framing
from chatd.wire.json import RefusedRequestError

_log = Logger(namespace="chatd")
_Answered = Answer | None | Coroutine[Any, Any, Answer | None]


class Sessions:
    """All open connections, and what they have in common.

    `now` returns seconds since the epoch; `show_addresses`: whether clients see where others are.
    """

    def __init__(
        self,
        chat: Chat,
        delivery: Delivery,
        journal: Journal,
        now: Callable[[], float],
        *,
        show_addresses: bool = True,
    ) -> None:
        self.chat = chat
        self.delivery = delivery
        self.journal = journal
        self.now = now
        self.show_addresses = show_addresses
        self._open: dict[Session, None] = {}
        self._all_gone: Deferred[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._open)

    def connect(self, address: Address, outlet: IOutlet, on_idle: Callable[[], None]) -> Session:
        """Return the session of a new connection; `on_idle` is called when it can take a frame again."""
        session = Session(self, address, outlet, on_idle)
        self._open[session] = None
        self.journal.connected(address)
        return session

    def disconnected(self, session: Session) -> None:
        """Forget a connection that has ended."""
        del self._open[session]
        self.journal.disconnected(session.address)
        if self._all_gone is not None and not self._open:
            self._all_gone.callback(None)

    def shut_down(self) -> Deferred[None]:
        """Withdraw everybody, say why, and close all connections; fires when they are closed."""
        for session in self._open:
            self.chat.withdraw(session.chatter)
        for session in list(self._open):
            session.close(SHUTDOWN)
        self._all_gone = Deferred()
        if not self._open:
            self._all_gone.callback(None)
        return self._all_gone


class Session:
    """One connection. `busy` while a request is being carried out, `closed` once it takes no more."""

    def __init__(
        self, sessions: Sessions, address: Address, outlet: IOutlet, on_idle: Callable[[], None]
    ) -> None:
        self.address = address
        self.chatter = Chatter(address)
        self.connected_at = sessions.now()
        self.busy = False
        self.closed = False
        self.outlet = outlet
        self._sessions = sessions
        self._chat = sessions.chat
        self._delivery = sessions.delivery
        self._on_idle = on_idle
        self._listener: Listener | None = None
        self._lost = False

    @property
    def is_known(self) -> bool:
        """Whether the client has joined a room: until then the limits are smaller."""
        return bool(self.chatter.name)

    # -- what the door calls

    def open(self, framing: Framing) -> None:
        """Begin to speak: it is known how frames end."""
        dialect = text_dialect(framing, self._sessions.show_addresses)
        self._listener = Listener(self.address, self.outlet, dialect)
        self._delivery.attach(self.chatter, self._listener)

    def move(self, address: Address) -> None:
        """Take note of where the client really is: a proxy has told."""
        self.address = self.chatter.address = address
        self._sessions.journal.connected(address)

    def receive(self, frame: bytes) -> None:
        """Carry out the request in a frame; not to be called while `busy` or `closed`."""
        listener = self._speaking()
        if self._delivery.trace is not None:
            self._sessions.journal.received(self.address, listener.dialect.trace_frame(frame))
        request = None
        try:
            request = listener.dialect.decode(frame)
            answer = self._COMMANDS[request.command](self, request)
            if isinstance(answer, Awaitable):
                self._wait_for(answer, request)
            else:
                self._answer(answer)
        except Exception:  # noqa: BLE001 -- sorted into refusals and faults there
            self._fail(Failure(), request)

    def refuse(self, error: errors.ChatError, request: Request | None = None) -> None:
        """Answer with a refusal."""
        if isinstance(error, RefusedRequestError):
            refusal = Refusal(error.command, error.code, error.text, error.tag)
        elif request is None:
            refusal = Refusal(None, error.code, error.text)
        else:
            if isinstance(error, errors.NameMissingError):
                error = CLIENT_COMMANDS[request.command].usage_error()
            refusal = Refusal(request.command, error.code, error.text, request.tag)
        self._answer(refusal)

    def close(self, why: Closing | None = None) -> None:
        """Say why, if there is something to say and it is known how, and close the connection."""
        if self.closed:
            return
        if why is not None and self._listener is not None:
            self._answer(why)
        self.closed = True
        self.outlet.finish()

    def lost(self) -> None:
        """Let everybody know that the connection has ended."""
        self._lost = self.closed = True
        self._sessions.disconnected(self)
        if not self.busy:
            self._depart()

    # -- one request at a time

    def _wait_for(self, answer: Coroutine[Any, Any, Answer | None], request: Request) -> None:
        self.busy = True
        answered = Deferred.fromCoroutine(answer)
        answered.addCallback(self._answer)
        answered.addErrback(self._fail, request)
        answered.addErrback(self._give_up)
        answered.addBoth(self._idle)

    def _idle(self, _: object) -> None:
        self.busy = False
        if self._lost:
            self._depart()
        else:
            self._on_idle()

    def _depart(self) -> None:
        self._chat.depart(self.chatter, Reason.LOST, self._sessions.now())
        if self._listener is not None:
            self._delivery.detach(self.chatter)

    def _answer(self, answer: Answer | None) -> None:
        if answer is not None and not self.closed:
            self._delivery.send(self._speaking(), answer)

    def _fail(self, failure: Failure, request: Request | None) -> None:
        if isinstance(failure.value, errors.ChatError):
            self.refuse(failure.value, request)
            return
        _log.failure("A request of {peer} met a fault", failure, peer=self.address)
        self.close(FAULT)

    def _give_up(self, failure: Failure) -> None:
        """End a connection that cannot even be told of a fault."""
        _log.failure("An answer to {peer} met a fault", failure, peer=self.address)
        self.outlet.abort()

    def _speaking(self) -> Listener:
        if self._listener is None:
            raise RuntimeError("nothing can be said before the framing is known")
        return self._listener

    # -- the commands

    def _help(self, request: Request) -> Answer:
        return Reply("help", f"\n{help_text(CLIENT_COMMANDS.values())}", request.tag)

    async def _start(self, request: Request) -> Answer:
        arguments = request.arguments
        room = await self._chat.start(arguments["chatroom_id"], arguments["chatroom_name"])
        return Reply("start", f"Chatroom {room.id} started!", request.tag, {"room": room.id})

    def _list(self, request: Request) -> Answer:
        return RoomList.of(self._chat.rooms(), request.tag)

    async def _join(self, request: Request) -> Answer:
        return self._joined(request, await self._chat.join(*self._place_and_name(request)))

    async def _enter(self, request: Request) -> Answer:
        return self._joined(request, await self._chat.enter(*self._place_and_name(request)))

    def _place_and_name(self, request: Request) -> tuple[Chatter, str, str | None, float]:
        arguments = request.arguments
        name = arguments.get("chatter_name")
        return self.chatter, arguments["chatroom_id"], name, self._sessions.now()

    def _joined(self, request: Request, room: Room) -> Answer:
        data = {"room": room.id, "name": self.chatter.name, "last": room.count}
        return Reply(request.command, f"You join @chatroom {room.id}", request.tag, data)

    def _quit(self, request: Request) -> Answer:
        self._chat.own_room(self.chatter)  # who is in no room at all is told so first
        room = self._chat.own_room(self.chatter, request.arguments.get("chatroom_id"))
        self._chat.leave(self.chatter, room, Reason.QUIT, self._sessions.now())
        text = f"You quitted from chatroom {room.name}@{room.id}"
        return Reply("quit", text, request.tag, {"room": room.id})

    def _switch(self, request: Request) -> Answer:
        room = self._chat.switch(self.chatter, request.arguments["chatroom_id"])
        text = f"You are now in chatroom {room.name}@{room.id}"
        return Reply("switch", text, request.tag, {"room": room.id})

    def _say(self, request: Request) -> None:
        arguments = request.arguments
        room = self._chat.own_room(self.chatter, arguments.get("chatroom_id"))
        self._chat.say(self.chatter, room, arguments["text"], self._sessions.now())

    def _broadcast(self, request: Request) -> None:
        arguments = request.arguments
        room = self._chat.own_room(self.chatter, arguments["chatroom_id"])
        self._chat.say(self.chatter, room, arguments["message"], self._sessions.now())

    def _secret(self, request: Request) -> Answer:
        name, text = request.arguments["chatter_name"], request.arguments["message"]
        other = self._chat.whisper(self.chatter, name, text, self._sessions.now())
        return Reply("secret", f"Secret sent to {other.name}.", request.tag, {"name": other.name})

    def _format(self, request: Request) -> Answer:
        listener = self._speaking()
        wanted = request.arguments["format"]
        make = json_dialect if wanted == "json" else text_dialect
        framing = listener.spoken.framing
        self._delivery.speak(listener, make(framing, self._sessions.show_addresses))
        return Reply("format", f"You now speak {wanted}.", request.tag, {"format": wanted})

    def _exit(self, request: Request) -> None:
        self._chat.depart(self.chatter, Reason.QUIT, self._sessions.now())
        self._answer(Reply("exit", "Goodbye!", request.tag))
        self.close()

    _COMMANDS: ClassVar[dict[str, Callable[[Session, Request], _Answered]]] = {
        "help": _help,
        "start": _start,
        "list": _list,
        "join": _join,
        "enter": _enter,
        "quit": _quit,
        "switch": _switch,
        "broadcast": _broadcast,
        "secret": _secret,
        "say": _say,
        "format": _format,
        "exit": _exit,
    }
