"""Send queues: the output of a connection, and how much of it may wait for the client.

Output that a client does not read is queued here and not in the transport, which would accept it
without a limit. The queued blobs are shared with the queues of all clients that get the same bytes,
so that a client that reads slowly costs little memory. A plain TCP or UNIX transport is bypassed:
its socket is written to directly, which saves two calls of epoll_ctl and a turn of the reactor for
each write. Other transports, such as TLS, are written to with `write`.

Messages of others are limited: a client that does not keep up with its rooms is disconnected. What
a client has asked for is not, as a long list is more than a slow connection takes at once. Instead
the session carries out no further request while more than `ANSWER_LIMIT` bytes of answers wait, and
the connection is aborted if the client reads nothing of them for `PROGRESS_SECONDS`.
"""

from __future__ import annotations

import fcntl
import sys
import termios
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from zope.interface import implementer

from chatd.core.ports import ISendQueue
from chatd.server.epoll import AdoptedSocket

FINISH_SECONDS: Final = 5
"""How long a client may take to read the rest of its output before the connection is aborted."""

ANSWER_LIMIT: Final = 65536
"""How many bytes of answers may wait for the client before its next request has to wait, too.

No more than the limit of the queue, if that is less.
"""

PROGRESS_SECONDS: Final = 60
"""How long a client may take to read any part of such answers."""

_MAX_BLOBS: Final = 64
"""How many blobs one system call sends."""

_PIECE: Final = 65536
"""How many bytes a transport with a buffer of its own gets at once: it takes whatever it gets."""


Overflow = Callable[[int, int], None]
_Blob = bytes | memoryview


@implementer(ISendQueue, IPushProducer)
class TransportSendQueue:
    """Writes to any transport; queues what is written while the transport is full.

    `on_overflow` is called with the number of bytes queued and the limit when the connection is
    aborted because of them. Of the bytes queued, `_answers` are those of answers, of which the last
    one ends after `_answers_end` bytes; both become 0 when that one is sent.
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
        self._answers = 0
        self._answers_end = 0
        self._on_read: Callable[[], None] | None = None
        self._progress_timer: IDelayedCall | None = None  # runs while `_on_read` is set
        self._register()

    def _register(self) -> None:
        self._transport.registerProducer(self, True)

    # -- ISendQueue

    def write(self, blob: bytes) -> None:
        """Send `blob` after all that was written before; drop it if the connection is closing."""
        if len(blob) > _PIECE:
            for start in range(0, len(blob), _PIECE):
                self.write(blob[start : start + _PIECE])
        elif self._closed or self._close_timer is not None:
            pass
        elif self._blocked:
            self._append(blob)
        else:
            self._transport.write(blob)

    @property
    def is_behind(self) -> bool:
        """Whether the client has to read before it may ask for more."""
        return self._answers > min(ANSWER_LIMIT, self.limit)

    def answer(self, blob: bytes) -> None:
        """Send what the client has asked for: it does not count towards the limit."""
        self._answers += len(blob)
        self.write(blob)
        self._answers = min(self._answers, self.queued)
        self._answers_end = self.queued

    def call_when_read(self, callback: Callable[[], None]) -> None:
        """Call `callback`, in place of an earlier one, once no answer waits for the client.

        Abort the connection if the client reads nothing of them for `PROGRESS_SECONDS`.
        """
        if not self._answers:
            callback()
            return
        self._on_read = callback
        if self._progress_timer is None:
            self._watch_progress()

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
        self._answers_sent()
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
        self._note_sent()
        self._close_if_sent()

    def stopProducing(self) -> None:
        """Do nothing: `connection_lost` follows."""

    # -- within

    def _append(self, blob: _Blob) -> None:
        self._blobs.append(blob)
        self.queued += len(blob)
        if self.queued - self._answers > self.limit:
            self._overflow(self.limit)

    def _overflow(self, limit: int) -> None:
        queued = self.queued
        self.abort()
        self._on_overflow(queued, limit)

    def _pop(self) -> _Blob:
        blob = self._blobs.popleft()
        self.queued -= len(blob)
        self._answers_end -= len(blob)
        return blob

    def _note_sent(self) -> None:
        """Note that something was sent: perhaps the last of the answers."""
        if self._answers and self._answers_end <= 0:
            self._answers_sent()

    def _answers_sent(self) -> None:
        self._answers = self._answers_end = 0
        if self._progress_timer is not None:
            if self._progress_timer.active():
                self._progress_timer.cancel()
            self._progress_timer = None
        if self._on_read is not None:
            # Not now: the gateway may be in the middle of ending the connection.
            self._clock.callLater(0, self._on_read)
            self._on_read = None

    def _watch_progress(self) -> None:
        unread = self._answers_end + _unread(self._transport)
        self._progress_timer = self._clock.callLater(PROGRESS_SECONDS, self._check_progress, unread)

    def _check_progress(self, before: int) -> None:
        """Abort the connection if as much is unread as `PROGRESS_SECONDS` before."""
        if self._answers_end + _unread(self._transport) < before:
            self._watch_progress()
        else:
            self._overflow(min(ANSWER_LIMIT, self.limit))

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
                self._answers_end += len(rest)
                break
            sent -= len(blob)
        self._note_sent()
        if not self._blobs:
            self._blocked = self._close_timer is not None
            self._socket.call_when_writable(None)
            self._close_if_sent()


def _unread(transport: Any) -> int:
    """Return how many bytes the system holds that the client has not read; 0 if it cannot tell."""
    socket = getattr(transport, "socket", None)
    if socket is not None:
        with suppress(OSError):
            size = fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, bytes(4))
            return int.from_bytes(size, sys.byteorder)
    return 0
