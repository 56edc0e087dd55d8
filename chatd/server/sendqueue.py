"""Send queues: the output of a connection, and how much of it may wait for the client.

Output that a client does not read is queued here and not in the transport, which would accept it
without a limit. The queued blobs are shared with the queues of all clients that get the same bytes,
so that a client that reads slowly costs little memory. A plain TCP or UNIX transport is bypassed:
its socket is written to directly, which saves two calls of epoll_ctl and a turn of the reactor for
each write. Other transports, such as TLS, are written to with `write`.
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
"""How long a client may take to read the rest of its output before the connection is aborted."""

_MAX_BLOBS: Final = 64
"""How many blobs one system call sends."""


Overflow = Callable[[int, int], None]
_Blob = bytes | memoryview


@implementer(ISendQueue, IPushProducer)
class TransportSendQueue:
    """Writes to any transport; queues what is written while the transport is full.

    `on_overflow` is called with the number of bytes queued and the limit when the connection is
    aborted because of them.
    """

    def __init__(
        self, transport: Any, clock: IReactorTime, limit: int, on_overflow: Overflow
    ) -> None:
        self.limit = limit
        self.queued = 0
        self._transport = transport
        self._clock = clock
        self._on_overflow = on_overflow
        self._blobs: deque[_Blob] = deque()
        self._blocked = False  # blobs are queued: the transport is full, or the queue is closing
        self._closed = False
        self._close_timer: IDelayedCall | None = None  # runs while the queue is closing
        self._register()

    def _register(self) -> None:
        self._transport.registerProducer(self, True)

    # -- ISendQueue

    def write(self, blob: bytes) -> None:
        """Send `blob` after all that was written before; drop it if the connection is closing."""
        if self._closed or self._close_timer is not None:
            return
        if self._blocked:
            self._append(blob)
        else:
            self._transport.write(blob)

    def close_when_sent(self) -> None:
        """Close the connection when all is sent; abort it after `FINISH_SECONDS`."""
        if self._close_timer is None and not self._closed:
            self._close_timer = self._clock.callLater(FINISH_SECONDS, self.abort)
            self._close_if_sent()

    def abort(self) -> None:
        """Close the connection in the next turn, and drop what is queued."""
        if not self._closed:
            self.connection_lost()
            # Not now: a caller who writes to all members of a room must not be called back.
            self._clock.callLater(0, self._transport.abortConnection)

    # -- called by the gateway

    def connection_lost(self) -> None:
        """Drop what is queued: the connection has ended."""
        self._closed = True
        self._blobs.clear()
        self.queued = 0
        if self._close_timer is not None and self._close_timer.active():
            self._close_timer.cancel()

    # -- called by the transport

    def pauseProducing(self) -> None:
        """Queue what is written: the transport is full."""
        self._blocked = True

    def resumeProducing(self) -> None:
        """Send what is queued: the transport can take it."""
        self._blocked = False
        while self._blobs and not self._blocked:
            self._transport.write(self._pop())
        self._close_if_sent()

    def stopProducing(self) -> None:
        """Do nothing: `connection_lost` follows."""

    # -- within

    def _append(self, blob: _Blob) -> None:
        self._blobs.append(blob)
        self.queued += len(blob)
        if self.queued > self.limit:
            queued = self.queued
            self.abort()
            self._on_overflow(queued, self.limit)

    def _pop(self) -> _Blob:
        blob = self._blobs.popleft()
        self.queued -= len(blob)
        return blob

    def _close_if_sent(self) -> None:
        if self._close_timer is not None and not self._blobs and not self._closed:
            self._unregister()
            self._transport.loseConnection()

    def _unregister(self) -> None:
        self._transport.unregisterProducer()


class SocketSendQueue(TransportSendQueue):
    """Writes to the socket of a plain transport; queues what the socket does not take.

    `_blocked` is also true once the queue is closing or closed, so that `write` tests one flag.
    """

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

    def _register(self) -> None:
        """Do nothing: epoll says when the socket can be written to."""

    def _unregister(self) -> None:
        """Do nothing: no producer is registered."""

    def write(self, blob: bytes) -> None:
        """Send `blob` after all that was written before; drop it if the connection is closing."""
        if self._blocked:
            if not self._closed and self._close_timer is None:
                self._append(blob)
            return
        try:
            sent = self._send(blob)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.abort()  # the connection is gone
            return
        if sent != len(blob):
            self._blocked = True
            self._socket.call_when_writable(self.resumeProducing)
            self._append(memoryview(blob)[sent:])

    def close_when_sent(self) -> None:
        """Close the connection when all is sent; abort it after `FINISH_SECONDS`."""
        super().close_when_sent()
        self._blocked = True

    def connection_lost(self) -> None:
        """Drop what is queued: the connection has ended."""
        self._blocked = True
        super().connection_lost()

    def resumeProducing(self) -> None:
        """Send what is queued: the socket can take it."""
        if self._closed:
            return
        try:
            sent = self._socket.sendmsg(list(islice(self._blobs, _MAX_BLOBS)))
        except BlockingIOError:
            return
        except OSError:
            self.abort()
            return
        while sent:
            blob = self._pop()
            if len(blob) > sent:
                rest = memoryview(blob)[sent:]
                self._blobs.appendleft(rest)
                self.queued += len(rest)
                break
            sent -= len(blob)
        if not self._blobs:
            self._blocked = self._close_timer is not None
            self._socket.call_when_writable(None)
            self._close_if_sent()
