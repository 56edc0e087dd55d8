"""Reads and writes the sockets of plain transports, past the reactor.

The reactor calls each connection that is readable or writable by itself, hundreds in a turn, and
what it does around each call costs as much as a message does. So an epoll instance of its own
watches the sockets of plain TCP and UNIX transports. The reactor watches that instance, which can
be polled itself, and one call of the reactor reads and writes all sockets that are ready. The
reactor and the transport still handle the end of each connection. Other transports, such as TLS,
and systems without epoll are read and written by the reactor alone.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any, Final

from twisted.internet import tcp, unix
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure
from zope.interface import implementer

READ_BYTES: Final = 65536
"""How many bytes are read at once."""

_log = Logger(namespace="chatd")

Receive = Callable[[bytes], None]


@implementer(IReadDescriptor)
class EpollReader:
    """Reads and writes all adopted sockets in one call of `reactor`.

    `read_bytes` is how many bytes of a connection are read at once, those of other transports too.
    """

    def __init__(self, reactor: IReactorFDSet, read_bytes: int = READ_BYTES) -> None:
        self._reactor = reactor
        self._read_bytes = read_bytes
        self._sockets: dict[int, AdoptedSocket | HangupWatcher] = {}
        self._epoll: Any = None

    def adopt(
        self, transport: Any, receive: Receive, on_hangup: Callable[[], None]
    ) -> AdoptedSocket | None:
        """Read the socket of `transport` from now on, and call `receive` with what was read.

        `on_hangup` is called if the client closes its sending side while the socket is paused.
        Return None if the transport is not plain or the system cannot watch its socket: then the
        transport stays as it was.
        """
        # By exact type: a TLS transport passes on the raw socket, which would send plain text.
        is_plain = type(transport) in (tcp.Server, unix.Server)
        if not (is_plain and hasattr(select, "epoll")):
            return None
        socket = AdoptedSocket(self._open_epoll(), transport, receive, on_hangup, self._read_bytes)
        try:
            socket.resumeProducing()
        except OSError:
            return None  # the system watches as many sockets as it can
        transport.pauseProducing()
        self._sockets[socket.fd] = socket
        return socket

    def watch_hangup(self, transport: Any, on_hangup: Callable[[], None]) -> Any:
        """Return the producer by which a transport that is not plain is paused and resumed.

        `on_hangup` is called if the client closes its sending side while the transport is paused,
        if the transport has a socket that can be watched.
        """
        raw = transport
        while isinstance(raw, ProtocolWrapper):
            raw = raw.transport
        raw.bufferSize = self._read_bytes
        handle = getattr(transport, "socket", None)
        if handle is None or not hasattr(select, "epoll"):
            return transport
        watcher = HangupWatcher(self._open_epoll(), transport, handle.fileno(), on_hangup)
        self._sockets[watcher.fd] = watcher
        return watcher

    def remove(self, producer: Any) -> None:
        """Forget what `adopt` or `watch_hangup` returned: its socket is closed."""
        if isinstance(producer, AdoptedSocket | HangupWatcher):
            del self._sockets[producer.fd]

    def _open_epoll(self) -> Any:
        if self._epoll is None:
            self._epoll = select.epoll()
            self._reactor.addReader(self)
        return self._epoll

    # -- called by the reactor

    def fileno(self) -> int:
        """Return the descriptor of the epoll instance."""
        return int(self._epoll.fileno())

    def logPrefix(self) -> str:
        """Return the name that twistd's log shows."""
        return "EpollReader"

    def doRead(self) -> None:
        """Read all sockets that are readable, and write to those that wait to be writable."""
        sockets = self._sockets
        for fd, ready in self._epoll.poll(0):
            socket = sockets.get(fd)
            if socket is None:
                continue  # a socket that was read before has closed this one
            try:
                if ready & ~select.EPOLLIN and socket.on_writable is not None:
                    socket.on_writable()
                if ready & ~select.EPOLLOUT:
                    socket.read()
            except Exception:  # noqa: BLE001 -- an error ends one connection, not the others
                _log.failure("Processing received data failed", Failure())
                socket.transport.abortConnection()

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002 -- Twisted's
        """Close the epoll instance: the reactor has stopped."""
        self._epoll.close()


class HangupWatcher:
    """Watches the socket of a transport that reads it itself, for a hangup while it is paused."""

    on_writable = None

    def __init__(self, epoll: Any, transport: Any, fd: int, on_hangup: Callable[[], None]) -> None:
        self.transport = transport
        self.fd = fd
        self._epoll = epoll
        self._on_hangup = on_hangup
        self._is_watched = False

    def read(self) -> None:
        """Note that the client has closed its sending side."""
        self._watch(False)
        self._on_hangup()

    def pauseProducing(self) -> None:
        """Stop reading."""
        self.transport.pauseProducing()
        self._watch(True)

    def resumeProducing(self) -> None:
        """Read again."""
        self._watch(False)
        self.transport.resumeProducing()

    def _watch(self, wanted: bool) -> None:
        if wanted and not self._is_watched:
            self._epoll.register(self.fd, select.EPOLLRDHUP)
        elif self._is_watched and not wanted:
            self._epoll.unregister(self.fd)
        self._is_watched = wanted


class AdoptedSocket:
    """The socket of a plain transport. `send` and `sendmsg` are those of the socket.

    `on_writable` is called as long as the socket is writable, unless it is None.
    """

    __slots__ = (
        "_epoll",
        "_hung_up",
        "_on_hangup",
        "_read_bytes",
        "_reading",
        "_receive",
        "_recv",
        "_watched",
        "fd",
        "on_writable",
        "send",
        "sendmsg",
        "transport",
    )

    def __init__(
        self,
        epoll: Any,
        transport: Any,
        receive: Receive,
        on_hangup: Callable[[], None],
        read_bytes: int,
    ) -> None:
        self.transport = transport
        self.fd: int = transport.fileno()
        self.send = transport.socket.send
        self.sendmsg = transport.socket.sendmsg
        self.on_writable: Callable[[], None] | None = None
        self._recv = transport.socket.recv
        self._receive = receive
        self._read_bytes = read_bytes
        self._epoll = epoll
        self._on_hangup = on_hangup
        self._reading = False
        self._hung_up = False
        self._watched = 0  # the mask that epoll has

    def read(self) -> None:
        """Read once; where that is the end of the input, let the reactor handle it."""
        if not self._reading:
            if not self._hung_up:
                self._hung_up = True
                self._watch()
                self._on_hangup()
            return
        try:
            data = self._recv(self._read_bytes)
        except BlockingIOError:
            return
        except OSError:  # the client has reset the connection
            self._hung_up = True
            self.pauseProducing()
            self.transport.abortConnection()
            return
        if data:
            self._receive(data)
        else:
            self._hung_up = True
            self.pauseProducing()
            self.transport.resumeProducing()

    def pauseProducing(self) -> None:
        """Stop reading."""
        self._reading = False
        self._watch()

    def resumeProducing(self) -> None:
        """Read again."""
        self._reading = True
        self._watch()

    def call_when_writable(self, callback: Callable[[], None] | None) -> None:
        """Call `callback` as long as the socket is writable; None: do not watch for it."""
        self.on_writable = callback
        self._watch()

    def _watch(self) -> None:
        paused = 0 if self._hung_up else select.EPOLLRDHUP
        wanted = select.EPOLLIN if self._reading else paused
        if self.on_writable is not None:
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
