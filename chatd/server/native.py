"""The native door: a stream of frames ended by NUL, or of lines, over TCP, TLS or a UNIX socket.

`ChatFactory` builds a `ChatProtocol` for each connection. The protocol cuts frames and feeds the
session one at a time, or many messages at once, as many as its limits allow; it stops reading while
too much waits, and it serves what came before the peer closed his side.
"""

from __future__ import annotations

from typing import Final, cast

from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    ITCPTransport,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address, DisconnectReason
from chatd.core.ratelimit import TokenBucket
from chatd.protocol.codec import text_codec
from chatd.protocol.framing import FrameReceiver, TooLong, UnknownProtocolError
from chatd.server.context import RefusedProtocol, ServerContext
from chatd.server.proxy_protocol import IPeerAware, IProxied
from chatd.server.sendqueue import FINISH_SECONDS, SocketSendQueue, TransportSendQueue
from chatd.server.session import Session
from chatd.server.tcp import peer_address, set_options

READ_LIMIT: Final = 65536
"""How much a connection may have waiting before it is not read from; or one frame, if it may be longer."""

MAX_FRAMES_PER_TURN: Final = 50
"""How many frames of one connection are served in one turn of the reactor: others have theirs, too."""

DRAIN_SECONDS: Final = 10.0
"""For how many seconds what waits is served after the end of its connection (spec section 2)."""


_log = Logger(namespace="chatd")


@implementer(IHalfCloseableProtocol, IPeerAware)
class ChatProtocol(Protocol):
    """One connection: bytes to frames, frames to its session."""

    def __init__(self, context: ServerContext) -> None:
        limits = context.limits
        self._context = context
        self._clock = context.clock
        self._frames = FrameReceiver(limits.frame(registered=False))
        self._enough = READ_LIMIT
        self._bucket = (
            TokenBucket(limits.rate, limits.burst, context.clock.seconds())
            if limits.rate and limits.burst
            else None
        )
        self._registered = False
        self._ended = False
        self._lost = False
        self._left = False
        self._reading = True
        self._serving = False
        self._refusing: IDelayedCall | None = None
        self._next_turn: IDelayedCall | None = None
        self._end_of_service: IDelayedCall | None = None

    # -- Twisted's

    def connectionMade(self) -> None:
        """Begin a session."""
        context, transport = self._context, cast("ITCPTransport", self.transport)
        self._address = peer_address(transport)
        if isinstance(self._address, tuple):
            set_options(transport, self._address[1])
        limit = context.limits.queue(registered=False)
        plain = context.sockets.adopt(transport, self.dataReceived, self._expect_the_end)
        self._source = plain or context.sockets.watch_hangup(transport, self._expect_the_end)
        self._send_queue: TransportSendQueue = (
            TransportSendQueue(transport, self._clock, limit, self._overflowed)
            if plain is None
            else SocketSendQueue(plain, self._clock, limit, self._overflowed)
        )
        self._session: Session = context.sessions.connect(
            self._address, self._send_queue, self._serve
        )
        context.handshake_timeouts.start(self)
        context.admission.connected()
        self._admit(None if IProxied.providedBy(transport) else self._address)

    def dataReceived(self, data: bytes) -> None:
        """Take in what was read, and serve what can be."""
        if self._session.closed:
            return  # what is still to be sent goes out; what still comes is nothing to us
        if self._frames.framing is not None:
            self._frames.feed(data)
        elif not self._begin(data):
            return
        self._serve()

    def readConnectionLost(self) -> None:
        """Serve what came before the peer closed his side, then close."""
        self._ended = True
        self._expect_the_end()
        self._serve()

    def writeConnectionLost(self) -> None:
        """Do nothing: we never close our side alone."""

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002 -- Twisted's
        """End the session, once what came before is served."""
        self._lost = self._ended = True
        self._context.sockets.lost(self._source)
        self._send_queue.lost()
        self._context.admission.disconnected()
        self._expect_the_end()
        if self._session.closed or not self._frames.has_frames:
            self._leave()

    # -- the proxy

    def peer_known(self) -> None:
        """Count the client where he is, though he may have said nothing yet."""
        if self._frames.framing is None and not self._session.closed:
            self._note_address()

    # -- the door

    def handshake_timed_out(self) -> None:
        """Close: no whole frame has come in time. Nothing can be said, as it is not known how."""
        self._session.close()

    def idle_timed_out(self) -> None:
        """Close, unless the peer has still to read, or we to answer: then it is not he who is idle."""
        if self._send_queue.queued or self._session.busy or self._frames.has_frames:
            self._context.idle_timeouts.start(self)
        else:
            self._session.close(DisconnectReason.IDLE)

    # -- within

    def _begin(self, data: bytes) -> bool:
        """Take in the first bytes, which tell the framing; return False if they are no chat."""
        self._note_address()
        try:
            self._frames.feed(data)
        except UnknownProtocolError:
            self._session.close()
            return False
        if self._frames.framing is not None:
            self._context.handshake_timeouts.stop(self)
            self._context.idle_timeouts.start(self)
            self._session.start(
                text_codec(self._frames.framing, self._context.services.show_addresses)
            )
            refusal = DisconnectReason.BANNED if self._session.is_banned else self._slot.refusal
            if refusal is not None:
                frames = self._frames.next_frames(1)
                self._session.reject(refusal, None if isinstance(frames, TooLong) else frames[0])
        return True

    def _serve(self) -> None:
        """Serve the frames that wait, until the session is busy with one or it is enough for now."""
        if self._left:
            return
        if not (self._serving or self._next_turn is not None):
            self._serving = True
            try:
                wait = self._serve_frames()
            finally:
                self._serving = False
            if self._session.closed:
                self._frames.clear()
            if wait is not None:
                self._next_turn = self._clock.callLater(wait, self._serve_on)
            elif self._lost and (self._session.closed or not self._session.busy):
                self._leave()
            elif self._ended and not self._session.busy:
                self._session.input_closed()
        if self._reading != (self._frames.buffered < self._enough) and not self._ended:
            self._read(not self._reading)

    def _read(self, on: bool) -> None:
        self._reading = on
        (self._source.resumeProducing if on else self._source.pauseProducing)()

    def _serve_on(self) -> None:
        """Serve in a turn of our own; a fault of ours ends this connection, as it does where one is read."""
        self._next_turn = None
        try:
            self._serve()
        except Exception:  # noqa: BLE001 -- whatever it is
            _log.failure("Processing received data failed", Failure())
            self._send_queue.abort()
            if self._lost:
                self._leave()

    def _serve_frames(self) -> float | None:
        """Serve frames; if some are left for later, return in how many seconds."""
        session, receiver, bucket = self._session, self._frames, self._bucket
        left = MAX_FRAMES_PER_TURN
        if bucket is not None:
            left = min(left, bucket.available(self._clock.seconds()))
        while not (session.busy or session.closed):
            if not left:
                wait = 0.0 if bucket is None else bucket.wait()
                return wait if receiver.buffered else None
            if not self._registered:
                self._raise_limits()
            # The first request may change the limits for those that follow.
            frames = receiver.next_frames(left if self._registered else 1)
            if not frames:
                return None
            if self._context.limits.idle_timeout:
                self._context.idle_timeouts.start(self)
            if isinstance(frames, TooLong):
                served = 1
                session.refuse(ChatError(ErrorCode.TOO_LONG, limit=frames.limit))
            else:
                served = session.receive(frames)
                if served < len(frames):
                    receiver.put_back(frames[served:])
            left -= served
            if bucket is not None:
                bucket.take(served)
        return None

    def _raise_limits(self) -> None:
        if self._session.is_registered:
            self._registered = True
            limit = self._frames.limit = self._context.limits.frame(registered=True)
            # A whole frame and its end have to find their place.
            self._enough = max(READ_LIMIT, limit + 2)
            self._send_queue.limit = self._context.limits.queue(registered=True)

    def _note_address(self) -> None:
        """Learn where the client is: behind a proxy that is not known at once."""
        address = peer_address(cast("ITransport", self.transport))
        if address != self._address:
            self._context.admission.leave(self._slot)
            self._address = address
            self._session.set_address(address)
            self._admit(address)

    def _admit(self, origin: Address | None) -> None:
        """Let the client in, or not: then he is told so once it is known how, and not waited for long."""
        self._slot = self._context.admission.enter(origin)
        _cancel(self._refusing)
        self._refusing = None
        if self._slot.refusal is not None or self._session.is_banned:
            patience = FINISH_SECONDS if self._context.admission.can_explain else 0
            self._refusing = self._clock.callLater(patience, self._session.close)

    # -- the end

    def _expect_the_end(self) -> None:
        """Serve what waits, but not for long: who is gone is not to speak for hours."""
        if self._end_of_service is None:
            self._end_of_service = self._clock.callLater(DRAIN_SECONDS, self._serve_no_more)

    def _serve_no_more(self) -> None:
        if self._lost:
            self._leave()
            return
        self._read(False)
        self._ended = True
        self._frames.clear()
        _cancel(self._next_turn)
        self._serve_on()

    def _leave(self) -> None:
        if self._left:
            return
        self._left = True
        for call in (self._refusing, self._next_turn, self._end_of_service):
            _cancel(call)
        self._frames.clear()
        if self._slot.refusal is not None:
            self._context.services.counters.connection_refused()
        # Not before: what of it waits takes memory.
        self._context.admission.leave(self._slot)
        self._context.handshake_timeouts.stop(self)
        self._context.idle_timeouts.stop(self)
        self._session.connection_lost()

    def _overflowed(self, queued: int, limit: int) -> None:
        self._frames.clear()
        self._context.services.counters.connection_aborted()
        self._context.services.event_log.send_queue_exceeded(self._address, queued, limit)


class ChatFactory(Factory):
    """Builds the protocol of each connection."""

    noisy = False

    def __init__(self, context: ServerContext) -> None:
        self._context = context

    def buildProtocol(self, addr: IAddress | None) -> Protocol:  # noqa: ARG002 -- Twisted's
        """Return the protocol of a new connection, also if there is no place for it.

        None would do for `tcp:` alone: what wraps others, for TLS say, does not expect it.
        """
        if self._context.admission.is_open:
            return ChatProtocol(self._context)
        self._context.services.counters.connection_refused()
        return RefusedProtocol()


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None and call.active():
        call.cancel()
