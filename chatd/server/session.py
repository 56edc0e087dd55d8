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
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.events import SERVER, Address, DisconnectReason, Notice, ReceiptRequest
from chatd.core.records import RememberedToken
from chatd.core.rooms import Origin, Room, User
from chatd.fanout.buffer import Subscriber
from chatd.protocol.codec import CODECS, Codec
from chatd.protocol.command import Request
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.jsonio import InvalidRequestError
from chatd.protocol.replies import Disconnecting, ErrorReply, History, Reply, Result, RoomList
from chatd.server.connection import Connection
from chatd.server.handlers import HANDLERS
from chatd.server.services import Services
from chatd.server.usage import Usage

T = TypeVar("T")


class Session(Subscriber):
    """One connection of a user, which subscribes to the events of the user's rooms.

    `busy` while a request is carried out, or the client has to read its answers first, `closed`
    once the session takes no more frames. It calls `on_closed` when its connection has ended.
    """

    __slots__ = (
        "_fanout",
        "_is_running",
        "_lost",
        "_may_return",
        "_motd_sent",
        "_on_closed",
        "_on_idle",
        "_work",
        "busy",
        "extra_cost",
        "is_started",
        "listed",
        "services",
        "usage",
    )

    def __init__(
        self,
        services: Services,
        connection: Connection,
        on_closed: Callable[[Session], None],
    ) -> None:
        now = services.seconds()
        super().__init__(User(connection.address), connection.address, connection.send_queue, now)
        self.busy = False
        self.extra_cost = 0
        self.is_started = False
        # The sessions and tokens in the order of the list that was sent last.
        self.listed: Sequence[Origin | RememberedToken] = ()
        self._is_running = False  # a request is carried out, or the client sends nothing more
        self.services = services
        self.usage = Usage(services.counters.throttled, services.seconds)
        self._fanout = services.fanout
        self._on_idle = connection.process_input
        self._on_closed = on_closed
        self._motd_sent = False
        self._lost = False
        self._may_return = True
        self._work: Deferred[Any] | None = None  # what the request waits for, if it may be given up
        services.router.attach(self)

    @property
    def is_registered(self) -> bool:
        """Whether the user has a name: until the first join or login the limits are smaller."""
        return bool(self.user.name)

    @property
    def is_banned(self) -> bool:
        """Whether the address is banned, or the user was removed before the session started."""
        ban = self.services.moderation.address_ban(self.address)
        return ban is not None or self.user.closed

    @property
    def is_text(self) -> bool:
        """Whether the session sends text for users, not objects for programs."""
        return self.base_codec.is_text

    # -- called by the gateway

    def refusal_text(self, refusal: DisconnectReason | None) -> str:
        """Return what the administrator gave as the reason, if the address is banned; else ""."""
        if refusal is not DisconnectReason.BANNED:
            return ""
        ban = self.services.moderation.address_ban(self.address)
        return "" if ban is None else ban.reason

    def start(self, codec: Codec) -> None:
        """Start to send and receive, with `codec`."""
        self.base_codec = self.codec = codec
        self.is_started = True

    def reject(self, reason: DisconnectReason, frame: bytes | None) -> None:
        """Tell the client why it is not let in, and close.

        `frame` is the first one, None if it was too long; if it asks for JSON, so is the reason.
        """
        if frame is not None:
            if self._fanout.trace is not None:
                self._trace_received(frame)
            with suppress(ChatError):
                request = self.base_codec.decode(frame)
                if request.command == "format":
                    make = CODECS[request.arguments["format"]]
                    self.set_codec(make(self.base_codec.framing, self.services.show_addresses))
        self.close(reason, self.refusal_text(reason))

    def set_address(self, address: Address) -> None:
        """Set the address of the client, which a proxy has sent."""
        self.address = self.user.address = address
        self.services.event_log.connected(address)

    def receive(self, frames: Sequence[bytes]) -> int:
        """Carry out the first request in `frames`, or say the messages that come before it.

        Returns how many frames that were. Not to be called while `busy` or `closed`.
        """
        if self._fanout.trace is not None:
            frames = frames[:1]  # each is traced by itself
            self._trace_received(frames[0])
        elif self.current_room is None:
            frames = frames[:1]  # each is refused by itself
        request = None
        try:
            messages = self.codec.leading_messages(frames)
            if messages:
                return self.say(messages)
            self.last_active = self.services.seconds()
            request = self.codec.decode(frames[0])
            self.extra_cost += CLIENT_COMMANDS[request.command].cost - 1
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

    def close(self, reason: DisconnectReason | None = None, text: str = "") -> None:
        """Close the connection, and tell the client why if there is a reason and a codec.

        `text` is the reason that the administrator gave for a ban.
        The session ends at once, though the client may still have to read what was sent.
        """
        if self.closed:
            return
        if reason is not None and self.is_started:
            self._motd_sent = True  # a client that is sent away needs no message of the day
            self.reply(Disconnecting(reason, text))
        self.closed = True
        self._may_return = reason is None or reason.retry
        self.send_queue.close_when_sent()
        self._end()
        self._on_idle()  # so that the gateway sees that no frame is taken any more

    def input_closed(self) -> None:
        """Close the connection once the client, who sends nothing more, has read all answers."""
        if not (self.busy or self.closed):
            self.busy = self._is_running = True
            waiting = Deferred.fromCoroutine(self.services.writer.receipts_sent(self))
            waiting.addErrback(self._abort)
            waiting.addCallback(lambda _: self.send_queue.call_when_read(self.close))

    def stop_waiting(self) -> None:
        """Give up the request that is carried out, if it only waits: no time is left for it."""
        if self._work is not None:
            self._work.cancel()

    def connection_lost(self) -> None:
        """End the session with its connection, also while a request is carried out."""
        self._lost = self.closed = True
        self._on_closed(self)
        self._end()

    # -- called by the domain

    def disconnect(self, reason: DisconnectReason, text: str = "", /) -> None:
        """Tell the client why, with the `text` of the administrator, and close the connection.

        A session that has no codec yet cannot tell; it is rejected when it starts.
        """
        if self.is_started:
            self.close(reason, text)

    async def until_closed(self, work: Coroutine[Any, Any, T], /) -> T:
        """Return the result of `work`, or cancel it and raise `ChatError` if the session ends."""
        working: Deferred[T] = Deferred.fromCoroutine(work)
        self._work = working
        try:
            return await working
        except CancelledError:
            raise ChatError(ErrorCode.SESSION_CLOSED if self.closed else ErrorCode.BUSY) from None
        finally:
            self._work = None

    # -- called by the handlers

    def reply(self, reply: Reply | None, request: Request | None = None) -> None:
        """Send a reply to the client, if there is one, with the tag of its request."""
        if reply is None or self.closed:
            return
        if not self._motd_sent:
            self._motd_sent = True
            motd = self.services.motd()
            if motd:
                self._fanout.send(self, Notice(SERVER, motd, self.services.now()))
        tag = request.tag if request is not None else None
        if tag is not None and isinstance(reply, Result | RoomList | History):
            reply = replace(reply, tag=tag)
        self._fanout.answer(self, reply)
        if self.send_queue.is_behind:
            self.busy = True
            self.send_queue.call_when_read(self._answers_read)

    def say(
        self,
        texts: Sequence[str],
        room_id: str | None = None,
        tag: str | None = None,
        *,
        action: bool = False,
    ) -> int:
        """Say `texts` in a room, the current one by default; programs get receipts with `tag`.

        With `action` they tell what the user does. Returns how many were said, and raises
        `ChatError`, as `Chat.say` does.
        """
        services, room = self.services, self.current_room
        if room is None or room_id is not None:
            room = self.room(room_id)
        self.last_active = services.seconds()
        receipt = None if self.base_codec.is_text else ReceiptRequest(self, tag)
        count = services.chat.say(self, room, texts, services.now(), receipt, action)
        self.usage.messages += count
        return count

    def room(self, room_id: str | None = None) -> Room:
        """Return the user's room with that id, or the current one; raise `ChatError` if none."""
        if room_id is not None:
            return self.services.chat.joined_room(self.user, room_id)
        if self.current_room is None:
            raise ChatError(ErrorCode.IN_NO_ROOM)
        return self.current_room

    def set_codec(self, codec: Codec) -> None:
        """Use another codec from the next event on."""
        self._fanout.set_codec(self, codec)

    # -- one request at a time

    def _wait_for(self, reply: Coroutine[Any, Any, Reply | None], request: Request) -> None:
        self.busy = self._is_running = True
        done = Deferred.fromCoroutine(reply)
        done.addCallback(self.reply, request)
        done.addErrback(self._fail, request)
        done.addErrback(self._abort)
        done.addBoth(self._request_done)
        if not done.called:  # otherwise the gateway, which called `receive`, continues by itself
            done.addBoth(self._resume)

    def _request_done(self, _: object) -> None:
        self._is_running = False
        self.busy = self.send_queue.is_behind

    def _answers_read(self) -> None:
        if not self._is_running:
            self.busy = False
            self._resume()

    def _resume(self, _: object = None) -> None:
        """Let the gateway pass the next frame."""
        if not (self.busy or self._lost):
            self._on_idle()

    def _fail(self, failure: Failure, request: Request | None) -> None:
        error = failure.value
        if isinstance(error, BannedError):
            self.close(DisconnectReason.BANNED, error.reason)
        elif isinstance(error, ChatError):
            self.refuse(error, request)
        else:
            self.services.event_log.failed("A request of", failure, self.address)
            self.close(DisconnectReason.INTERNAL_ERROR)

    def _abort(self, failure: Failure) -> None:
        """End a connection on which not even a failure can be told."""
        self.services.event_log.failed("A reply to", failure, self.address)
        self.send_queue.abort()

    def _trace_received(self, frame: bytes) -> None:
        received = self.codec.describe_frame(frame)
        self.services.event_log.received(self.address, received)

    def _end(self) -> None:
        now = self.services.now()
        self.services.accounts.connection_lost(self, now, may_return=self._may_return)
        self.stop_waiting()
