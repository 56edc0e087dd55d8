"""One connection: who it is, what it asks for, what it is answered.

A frame comes in, the dialect makes a request of it, a function is found for its command
(requests.py has them), an answer goes out: one request at a time, also where one takes a while. A
refusal becomes an answer here and nowhere else; a fault of ours is logged with its traceback and
closes this connection only. Knows no socket: the door gives it an `IOutlet` and is told when the
next frame may come.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.core.accounts import People
from chatd.core.chat import Chat
from chatd.core.errors import BannedError, ChatError, MissingNameError
from chatd.core.events import SERVER, Address, DisconnectReason, Notice
from chatd.core.ports import IHistory, ISendQueue
from chatd.core.rooms import User
from chatd.fanout.buffer import Subscriber
from chatd.fanout.fanout import Fanout
from chatd.protocol.codec import Codec, json_codec, text_codec
from chatd.protocol.commands import CLIENT_COMMANDS, Request
from chatd.protocol.jsonio import RefusedRequestError
from chatd.protocol.replies import (
    BANNED,
    DISCONNECT_REPLIES,
    INTERNAL_ERROR,
    SHUTDOWN,
    Disconnect,
    Error,
    Reply,
)
from chatd.protocol.text import error_text
from chatd.server.eventlog import EventLog
from chatd.storage.writer import HistoryWriter

_log = Logger(namespace="chatd")

HandlerResult = Reply | None | Coroutine[Any, Any, Reply | None]
Commands = Mapping[str, Callable[["Session", Request], HandlerResult]]


class Sessions:
    """All open connections, and what they have in common.

    `commands` carries out requests, `now` returns seconds since the epoch; `show_addresses`: whether
    clients see where others are. `motd` is said to each client before the first answer.
    """

    def __init__(
        self,
        *,
        commands: Commands,
        chat: Chat,
        people: People,
        history: IHistory,
        writer: HistoryWriter,
        fanout: Fanout,
        event_log: EventLog,
        now: Callable[[], float],
        show_addresses: bool = True,
    ) -> None:
        self.commands = commands
        self.chat = chat
        self.people = people
        self.history = history
        self.writer = writer
        self.fanout = fanout
        self.event_log = event_log
        self.now = now
        self.show_addresses = show_addresses
        self.motd = ""
        self._open: dict[Session, None] = {}
        self._all_gone: Deferred[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._open)

    def connect(
        self, address: Address, send_queue: ISendQueue, on_idle: Callable[[], None]
    ) -> Session:
        """Return the session of a new connection; `on_idle` is called when it can take a frame again."""
        session = Session(self, address, send_queue, on_idle)
        self._open[session] = None
        self.event_log.connections += 1
        self.event_log.connected(address)
        return session

    def disconnected(self, session: Session) -> None:
        """Forget a connection that has ended."""
        del self._open[session]
        self.event_log.disconnected(session.address)
        if self._all_gone is not None and not self._open:
            self._all_gone.callback(None)

    def shut_down(self) -> Deferred[None]:
        """Withdraw everybody, say why, and close all connections; fires when they are closed."""
        for session in self._open:
            self.chat.remove_silently(session.user)
        for session in list(self._open):
            session.close(SHUTDOWN)
        self._all_gone = Deferred()
        if not self._open:
            self._all_gone.callback(None)
        return self._all_gone


class Session:
    """One connection. `busy` while a request is being carried out, `closed` once it takes no more.

    `is_person`: whether what is spoken is for people, not for programs.
    """

    def __init__(
        self,
        sessions: Sessions,
        address: Address,
        send_queue: ISendQueue,
        on_idle: Callable[[], None],
    ) -> None:
        self.address = address
        self.user = User(address)
        self.connected_at = sessions.now()
        self.busy = False
        self.closed = False
        self.is_text = True
        self.send_queue = send_queue
        self.sessions = sessions
        self._fanout = sessions.fanout
        self._on_idle = on_idle
        self._subscriber: Subscriber | None = None
        self._greeted = False
        self._lost = False

    @property
    def is_registered(self) -> bool:
        """Whether the client has joined a room or logged in: until then the limits are smaller."""
        return bool(self.user.name)

    @property
    def is_banned(self) -> bool:
        """Whether nobody may come from where the client is, or he was put out before he spoke."""
        return self.user.gone or self.sessions.people.bars(self.address, self.sessions.now())

    # -- what the door calls

    def start(self, codec: Codec) -> None:
        """Begin to speak: it is known how frames end."""
        self._subscriber = Subscriber(self.address, self.send_queue, codec, self._dismissed)
        self._fanout.attach(self.user, self._subscriber)

    def reject(self, why: Disconnect, frame: bytes | None) -> None:
        """Say why nobody is let in, and close.

        In JSON if that is what the first frame asks for; None if it was too long.
        """
        if frame is not None:
            if self._fanout.trace is not None:
                self._show(frame)
            with suppress(ChatError):
                request = self._speaking().codec.decode(frame)
                if request.command == "format":
                    self.speak(json=request.arguments["format"] == "json")
        self.close(why)

    def set_address(self, address: Address) -> None:
        """Take note of where the client really is: a proxy has told."""
        self.address = self.user.address = address
        self.sessions.event_log.connected(address)

    def receive(self, frames: Sequence[bytes]) -> int:
        """Carry out the first request in `frames`, or say what is said in the first of them.

        Returns how many that were. Not to be called while `busy` or `closed`.
        """
        subscriber = self._subscriber
        assert subscriber is not None, "nothing comes before the framing is known"
        if self._fanout.trace is not None or self.user.current is None:
            frames = frames[:1]  # each is shown, or refused, by itself
        if self._fanout.trace is not None:
            self._show(frames[0])
        request = None
        try:
            messages = subscriber.codec.messages(frames)
            if messages:
                self.say(messages)
                return len(messages)
            request = subscriber.codec.decode(frames[0])
            answer = self.sessions.commands[request.command](self, request)
            if isinstance(answer, Awaitable):
                self._wait_for(answer, request)
            else:
                self.answer(answer)
        except Exception:  # noqa: BLE001 -- sorted into refusals and faults there
            self._fail(Failure(), request)
        return 1

    def refuse(self, error: ChatError, request: Request | None = None) -> None:
        """Answer with a refusal."""
        if isinstance(error, RefusedRequestError):
            refusal = Error(error.command, error.code, error_text(error), error.tag)
        elif request is None:
            refusal = Error(None, error.code, error_text(error))
        else:
            if isinstance(error, MissingNameError):
                error = CLIENT_COMMANDS[request.command].usage_error()
            refusal = Error(request.command, error.code, error_text(error), request.tag)
        self.answer(refusal)

    def close(self, why: Disconnect | None = None) -> None:
        """Say why, if there is something to say and it is known how, and close the connection.

        He is gone for the others at once, though he may still have to read that.
        """
        if self.closed:
            return
        if why is not None and self._subscriber is not None:
            self._greeted = True  # it is no time for greetings
            self.answer(why)
        self.closed = True
        self.send_queue.close_when_sent()
        self._go()
        self._on_idle()  # no frame is taken any more

    def input_closed(self) -> None:
        """Close the connection once all is answered: the client will send nothing more."""
        if not (self.busy or self.closed):
            self.busy = True
            waiting = Deferred.fromCoroutine(self.sessions.writer.reported(self.user))
            waiting.addErrback(self._give_up)
            waiting.addCallback(lambda _: self.close())
            waiting.addBoth(self._idle)

    def connection_lost(self) -> None:
        """Let everybody know that the connection has ended, also if a request is under way."""
        self._lost = self.closed = True
        self.sessions.disconnected(self)
        self._go()
        if self._subscriber is not None:
            self._fanout.detach(self.user)

    # -- what the requests call

    def answer(self, answer: Reply | None) -> None:
        """Say something to the client, if there is something to say."""
        if answer is not None and not self.closed:
            if self.sessions.motd and not self._greeted:
                motd = Notice(SERVER, self.sessions.motd, self.sessions.now())
                self._fanout.send(self._speaking(), motd)
            self._greeted = True
            self._fanout.send(self._speaking(), answer)

    def say(self, texts: Sequence[str], room_id: str | None = None, tag: str | None = None) -> None:
        """Say something in a room, the current one if none is given; programs are told what becomes of it."""
        sessions, user = self.sessions, self.user
        room = sessions.chat.joined_room(user, room_id)
        burst = sessions.chat.say(user, room, texts, sessions.now())
        if burst is not None and not self.is_text:
            sessions.writer.report(burst, user, tag)

    def speak(self, *, json: bool) -> None:
        """Speak JSON from now on, or text."""
        subscriber = self._speaking()
        make = json_codec if json else text_codec
        codec = make(subscriber.base_codec.framing, self.sessions.show_addresses)
        self.is_text = codec.is_text
        self._fanout.set_codec(subscriber, codec)

    # -- one request at a time

    def _wait_for(self, answer: Coroutine[Any, Any, Reply | None], request: Request) -> None:
        self.busy = True
        answered = Deferred.fromCoroutine(answer)
        answered.addCallback(self.answer)
        answered.addErrback(self._fail, request)
        answered.addErrback(self._give_up)
        answered.addBoth(self._idle)

    def _idle(self, _: object) -> None:
        self.busy = False
        if not self._lost:
            self._on_idle()

    def _fail(self, failure: Failure, request: Request | None) -> None:
        if isinstance(failure.value, BannedError):
            self.close(BANNED)
            return
        if isinstance(failure.value, ChatError):
            self.refuse(failure.value, request)
            return
        _log.failure("A request of {peer} met a fault", failure, peer=self.address)
        self.close(INTERNAL_ERROR)

    def _dismissed(self, why: DisconnectReason) -> None:
        self.close(DISCONNECT_REPLIES[why])

    def _show(self, frame: bytes) -> None:
        """Show a frame received in the trace."""
        received = self._speaking().codec.describe_frame(frame)
        self.sessions.event_log.received(self.address, received)

    def _go(self) -> None:
        """Be in no room any more, though the goodbye may still have to be read."""
        self.sessions.people.lose(self.user, self.sessions.now())

    def _give_up(self, failure: Failure) -> None:
        """End a connection that cannot even be told of a fault."""
        _log.failure("An answer to {peer} met a fault", failure, peer=self.address)
        self.send_queue.abort()

    def _speaking(self) -> Subscriber:
        if self._subscriber is None:
            raise RuntimeError("nothing can be said before the framing is known")
        return self._subscriber
