"""Outlets: where a connection's bytes go, how much may wait, and what happens past that.

What a peer does not read waits here, not in the transport, which would take all memory there is.
The waiting blobs are shared with all others who got the same, so that a slow reader costs little.
On a plain TCP or UNIX transport a blob goes straight to the socket: that spares two epoll_ctl calls
and a turn of the reactor. All others, TLS above all, take `write`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from zope.interface import implementer

from chatd.core.ports import ISendQueue
from chatd.server.epoll import AdoptedSocket

FINISH_SECONDS: Final = 5
"""How long a peer may take to read what is still to be sent before it is closed."""

_PIECES: Final = 64
"""How many blobs are sent in one call of the system."""


Overflow = Callable[[int, int], None]
_Blob = bytes | memoryview


@implementer(ISendQueue, IPushProducer)
class TransportSendQueue:
    """Writes to any transport, and holds what comes while the transport says it is full."""

    def __init__(
        self, transport: Any, clock: IReactorTime, limit: int, on_overflow: Overflow
    ) -> None:
        self.limit = limit
        self.queued = 0
        self._transport = transport
        self._clock = clock
        self._on_overflow = on_overflow
        self._waiting: deque[_Blob] = deque()
        self._closed = False
        self._finishing: IDelayedCall | None = None
        self._open()

    def _open(self) -> None:
        self._full = False
        self._transport.registerProducer(self, True)

    # -- IOutlet

    def write(self, blob: bytes) -> None:
        """Send `blob` after all that was written before; nothing after the end was announced."""
        if self._closed or self._finishing is not None:
            return
        if self._full:
            self._hold(blob)
        else:
            self._transport.write(blob)

    def finish(self) -> None:
        """Close once all is sent, or in `FINISH_SECONDS` at the latest."""
        if self._finishing is None and not self._closed:
            self._finishing = self._clock.callLater(FINISH_SECONDS, self.abort)
            self._close_when_sent()

    def abort(self) -> None:
        """Close now; what waits is lost."""
        if not self._closed:
            self.lost()
            # In the next turn: who writes to a whole room must not be called back in the middle.
            self._clock.callLater(0, self._transport.abortConnection)

    # -- the door

    def lost(self) -> None:
        """Forget everything: the connection has ended."""
        self._closed = True
        self._waiting.clear()
        self.queued = 0
        if self._finishing is not None and self._finishing.active():
            self._finishing.cancel()

    # -- the transport

    def pauseProducing(self) -> None:
        """Hold what comes: the transport is full."""
        self._full = True

    def resumeProducing(self) -> None:
        """Send what waits: the transport has room."""
        self._full = False
        while self._waiting and not self._full:
            self._transport.write(self._release())
        self._close_when_sent()

    def stopProducing(self) -> None:
        """Do nothing: the transport is closing, and `lost` follows."""

    # -- within

    def _hold(self, blob: _Blob) -> None:
        self._waiting.append(blob)
        self.queued += len(blob)
        if self.queued > self.limit:
            queued = self.queued
            self.abort()
            self._on_overflow(queued, self.limit)

    def _release(self) -> _Blob:
        blob = self._waiting.popleft()
        self.queued -= len(blob)
        return blob

    def _close_when_sent(self) -> None:
        if self._finishing is not None and not self._waiting and not self._closed:
            self._transport.unregisterProducer()
            self._transport.loseConnection()


class SocketSendQueue(TransportSendQueue):
    """Writes straight to the socket of a plain transport; what that does not take waits until it does."""

    def __init__(
        self,
        socket: AdoptedSocket,
        clock: IReactorTime,
        limit: int,
        on_overflow: Overflow,
    ) -> None:
        self._socket = socket
        self._send = socket.send
        super().__init__(socket.transport, clock, limit, on_overflow)

    def _open(self) -> None:
        self._full = False

    def write(self, blob: bytes) -> None:
        """Send `blob` after all that was written before; nothing after the end was announced."""
        if self._full:
            if not self._closed and self._finishing is None:
                self._hold(blob)
            return
        try:
            sent = self._send(blob)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.abort()  # the peer is gone
            return
        if sent != len(blob):
            self._full = True
            self._socket.call_when_writable(self.resumeProducing)
            self._hold(memoryview(blob)[sent:])

    def finish(self) -> None:
        """Close once all is sent, or in `FINISH_SECONDS` at the latest."""
        super().finish()
        self._full = True

    def lost(self) -> None:
        """Forget everything: the connection has ended."""
        self._full = True
        super().lost()

    def resumeProducing(self) -> None:
        """Send what waits: the socket has room."""
        if self._closed:
            return
        try:
            sent = self._socket.sendmsg(list(islice(self._waiting, _PIECES)))
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        while sent:
            blob = self._release()
            if len(blob) > sent:
                rest = memoryview(blob)[sent:]
                self._waiting.appendleft(rest)
                self.queued += len(rest)
                break
            sent -= len(blob)
        if not self._waiting:
            self._full = self._finishing is not None
            self._socket.call_when_writable(None)
            self._close_when_sent()

    def _close_when_sent(self) -> None:
        if self._finishing is not None and not self._waiting and not self._closed:
            self._transport.loseConnection()
