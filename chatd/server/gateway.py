"""The base of the gateways: a connection with its limits, its timeouts and its end.

A gateway is a subclass of `Gateway`, which builds the session and its input, and a
`GatewayFactory`, which builds the protocol of each connection. `Inbound` decides which frames the
session gets, and when; the protocol connects it with the transport and the clock, and asks the
limits that all gateways share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    ITCPTransport,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.core.events import Address, DisconnectReason
from chatd.protocol.framing import Framing, UnknownProtocolError
from chatd.server.context import ServerContext
from chatd.server.inbound import Inbound, State
from chatd.server.peers import IPeerAware, IProxied, peer_address, set_options
from chatd.server.sendqueue import FINISH_SECONDS, SocketSendQueue, TransportSendQueue
from chatd.server.session import Session
from chatd.server.usage import Limit

DRAIN_SECONDS: Final = 10.0
"""For how many seconds buffered frames are processed after the client has gone (spec section 2)."""


@implementer(IHalfCloseableProtocol, IPeerAware)
class Gateway(Protocol):
    """One connection, the `Connection` of its session. `inbound` is its input."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self._clock = context.clock
        self._reading = True
        self._drain_timer: IDelayedCall | None = None
        self._next_turn: IDelayedCall | None = None
        self._refusal_timer: IDelayedCall | None = None

    # -- what a gateway defines

    def make_session(self) -> Session:
        """Return the session of the connection."""
        raise NotImplementedError

    def make_inbound(
        self, on_frames: Callable[[], None] | None, on_processed: Callable[[int], None] | None
    ) -> Inbound:
        """Return the input of the connection; the arguments are those of `Inbound`."""
        raise NotImplementedError

    def start_session(self, framing: Framing) -> None:
        """Start the session, as the first bytes have decided the framing."""
        raise NotImplementedError

    def peer_address(self) -> Address:
        """Return the address of the client."""
        return peer_address(cast("ITransport", self.transport))

    def last_words(self, refusal: DisconnectReason | None, text: str) -> bytes:
        """Return what a client reads that is disconnected before the session has started.

        `refusal` is why it is not let in, with the `text` of the administrator; None if it was
        silent for too long.
        """
        raise NotImplementedError

    # -- called by Twisted

    def connectionMade(self) -> None:
        """Begin a session."""
        context, transport = self._context, cast("ITCPTransport", self.transport)
        self.address = self.peer_address()
        if isinstance(self.address, tuple):
            set_options(transport, self.address[1])
        limit = context.limits.queue(registered=False)
        adopted = context.epoll.adopt(transport, self.dataReceived, self._start_drain)
        self._producer = adopted or context.epoll.watch_hangup(transport, self._start_drain)
        self.send_queue: TransportSendQueue = (
            TransportSendQueue(transport, self._clock, limit, self._overflowed)
            if adopted is None
            else SocketSendQueue(adopted, self._clock, limit, self._overflowed)
        )
        self._session = self.make_session()
        self._usage = self._session.usage
        self._meter = context.byte_limits.meter(self._process_safely, self._usage)
        self.inbound = self.make_inbound(
            self.restart_idle_timeout if context.limits.idle_timeout else None,
            None if self._meter is None else self._meter.count_frames,
        )
        context.handshake_timeouts.start(self.handshake_timed_out)
        context.admission.connected()
        self._admit(None if IProxied.providedBy(transport) else self.address)

    def dataReceived(self, data: bytes) -> None:
        """Buffer what was read, and process it."""
        inbound, is_closed, meter = self.inbound, self._session.closed, self._meter
        is_first = inbound.framing is None
        if is_first and not is_closed:
            self._update_address()  # before the bytes count: behind a proxy it is known only now
        self._usage.bytes += len(data)
        if meter is not None:
            meter.count(_size(data))
        if is_closed:
            self._update_reading()
            return  # output may still be on its way; input is dropped
        if is_first:
            self._receive_first_bytes(data)
        else:
            answers = inbound.receiver.feed(data)
            if answers:
                self.send_queue.write(answers)
        self.process_input()

    def readConnectionLost(self) -> None:
        """Process what is buffered, then close: the client has closed its sending side."""
        self.inbound.end_input()
        self._start_drain()
        self.process_input()

    def writeConnectionLost(self) -> None:
        """Do nothing: the server never closes its sending side alone."""

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002 -- Twisted's
        """Process what is buffered, then end the session."""
        self._context.epoll.remove(self._producer)
        self.send_queue.connection_lost()
        self._context.admission.disconnected()
        self._start_drain()
        self.inbound.lose_connection()

    # -- called by the PROXY protocol

    def peer_known(self) -> None:
        """Count the client for its own address, before it sends its first bytes."""
        if self.inbound.state is State.AWAITING_FRAMING:
            self._update_address()

    def peer_unknown(self) -> None:
        """Close the connection: the proxy sent a malformed header."""
        self._context.services.event_log.bad_proxy_header(self.address)
        self._session.close()

    # -- called by the session

    def process_input(self) -> None:
        """Pass buffered frames to the session, unless the client sent too many bytes."""
        meter = self._meter
        if meter is None or not meter.is_waiting or self._session.closed:
            wait = self.inbound.process()
            if wait is not None:
                if wait:
                    self._usage.wait_begins(Limit.FRAMES)
                self._next_turn = self._clock.callLater(wait, self._process_later)
        is_full = self.inbound.receiver.buffered >= self.inbound.read_limit
        if self._reading is is_full or meter is not None:
            self._update_reading()

    # -- input

    def _receive_first_bytes(self, data: bytes) -> None:
        """Buffer the first bytes; start the session if they decide the framing."""
        try:
            answers = self.inbound.feed(data)
        except UnknownProtocolError:
            self._session.close()
            return
        if answers:
            self.send_queue.write(answers)
        session, framing = self._session, self.inbound.framing
        if framing is None:
            return
        self.start_session(framing)
        refusal = DisconnectReason.BANNED if session.is_banned else self._slot.refusal
        if refusal is not None:
            session.reject(refusal, self.inbound.first_frame())

    def handshake_done(self) -> None:
        """Let the client be silent from now on, as it has shown that it knows the protocol."""
        self._context.handshake_timeouts.stop(self.handshake_timed_out)
        self._context.idle_timeouts.start(self._idle_timed_out)

    def _update_reading(self) -> None:
        """Stop reading while too much is buffered, or while the client sent too many bytes."""
        inbound, meter = self.inbound, self._meter
        is_full = inbound.receiver.buffered >= inbound.read_limit or (
            meter is not None and meter.is_waiting
        )
        if self._reading is is_full and inbound.is_read:
            self._reading = not self._reading
            if self._reading:
                self._producer.resumeProducing()
            else:
                self._producer.pauseProducing()

    def _process_later(self) -> None:
        """Process what had to wait for the rate, or for the next turn."""
        self._usage.wait_ends(Limit.FRAMES)
        self.inbound.resume()
        self._process_safely()

    def _process_safely(self) -> None:
        """Process in a turn of its own; if that fails, end this connection only."""
        try:
            self.process_input()
        except Exception:  # noqa: BLE001 -- it must not reach the reactor
            self._context.services.event_log.failed(
                "The processing of data of", Failure(), self.address
            )
            self.send_queue.abort()
            if self.inbound.state is State.DISCONNECTED:
                self.inbound.stop_draining()

    # -- admission

    def _update_address(self) -> None:
        """Admit the client again if its address has changed, as behind a proxy it does."""
        address = self.peer_address()
        if address != self.address:
            self._context.admission.leave(self._slot)
            self.address = address
            self._session.set_address(address)
            self._admit(address)

    def _admit(self, origin: Address | None) -> None:
        """Take a slot; a client that is refused has a few seconds to send its first frame."""
        admission = self._context.admission
        self._slot = admission.enter(origin)
        if self._meter is not None:
            self._meter.move(self._slot.origin)
            self._update_reading()
        _cancel(self._refusal_timer)
        self._refusal_timer = None
        # The address of a proxy is not that of its client, which may be let in.
        banned = origin is not None and self._session.is_banned
        refusal = DisconnectReason.BANNED if banned else self._slot.refusal
        if refusal is not None:
            wait = FINISH_SECONDS if admission.can_explain else 0
            self._refusal_timer = self._clock.callLater(wait, self._close_unframed, refusal)

    # -- the end

    def handshake_timed_out(self) -> None:
        """Close the connection: the client has not shown in time that it knows the protocol."""
        self._close_unframed(None)

    def _close_unframed(self, refusal: DisconnectReason | None) -> None:
        """Close, and tell why in a line if no whole frame has come, and so no framing is known."""
        if self.inbound.framing is None and not self._session.closed:
            text = self._session.refusal_text(refusal)
            self.send_queue.write(self.last_words(refusal, text))
        self._session.close()

    def restart_idle_timeout(self) -> None:
        """Count the silence of the client from now on."""
        self._context.idle_timeouts.start(self._idle_timed_out)

    @property
    def has_work(self) -> bool:
        """Whether the client waits for the server, which has a request of it, or whole frames."""
        is_throttled = self._meter is not None and self._meter.is_waiting
        return self._session.busy or is_throttled or self.inbound.receiver.has_frames

    def _idle_timed_out(self) -> None:
        """Close the connection, unless it is the client or the server that something waits for."""
        if self.send_queue.queued or self.has_work:
            self.restart_idle_timeout()
        else:
            self._session.close(DisconnectReason.IDLE)

    def _start_drain(self) -> None:
        """Limit the time in which frames of a client that has gone are processed."""
        if self._drain_timer is None:
            self._drain_timer = self._clock.callLater(DRAIN_SECONDS, self._drain_timed_out)

    def _drain_timed_out(self) -> None:
        if self._meter is not None:
            self._meter.close()
        self.inbound.stop_draining()
        self._session.stop_waiting()
        if self.inbound.state is not State.CLOSED:
            self._producer.pauseProducing()
            _cancel(self._next_turn)
            self._process_later()

    def input_done(self) -> None:
        """Free everything: the connection is lost and nothing is left to process."""
        context = self._context
        for timer in (self._refusal_timer, self._next_turn, self._drain_timer):
            _cancel(timer)
        if self._meter is not None:
            self._meter.close()
        self._usage.wait_ends()
        self.inbound.receiver.clear()
        if self._slot.refusal is not None:
            context.services.counters.connection_refused()
        # Only now: buffered frames took memory until here.
        context.admission.leave(self._slot)
        context.handshake_timeouts.stop(self.handshake_timed_out)
        context.idle_timeouts.stop(self._idle_timed_out)
        self._session.connection_lost()

    def _overflowed(self, queued: int, limit: int) -> None:
        self.inbound.receiver.clear()
        self._context.services.counters.connection_aborted()
        self._context.services.event_log.send_queue_exceeded(self.address, queued, limit)


class GatewayFactory(Factory):
    """Builds the protocol of each connection: a `gateway`, of the `context` of all of them."""

    noisy = False

    def __init__(self, gateway: Callable[[], Gateway], context: ServerContext) -> None:
        self.gateway = gateway
        self.context = context

    def buildProtocol(self, addr: IAddress | None) -> Protocol:  # noqa: ARG002 -- Twisted's
        """Return the protocol of a new connection: one that aborts it if no descriptor is left.

        It would be simpler to return None, but factories that wrap this one, as for TLS, expect a
        protocol.
        """
        if self.context.admission.has_descriptor:
            return self.gateway()
        self.context.services.counters.connection_refused()
        return _RefusedProtocol()


class _RefusedProtocol(Protocol):
    """Aborts its connection."""

    def connectionMade(self) -> None:
        """Abort the connection."""
        cast("ITCPTransport", self.transport).abortConnection()


def _size(data: bytes) -> int:
    """Return how many bytes `data` counts as input: one that is no UTF-8 as many as U+FFFD."""
    return len(data) if data.isascii() else len(data.decode(errors="replace").encode())


def _cancel(timer: IDelayedCall | None) -> None:
    if timer is not None and timer.active():
        timer.cancel()
