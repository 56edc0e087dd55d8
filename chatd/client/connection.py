"""The connection to one server: frames in both directions, and coming back when it is lost.

A `Link` connects once; if that fails it says why and is done. Once it was up and is lost, it tries
again with growing pauses until it is closed or told to stay away. It knows frames and the one reply
that opens the conversation; what is said is its listener's business. Time and chance are arguments.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IProtocol,
    IReactorTime,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from chatd.client.cutting import Cutter
from chatd.client.endpoints import explain
from chatd.core.events import Event
from chatd.protocol.json_decoder import UnknownEventError, decode_event
from chatd.protocol.received import Disconnect, Ok, Reply
from chatd.protocol.text import render

OPENING: Final = "`format json"
"""The first frame, in text: from its answer on both sides speak JSON."""

_FRAME_END: Final = b"\0"
_LONGEST_FRAME: Final = 16 * 1024 * 1024
_ANSWER_IN: Final = 30.0
_LONGEST_PAUSE: Final = 60.0
_STEADY_AFTER: Final = 10.0


class LinkListener(Protocol):
    """Who is told what a link brings."""

    def link_up(self, session: str | None) -> None:
        """Hear that there is a connection, and that it speaks JSON; `session` is its secret."""

    def link_failed(self, why: str | None) -> None:
        """Hear that there was nothing to connect to; `why` if it is more than that nobody listens there."""

    def link_lost(self, *, coming_back: bool) -> None:
        """Hear that the connection has ended; `coming_back` if another is tried for."""

    def link_broken(self, why: str) -> None:
        """Hear that the connection is closed for good: what came there could not be dealt with."""

    def link_event(self, event: Event | Reply) -> None:
        """Hear what the server tells."""

    def link_text(self, words: str) -> None:
        """Hear why the server lets nobody in: the same words at every try."""


class Link:
    """A connection to the server at `endpoint`, and the next one when it is lost.

    `chance` returns 0 to 1. `faithful`: tries again from the first failure on.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        clock: IReactorTime,
        listener: LinkListener,
        chance: Callable[[], float],
        *,
        faithful: bool = False,
    ) -> None:
        self.is_up = False
        self._endpoint = endpoint
        self._clock = clock
        self._listener = listener
        self._chance = chance
        self._faithful = faithful
        self._stays_away = self._closed = self._was_told = False
        self._tries = 0
        self._up_since = 0.0
        self._timer: IDelayedCall | None = None
        self._connecting: Deferred[Any] | None = None
        self._protocol: _FrameProtocol | None = None

    def open(self) -> None:
        """Connect."""
        factory = Factory.forProtocol(lambda: _FrameProtocol(self))
        factory.noisy = False
        self._timer = None
        self._was_told = False
        self._connecting = self._endpoint.connect(factory)
        self._connecting.addCallbacks(self._reached, self._not_reached)

    def send(self, frame: str) -> None:
        """Send a frame; to be called while `is_up`."""
        if self._protocol is not None:
            self._protocol.send(frame)

    def stay_away(self) -> None:
        """Do not come back when the connection is lost."""
        self._stays_away = True

    def close(self) -> None:
        """End the connection, or the attempt at one; the listener hears no more."""
        self._closed = True
        self.is_up = False
        self._stop_timer()
        if self._protocol is not None:
            self._protocol.close()
        elif self._connecting is not None:
            self._connecting.cancel()

    # -- what the endpoint and the protocol tell

    def _reached(self, protocol: IProtocol | None) -> None:
        self._connecting = None
        # It may have been lost within the very call that made it.
        if self._protocol is protocol and not self._closed:
            self._timer = self._clock.callLater(_ANSWER_IN, self._protocol_is_silent)

    def _not_reached(self, failure: Failure) -> None:
        self._connecting = None
        self._failed(explain(failure))

    def made(self, protocol: _FrameProtocol) -> None:
        """Begin: there is a connection."""
        self._protocol = protocol
        protocol.send(OPENING)

    def frame(self, frame: str) -> None:
        """Take in a frame; no server can do more harm with one than to be left."""
        if self._closed:
            return
        try:
            self._take(frame)
        except Exception as fault:  # noqa: BLE001 -- what it is nobody knows beforehand
            self.close()
            self._listener.link_broken(f"{type(fault).__name__}: {fault}")

    def ended(self, failure: Failure) -> None:
        """Take note that the connection has ended."""
        self._protocol = None
        self._stop_timer()
        if self._closed:
            return
        if not self.is_up:
            # Who was told why he is not let in knows enough.
            self._failed(None if self._was_told else explain(failure))
            return
        self.is_up = False
        if self._clock.seconds() - self._up_since > _STEADY_AFTER:
            self._tries = 0
        if not self._stays_away:
            self._come_back_later()
        self._listener.link_lost(coming_back=not self._stays_away)

    # -- within

    def _take(self, frame: str) -> None:
        try:
            event = decode_event(frame)
        except UnknownEventError:
            if not self.is_up:
                self._was_told = True
                self._listener.link_text(frame)
            return
        if not self.is_up and isinstance(event, Ok) and event.command == "format":
            self._came_up(event)
            return
        self._was_told = True
        if not self.is_up and isinstance(event, Disconnect) and event.retry:
            # The same at every try.
            self._listener.link_text(render(event))
        else:
            self._listener.link_event(event)

    def _came_up(self, opening: Ok) -> None:
        self._stop_timer()
        self.is_up = self._faithful = True
        self._up_since = self._clock.seconds()
        session = opening.data.get("session")
        self._listener.link_up(session if isinstance(session, str) else None)

    def _failed(self, why: str | None) -> None:
        if self._closed:
            return
        if self._faithful and not self._stays_away:
            self._come_back_later()
        else:
            self._listener.link_failed(why)

    def _come_back_later(self) -> None:
        pause = min(2.0**self._tries, _LONGEST_PAUSE)
        self._tries = min(self._tries + 1, 10)
        # Not all clients of a server that was restarted are to come in the same moment.
        self._timer = self._clock.callLater(pause * (1 - 0.25 * self._chance()), self.open)

    def _protocol_is_silent(self) -> None:
        self._timer = None
        if self._protocol is not None:
            self._protocol.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _FrameProtocol(TwistedProtocol):
    """Cuts what comes into frames ended by NUL."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._cutter = Cutter(_FRAME_END)

    def connectionMade(self) -> None:
        """Begin."""
        _find_dead_peers(self.transport)
        self._link.made(self)

    def dataReceived(self, data: bytes) -> None:
        """Take in what was read."""
        for frame in self._cutter.feed(data):
            self._link.frame(frame.decode(errors="replace"))
        if self._cutter.pending > _LONGEST_FRAME:
            self.abort()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Tell that it has ended."""
        assert reason is not None
        self._link.ended(reason)

    def send(self, frame: str) -> None:
        """Send a frame."""
        # Half a surrogate pair, from a terminal that does not speak UTF-8, cannot be sent.
        cast("Any", self.transport).write(frame.encode(errors="replace") + _FRAME_END)

    def close(self) -> None:
        """Close when all is sent."""
        cast("Any", self.transport).loseConnection()

    def abort(self) -> None:
        """Close at once."""
        cast("Any", self.transport).abortConnection()


def _find_dead_peers(transport: Any) -> None:
    """Let TCP find out within two minutes that the other end is gone, and send small packets at once."""
    tcp = getattr(transport, "transport", transport)  # what TLS runs on
    if not ITCPTransport.providedBy(tcp):
        return
    tcp.setTcpNoDelay(True)
    tcp.setTcpKeepAlive(True)
    handle = cast("Any", tcp).getHandle()
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):  # not on every system
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
