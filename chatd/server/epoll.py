"""The sockets of plain transports, read and written past them.

The reactor calls each connection that can be read or written by itself, and there may be hundreds
in a turn. What it does around each call costs as much as a message. So the sockets of plain TCP and
UNIX transports are watched by an epoll of our own, and that, as it can be polled itself, by the
reactor: one call of it reads and writes all that can be. How a connection ends is left to the
reactor and the transport. All other transports, TLS above all, and systems without epoll are
read and written by the reactor alone.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any, Final, Protocol

from twisted.internet import tcp, unix
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

_READ_BYTES: Final = 65536

_log = Logger(namespace="chatd")

Receive = Callable[[bytes], None]


@implementer(IReadDescriptor)
class EpollReader:
    """Watches plain sockets, all of them in one call of `reactor`."""

    def __init__(self, reactor: IReactorFDSet) -> None:
        self._reactor = reactor
        self._sockets: dict[int, AdoptedSocket | HangupWatcher] = {}
        self._epoll: Any = None

    def adopt(
        self, transport: Any, receive: Receive, on_hang_up: Callable[[], None]
    ) -> AdoptedSocket | None:
        """Read from the socket of `transport` from now on, and give what comes to `receive`.

        `on_hang_up` is called if the peer closes his side while he is not read from. Returns None if that cannot be done, or must not be.
        """
        # By exact type: a TLS transport hands on the raw socket, which would send plain text.
        plain = type(transport) in (tcp.Server, unix.Server)
        if not (plain and hasattr(select, "epoll")):
            return None
        socket = AdoptedSocket(self._watching(), transport, receive, on_hang_up)
        try:
            socket.resumeProducing()
        except OSError:
            return None  # the system watches as many as it can: the reactor finds that, too
        transport.pauseProducing()
        self._sockets[socket.fd] = socket
        return socket

    def watch_hangup(self, transport: Any, on_hang_up: Callable[[], None]) -> Source:
        """Return what stops and starts the reading of a transport that is not plain.

        `on_hang_up` is called if the peer closes his side while he is not read from.
        """
        handle = getattr(transport, "socket", None)
        if handle is None or not hasattr(select, "epoll"):
            return transport  # type: ignore[no-any-return]
        guarded = HangupWatcher(self._watching(), transport, handle.fileno(), on_hang_up)
        self._sockets[guarded.fd] = guarded
        return guarded

    def lost(self, source: Source) -> None:
        """Forget a socket: its transport has closed it."""
        if isinstance(source, AdoptedSocket | HangupWatcher):
            del self._sockets[source.fd]

    def _watching(self) -> Any:
        if self._epoll is None:
            self._epoll = select.epoll()
            self._reactor.addReader(self)
        return self._epoll

    # -- the reactor

    def fileno(self) -> int:
        """Return what to watch."""
        return int(self._epoll.fileno())

    def logPrefix(self) -> str:
        """Return what twistd's log shows of who logs."""
        return "Sockets"

    def doRead(self) -> None:
        """Read from all sockets that can be read, and write to those that wait to be written."""
        sockets = self._sockets
        for fd, ready in self._epoll.poll(0):
            socket = sockets.get(fd)
            if socket is None:
                continue  # one that was read before has put an end to it
            try:
                if ready & ~select.EPOLLIN and socket.writable is not None:
                    socket.writable()
                if ready & ~select.EPOLLOUT:
                    socket.read()
            except Exception:  # noqa: BLE001 -- a fault of ours hurts one connection
                _log.failure("Processing received data failed", Failure())
                socket.transport.abortConnection()

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002 -- Twisted's
        """Stop: the reactor has."""
        self._epoll.close()


class Source(Protocol):
    """Where bytes come from, and whether they come."""

    def pauseProducing(self) -> None:
        """Read no more for now."""

    def resumeProducing(self) -> None:
        """Read on."""


class HangupWatcher:
    """The socket of a transport that reads it itself: watched while it does not, for the peer's end."""

    writable = None

    def __init__(self, epoll: Any, transport: Any, fd: int, on_hang_up: Callable[[], None]) -> None:
        self.transport = transport
        self.fd = fd
        self._epoll = epoll
        self._on_hang_up = on_hang_up
        self._watched = False

    def read(self) -> None:
        """Tell that the peer has closed his side."""
        self._watch(False)
        self._on_hang_up()

    def pauseProducing(self) -> None:
        """Read no more for now."""
        self.transport.pauseProducing()
        self._watch(True)

    def resumeProducing(self) -> None:
        """Read on."""
        self._watch(False)
        self.transport.resumeProducing()

    def _watch(self, wanted: bool) -> None:
        if wanted and not self._watched:
            self._epoll.register(self.fd, select.EPOLLRDHUP)
        elif self._watched and not wanted:
            self._epoll.unregister(self.fd)
        self._watched = wanted


class AdoptedSocket:
    """The socket of a plain transport: `send` and `sendmsg` are the system's.

    `writable` is called while the socket can be written to, if it is set.
    """

    __slots__ = (
        "_epoll",
        "_hung_up",
        "_on_hang_up",
        "_reading",
        "_recv",
        "_watched",
        "fd",
        "receive",
        "send",
        "sendmsg",
        "transport",
        "writable",
    )

    def __init__(
        self, epoll: Any, transport: Any, receive: Receive, on_hang_up: Callable[[], None]
    ) -> None:
        self.transport = transport
        self.receive = receive
        self.fd: int = transport.fileno()
        self.send = transport.socket.send
        self.sendmsg = transport.socket.sendmsg
        self.writable: Callable[[], None] | None = None
        self._recv = transport.socket.recv
        self._epoll = epoll
        self._on_hang_up = on_hang_up
        self._reading = False
        self._hung_up = False
        self._watched = 0

    def read(self) -> None:
        """Give what has come to `receive`; let the reactor see to it if that is the end."""
        if not self._reading:
            if not self._hung_up:
                self._hung_up = True
                self._watch()
                self._on_hang_up()
            return
        try:
            data = self._recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # it was reset
            self._hung_up = True
            self.pauseProducing()
            self.transport.abortConnection()
            return
        if data:
            self.receive(data)
        else:
            self._hung_up = True
            self.pauseProducing()
            self.transport.resumeProducing()

    def pauseProducing(self) -> None:
        """Read no more for now."""
        self._reading = False
        self._watch()

    def resumeProducing(self) -> None:
        """Read on."""
        self._reading = True
        self._watch()

    def call_when_writable(self, call: Callable[[], None] | None) -> None:
        """Have something called while the socket can be written to, or nothing any more."""
        self.writable = call
        self._watch()

    def _watch(self) -> None:
        unread = 0 if self._hung_up else select.EPOLLRDHUP
        wanted = select.EPOLLIN if self._reading else unread
        if self.writable is not None:
            wanted |= select.EPOLLOUT
        if wanted == self._watched:
            return
        if not wanted:
            self._epoll.unregister(self.fd)
        elif not self._watched:
            self._epoll.register(self.fd, wanted)
        else:
            self._epoll.modify(self.fd, wanted)
        self._watched = wanted
