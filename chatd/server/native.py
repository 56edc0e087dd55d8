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

from chatd.core import errors
from chatd.core.events import Address
from chatd.protocol.framing import FrameReceiver, NotChatError, TooLong
from chatd.protocol.replies import BANNED, IDLE
from chatd.server.context import Door, TurnedAway
from chatd.server.limits import Bucket
from chatd.server.proxy_protocol import ILocated, IProxied
from chatd.server.sendqueue import FINISH_SECONDS, Outlet, PlainOutlet
from chatd.server.session import Session
from chatd.server.tcp import peer_address, tune

WAITING_BYTES: Final = 65536
"""How much a connection may have waiting before it is not read from; or one frame, if it may be longer."""

FRAMES_A_TURN: Final = 50
"""How many frames of one connection are served in one turn of the reactor: others have theirs, too."""

SERVE_AFTER_END: Final = 10.0
"""For how many seconds what waits is served after the end of its connection (spec section 2)."""


_log = Logger(namespace="chatd")


@implementer(IHalfCloseableProtocol, ILocated)
class ChatProtocol(Protocol):
    """One connection: bytes to frames, frames to its session."""

    def __init__(self, door: Door) -> None:
        limits = door.limits
        self._door = door
        self._clock = door.clock
        self._frames = FrameReceiver(limits.frame(known=False))
        self._enough = WAITING_BYTES
        self._bucket = (
            Bucket(limits.rate, limits.burst, door.clock.seconds())
            if limits.rate and limits.burst
            else None
        )
        self._known = False
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
        door, transport = self._door, cast("ITCPTransport", self.transport)
        self._address = peer_address(transport)
        if isinstance(self._address, tuple):
            tune(transport, self._address[1])
        limit = door.limits.queue(known=False)
        plain = door.sockets.take(transport, self.dataReceived, self._expect_the_end)
        self._source = plain or door.sockets.guard(transport, self._expect_the_end)
        self._outlet: Outlet = (
            Outlet(transport, self._clock, limit, self._overflowed)
            if plain is None
            else PlainOutlet(plain, self._clock, limit, self._overflowed)
        )
        self._session: Session = door.sessions.connect(self._address, self._outlet, self._serve)
        door.silent.start(self)
        door.admission.connected()
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
        self._door.sockets.lost(self._source)
        self._outlet.lost()
        self._door.admission.disconnected()
        self._expect_the_end()
        if self._session.closed or not self._frames.has_frames:
            self._leave()

    # -- the proxy

    def located(self) -> None:
        """Count the client where he is, though he may have said nothing yet."""
        if self._frames.framing is None and not self._session.closed:
            self._note_address()

    # -- the door

    def close_silent(self) -> None:
        """Close: no whole frame has come in time. Nothing can be said, as it is not known how."""
        self._session.close()

    def close_idle(self) -> None:
        """Close, unless the peer has still to read, or we to answer: then it is not he who is idle."""
        if self._outlet.queued or self._session.busy or self._frames.has_frames:
            self._door.idle.start(self)
        else:
            self._session.close(IDLE)

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
            self._door.silent.stop(self)
            self._door.idle.start(self)
            self._session.open(self._frames.framing)
            refusal = BANNED if self._session.is_barred else self._place.refusal
            if refusal is not None:
                frames = self._frames.next_frames(1)
                self._session.turn_away(refusal, None if isinstance(frames, TooLong) else frames[0])
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
                self._session.no_more()
        if self._reading != (self._frames.waiting < self._enough) and not self._ended:
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
            _log.failure("What was received met a fault", Failure())
            self._outlet.abort()
            if self._lost:
                self._leave()

    def _serve_frames(self) -> float | None:
        """Serve frames; if some are left for later, return in how many seconds."""
        session, receiver, bucket = self._session, self._frames, self._bucket
        left = FRAMES_A_TURN
        if bucket is not None:
            left = min(left, bucket.available(self._clock.seconds()))
        while not (session.busy or session.closed):
            if not left:
                wait = 0.0 if bucket is None else bucket.wait()
                return wait if receiver.waiting else None
            if not self._known:
                self._raise_limits()
            # The first request may change the limits for those that follow.
            frames = receiver.next_frames(left if self._known else 1)
            if not frames:
                return None
            if self._door.limits.idle_timeout:
                self._door.idle.start(self)
            if isinstance(frames, TooLong):
                served = 1
                session.refuse(errors.too_long(frames.limit))
            else:
                served = session.receive(frames)
                if served < len(frames):
                    receiver.put_back(frames[served:])
            left -= served
            if bucket is not None:
                bucket.take(served)
        return None

    def _raise_limits(self) -> None:
        if self._session.is_known:
            self._known = True
            limit = self._frames.limit = self._door.limits.frame(known=True)
            # A whole frame and its end have to find their place.
            self._enough = max(WAITING_BYTES, limit + 2)
            self._outlet.limit = self._door.limits.queue(known=True)

    def _note_address(self) -> None:
        """Learn where the client is: behind a proxy that is not known at once."""
        address = peer_address(cast("ITransport", self.transport))
        if address != self._address:
            self._door.admission.leave(self._place)
            self._address = address
            self._session.move(address)
            self._admit(address)

    def _admit(self, origin: Address | None) -> None:
        """Let the client in, or not: then he is told so once it is known how, and not waited for long."""
        self._place = self._door.admission.enter(origin)
        _cancel(self._refusing)
        self._refusing = None
        if self._place.refusal is not None or self._session.is_barred:
            patience = FINISH_SECONDS if self._door.admission.is_patient else 0
            self._refusing = self._clock.callLater(patience, self._session.close)

    # -- the end

    def _expect_the_end(self) -> None:
        """Serve what waits, but not for long: who is gone is not to speak for hours."""
        if self._end_of_service is None:
            self._end_of_service = self._clock.callLater(SERVE_AFTER_END, self._serve_no_more)

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
        if self._place.refusal is not None:
            self._door.sessions.journal.refused += 1
        # Not before: what of it waits takes memory.
        self._door.admission.leave(self._place)
        self._door.silent.stop(self)
        self._door.idle.stop(self)
        self._session.lost()

    def _overflowed(self, queued: int, limit: int) -> None:
        self._frames.clear()
        self._door.sessions.journal.too_slow(self._address, queued, limit)


class ChatFactory(Factory):
    """Builds the protocol of each connection."""

    noisy = False

    def __init__(self, door: Door) -> None:
        self._door = door

    def buildProtocol(self, addr: IAddress | None) -> Protocol:  # noqa: ARG002 -- Twisted's
        """Return the protocol of a new connection, also if there is no place for it.

        None would do for `tcp:` alone: what wraps others, for TLS say, does not expect it.
        """
        if self._door.admission.is_open:
            return ChatProtocol(self._door)
        self._door.sessions.journal.refused += 1
        return TurnedAway()


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None and call.active():
        call.cancel()
