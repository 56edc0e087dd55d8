"""A session: one connection of a user, with the codec it uses, and one request at a time.

The sessions of all protocols have this in common: the user, the rooms, the end, and requests that
may wait. If a handler fails, the traceback is logged, and only this connection is closed. A session
knows no socket: a gateway gives it a send queue, and learns when the session can take the next
frame. The subclasses know a protocol: nativesession.py and irc/session.py.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.events import Address, DisconnectReason
from chatd.core.records import RememberedToken
from chatd.core.rooms import Origin, Room, User
from chatd.fanout.buffer import Subscriber
from chatd.protocol.codec import EventCodec
from chatd.server.connection import Connection
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

    # -- what a protocol defines

    def receive(self, frames: Sequence[bytes]) -> int:
        """Carry out the first request in `frames`, or say the messages that come before it.

        Returns how many frames that were. Not to be called while `busy` or `closed`.
        """
        raise NotImplementedError

    def refuse(self, error: ChatError, request: Any = None) -> None:
        """Tell the client that a request is refused; `request` is None if the frame was none."""
        raise NotImplementedError

    def reject(self, reason: DisconnectReason, frame: bytes | None) -> None:
        """Tell the client why it is not let in, and close; `frame` is its first one, if known."""
        raise NotImplementedError

    def refuse_messages(self, error: ChatError, tag: str | None) -> None:
        """Tell the client that messages which it has sent before are refused."""
        raise NotImplementedError

    def _answer(self, result: Any, request: Any) -> None:
        """Send the result of a handler, which may be None."""
        raise NotImplementedError

    def _say_goodbye(self, reason: DisconnectReason | None, text: str) -> None:
        """Tell the client why the server closes the connection.

        `reason` is None if the client asked for it; `text` is that of `close`.
        """
        raise NotImplementedError

    # -- called by the gateway

    def refusal_text(self, refusal: DisconnectReason | None) -> str:
        """Return what the administrator gave as the reason, if the address is banned; else ""."""
        if refusal is not DisconnectReason.BANNED:
            return ""
        ban = self.services.moderation.address_ban(self.address)
        return "" if ban is None else ban.reason

    def start(self, codec: EventCodec) -> None:
        """Start to send and receive, with `codec`."""
        self.base_codec = self.codec = codec
        self.is_started = True

    def set_address(self, address: Address) -> None:
        """Set the address of the client, which a proxy has sent."""
        self.address = self.user.address = address
        self.services.event_log.connected(address)

    def close(self, reason: DisconnectReason | None = None, text: str = "") -> None:
        """Close the connection, and tell the client why if there is a reason and a codec.

        `text` is the reason that the administrator gave for a ban.
        The session ends at once, though the client may still have to read what was sent.
        """
        if self.closed:
            return
        if self.is_started:
            self._say_goodbye(reason, text)
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

    def room(self, room_id: str | None = None) -> Room:
        """Return the user's room with that id, or the current one; raise `ChatError` if none."""
        if room_id is not None:
            return self.services.chat.joined_room(self.user, room_id)
        if self.current_room is None:
            raise ChatError(ErrorCode.IN_NO_ROOM)
        return self.current_room

    # -- one request at a time

    def _wait_for(self, result: Coroutine[Any, Any, Any], request: Any) -> None:
        """Take no further request until `result` is there, and is sent."""
        self.busy = self._is_running = True
        done = Deferred.fromCoroutine(result)
        done.addCallback(self._answer, request)
        done.addErrback(self._fail, request)
        done.addErrback(self._abort)
        done.addBoth(self._request_done)
        if not done.called:  # otherwise the gateway, which called `receive`, continues by itself
            done.addBoth(self._resume)

    def _wait_until_read(self) -> None:
        """Take no further request until the client has read enough of its answers."""
        if self.send_queue.is_behind:
            self.busy = True
            self.send_queue.call_when_read(self._answers_read)

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

    def _fail(self, failure: Failure, request: Any) -> None:
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

    def _end(self) -> None:
        now = self.services.now()
        self.services.accounts.connection_lost(self, now, may_return=self._may_return)
        self.stop_waiting()
