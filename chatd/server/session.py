"""A session: one connection of a user, with the codec it uses, and one request at a time.

A frame comes in, the codec makes a request of it, the handler of its command (handlers.py) returns
the result, the codec makes frames of that. An error becomes a reply here and nowhere else. If a
handler fails, the traceback is logged, and only this connection is closed. A session knows no
socket: a gateway gives it a send queue, and learns when the session can take the next frame.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.events import SERVER, Address, DisconnectReason, Notice, ReceiptRequest
from chatd.core.ports import ISendQueue
from chatd.core.rooms import User
from chatd.fanout.buffer import Subscriber
from chatd.protocol.codec import CODECS, Codec
from chatd.protocol.commands import CLIENT_COMMANDS, Request
from chatd.protocol.jsonio import InvalidRequestError
from chatd.protocol.replies import Disconnecting, ErrorReply, History, Reply, Result, RoomList
from chatd.server.handlers import HANDLERS
from chatd.server.services import Services

_log = Logger(namespace="chatd")


class Session:
    """One connection of a user.

    `busy` while a request is carried out, `closed` once the session takes no more frames. It calls
    `on_idle` when it can take a frame again, and `on_closed` when its connection has ended.
    """

    def __init__(
        self,
        services: Services,
        address: Address,
        send_queue: ISendQueue,
        on_idle: Callable[[], None],
        on_closed: Callable[[Session], None],
    ) -> None:
        self.address = address
        self.user = User(address)
        self.connected_at = services.now()
        self.busy = False
        self.closed = False
        self.send_queue = send_queue
        self.services = services
        self._fanout = services.fanout
        self._on_idle = on_idle
        self._on_closed = on_closed
        self._subscriber: Subscriber | None = None
        self._motd_sent = False
        self._lost = False

    @property
    def is_registered(self) -> bool:
        """Whether the user has a name: until the first join or login the limits are smaller."""
        return bool(self.user.name)

    @property
    def is_banned(self) -> bool:
        """Whether the address is banned, or the user was removed before the session started."""
        return self.user.gone or self.services.accounts.bars(self.address, self.services.now())

    @property
    def codec(self) -> Codec:
        """The codec that the session uses."""
        return self._started().base_codec

    @property
    def is_text(self) -> bool:
        """Whether people read what the session sends, not programs."""
        return self.codec.is_text

    # -- called by the gateway

    def start(self, codec: Codec) -> None:
        """Start to send and receive, with `codec`."""
        self._subscriber = Subscriber(self.address, self.send_queue, codec, self.close)
        self._fanout.attach(self.user, self._subscriber)

    def reject(self, reason: DisconnectReason, frame: bytes | None) -> None:
        """Tell the client why it is not let in, and close.

        `frame` is the first one, None if it was too long; if it asks for JSON, so is the reason.
        """
        if frame is not None:
            if self._fanout.trace is not None:
                self._trace_received(frame)
            with suppress(ChatError):
                request = self.codec.decode(frame)
                if request.command == "format":
                    make = CODECS[request.arguments["format"]]
                    self.set_codec(make(self.codec.framing, self.services.show_addresses))
        self.close(reason)

    def set_address(self, address: Address) -> None:
        """Set the address of the client, which a proxy has told."""
        self.address = self.user.address = address
        self.services.event_log.connected(address)

    def receive(self, frames: Sequence[bytes]) -> int:
        """Carry out the first request in `frames`, or say the messages that come before it.

        Returns how many frames that were. Not to be called while `busy` or `closed`.
        """
        subscriber = self._started()
        if self._fanout.trace is not None or self.user.current is None:
            frames = frames[:1]  # each is traced, or refused, by itself
        if self._fanout.trace is not None:
            self._trace_received(frames[0])
        request = None
        try:
            messages = subscriber.codec.leading_messages(frames)
            if messages:
                self.say(messages)
                return len(messages)
            request = subscriber.codec.decode(frames[0])
            reply = HANDLERS[request.command](self, request)
            if isinstance(reply, Awaitable):
                self._wait_for(reply, request)
            else:
                self.reply(reply, request)
        except Exception:  # noqa: BLE001 -- sorted into errors of the client and failures there
            self._fail(Failure(), request)
        return 1

    def refuse(self, error: ChatError, request: Request | None = None) -> None:
        """Reply with an error; `request` is None if the frame was none."""
        params = error.params
        if isinstance(error, InvalidRequestError):
            command, tag = error.command, error.tag
        elif request is not None:
            command, tag = request.command, request.tag
            if error.code is ErrorCode.USAGE:
                params = {"usage": CLIENT_COMMANDS[command].usage}
        else:
            command, tag = None, None
        self.reply(ErrorReply(error.code, params, command, tag))

    def close(self, reason: DisconnectReason | None = None) -> None:
        """Close the connection, and tell the client why if there is a reason and a codec.

        The user leaves at once, though the client may still have to read what was sent.
        """
        if self.closed:
            return
        if reason is not None and self._subscriber is not None:
            self._motd_sent = True  # a client that is sent away needs no message of the day
            self.reply(Disconnecting(reason))
        self.closed = True
        self.send_queue.finish()
        self._leave()
        self._on_idle()  # so that the gateway sees that no frame is taken any more

    def input_closed(self) -> None:
        """Close the connection once all requests are answered: the client sends nothing more."""
        if not (self.busy or self.closed):
            self.busy = True
            waiting = Deferred.fromCoroutine(self.services.writer.receipts_sent(self.user))
            waiting.addErrback(self._abort)
            waiting.addCallback(lambda _: self.close())
            waiting.addBoth(self._idle)

    def connection_lost(self) -> None:
        """End the session with its connection, also while a request is carried out."""
        self._lost = self.closed = True
        self._on_closed(self)
        self._leave()
        if self._subscriber is not None:
            self._fanout.detach(self.user)

    # -- called by the handlers

    def reply(self, reply: Reply | None, request: Request | None = None) -> None:
        """Send a reply to the client, if there is one, with the tag of its request."""
        if reply is None or self.closed:
            return
        subscriber = self._started()
        if not self._motd_sent:
            self._motd_sent = True
            motd = self.services.motd()
            if motd:
                self._fanout.send(subscriber, Notice(SERVER, motd, self.services.now()))
        if request is not None and isinstance(reply, Result | RoomList | History):
            reply = replace(reply, tag=request.tag)
        self._fanout.send(subscriber, reply)

    def say(self, texts: Sequence[str], room_id: str | None = None, tag: str | None = None) -> None:
        """Say `texts` in a room, the current one by default; programs get receipts with `tag`."""
        services, user = self.services, self.user
        room = services.chat.joined_room(user, room_id)
        receipt = None if self.is_text else ReceiptRequest(user, tag)
        services.chat.say(user, room, texts, services.now(), receipt)

    def set_codec(self, codec: Codec) -> None:
        """Use another codec from the next event on."""
        self._fanout.set_codec(self._started(), codec)

    # -- one request at a time

    def _wait_for(self, reply: Coroutine[Any, Any, Reply | None], request: Request) -> None:
        self.busy = True
        done = Deferred.fromCoroutine(reply)
        done.addCallback(self.reply, request)
        done.addErrback(self._fail, request)
        done.addErrback(self._abort)
        done.addBoth(self._idle)

    def _idle(self, _: object) -> None:
        self.busy = False
        if not self._lost:
            self._on_idle()

    def _fail(self, failure: Failure, request: Request | None) -> None:
        error = failure.value
        if isinstance(error, BannedError):
            self.close(DisconnectReason.BANNED)
        elif isinstance(error, ChatError):
            self.refuse(error, request)
        else:
            _log.failure("A request of {peer} failed", failure, peer=self.address)
            self.close(DisconnectReason.INTERNAL_ERROR)

    def _abort(self, failure: Failure) -> None:
        """End a connection on which not even a failure can be told."""
        _log.failure("A reply to {peer} failed", failure, peer=self.address)
        self.send_queue.abort()

    def _trace_received(self, frame: bytes) -> None:
        received = self._started().codec.describe_frame(frame)
        self.services.event_log.received(self.address, received)

    def _leave(self) -> None:
        self.services.accounts.lose(self.user, self.services.now())

    def _started(self) -> Subscriber:
        if self._subscriber is None:
            raise RuntimeError("the session has no codec before it is started")
        return self._subscriber
