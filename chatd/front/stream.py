"""The native door: a stream of frames ended by NUL, or of lines, over TCP, TLS or a UNIX socket.

`ChatFactory` builds a `ChatProtocol` for each connection. The protocol cuts frames and feeds the
session one at a time; it stops reading while too much waits, and it serves what came before the
peer closed his side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IReactorTime,
    ITCPTransport,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.core import errors
from chatd.core.events import Address
from chatd.front.outlet import FINISH_SECONDS, Outlet, PlainOutlet
from chatd.front.sockets import Sockets
from chatd.session import Session, Sessions
from chatd.wire.framing import FrameReceiver, NotChatError, TooLong

WAITING_BYTES: Final = 65536
"""How much a connection may have waiting in whole frames before it is not read from."""

FRAMES_A_TURN: Final = 50
"""How many frames of one connection are served in one turn of the reactor: others have theirs, too."""

UNKNOWN_MAX_FRAME: Final = 2048
"""The longest frame, in bytes, of who has no name yet: name, password and room need no more."""


@dataclass(frozen=True)
class Limits:
    """What one connection may make the server hold, in bytes (spec section 1)."""

    max_frame: int = 16384
    send_queue: int = 1048576

    def frame(self, known: bool) -> int:
        """Return the longest frame accepted."""
        return self.max_frame if known else min(self.max_frame, UNKNOWN_MAX_FRAME)

    def queue(self, known: bool) -> int:
        """Return how much output may wait."""
        return self.send_queue if known else self.send_queue // 2


def peer_address(transport: ITransport) -> Address:
    """Return where a peer is: host and port, or `unix`."""
    peer = transport.getPeer()
    host, port = getattr(peer, "host", None), getattr(peer, "port", None)
    return "unix" if host is None or port is None else (host, port)


@implementer(IHalfCloseableProtocol)
class ChatProtocol(Protocol):
    """One connection: bytes to frames, frames to its session."""

    def __init__(
        self, sessions: Sessions, clock: IReactorTime, sockets: Sockets, limits: Limits
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._sockets = sockets
        self._limits = limits
        self._frames = FrameReceiver(limits.frame(known=False))
        self._known = False
        self._ended = False
        self._reading = True
        self._serving = False
        self._refusing: IDelayedCall | None = None
        self._next_turn: IDelayedCall | None = None

    # -- Twisted's

    def connectionMade(self) -> None:
        """Begin a session."""
        transport = cast("ITCPTransport", self.transport)
        self._address = peer_address(transport)
        if isinstance(self._address, tuple):
            # Nagle's algorithm makes one message in a hundred wait for a delayed ACK.
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
        limit = self._limits.queue(known=False)
        self._socket = self._sockets.take(transport, self.dataReceived)
        self._outlet: Outlet = (
            Outlet(transport, self._clock, limit, self._overflowed)
            if self._socket is None
            else PlainOutlet(self._socket, self._clock, limit, self._overflowed)
        )
        self._session: Session = self._sessions.connect(self._address, self._outlet, self._serve)
        # Who is banned is told so once it is known how, and not waited for long.
        if self._session.is_barred:
            self._refusing = self._clock.callLater(FINISH_SECONDS, self._session.close)

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
        self._serve()

    def writeConnectionLost(self) -> None:
        """Do nothing: we never close our side alone."""

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002 -- Twisted's
        """End the session."""
        for call in (self._refusing, self._next_turn):
            if call is not None and call.active():
                call.cancel()
        if self._socket is not None:
            self._sockets.lost(self._socket)
        self._outlet.lost()
        self._session.lost()

    # -- within

    def _begin(self, data: bytes) -> bool:
        """Take in the first bytes, which tell the framing; return False if they are no chat."""
        self._note_address()
        try:
            self._frames.feed(data)
        except NotChatError:
            self._session.close()
            return False
        if self._frames.framing is not None:
            self._session.open(self._frames.framing)
        return True

    def _serve(self) -> None:
        """Serve the frames that wait, until the session is busy with one."""
        if self._serving or self._next_turn is not None:
            return
        self._serving = True
        try:
            all_served = self._serve_frames()
        finally:
            self._serving = False
        if not all_served:
            self._next_turn = self._clock.callLater(0, self._serve_on)
        elif self._ended and not self._session.busy:
            self._session.no_more()
        elif not self._session.closed and self._reading != (self._frames.waiting < WAITING_BYTES):
            self._reading = not self._reading
            source: Any = self._socket or self.transport
            (source.resumeProducing if self._reading else source.pauseProducing)()

    def _serve_on(self) -> None:
        """Serve what was left for this turn, that others might have theirs."""
        self._next_turn = None
        self._serve()

    def _serve_frames(self) -> bool:
        """Serve frames; return False if that is enough for this turn, and more may wait."""
        session, receiver = self._session, self._frames
        left = FRAMES_A_TURN
        while left and not (session.busy or session.closed):
            if not self._known:
                self._raise_limits()
            # The first request may change the limits for those that follow.
            frames = receiver.next_frames(left if self._known else 1)
            if isinstance(frames, TooLong):
                session.refuse(errors.too_long(frames.limit))
                left -= 1
            elif frames:
                served = session.receive(frames)
                left -= served
                if served < len(frames):
                    receiver.put_back(frames[served:])
            else:
                return True
        return left > 0

    def _raise_limits(self) -> None:
        if self._session.is_known:
            self._known = True
            self._frames.limit = self._limits.frame(known=True)
            self._outlet.limit = self._limits.queue(known=True)

    def _note_address(self) -> None:
        """Learn where the client is: behind a proxy that is known with the first bytes only."""
        address = peer_address(cast("ITransport", self.transport))
        if address != self._address:
            self._address = address
            self._session.move(address)

    def _overflowed(self, queued: int, limit: int) -> None:
        self._sessions.journal.too_slow(self._address, queued, limit)


class ChatFactory(Factory):
    """Builds the protocol of each connection."""

    noisy = False

    def __init__(self, sessions: Sessions, reactor: Any, limits: Limits) -> None:
        self._sessions = sessions
        self._reactor = reactor
        self._sockets = Sockets(reactor)
        self._limits = limits

    def buildProtocol(self, addr: IAddress | None) -> ChatProtocol:  # noqa: ARG002 -- Twisted's
        """Return the protocol of a new connection."""
        return ChatProtocol(self._sessions, self._reactor, self._sockets, self._limits)
