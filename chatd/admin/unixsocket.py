"""The console on a UNIX socket: for `chatd-admin`, and for scripts.

The first byte says who the peer is (`chatd.admin.cli`). After a NUL it is the line editor of
`chatd-admin`, and after a byte 1 `chatd-admin` with a command or a script; both exchange the
messages of `chatd.admin.editor`. Any other byte begins the first line of a script: lines in, lines
out, and the end of input closes the console after the replies.

While a peer does not read its replies, nothing more is read from it or executed for it, so that one
reply at most waits in memory.
"""

from __future__ import annotations

import os
import pwd
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IListeningPort,
    IPushProducer,
    IReactorUNIX,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.admin.cli import PROGRAM_MARK, TERMINAL_MARK
from chatd.admin.console import Consoles, LineConsole
from chatd.admin.terminal import ConsoleTerminal, ProgramConsole
from chatd.core.records import Actor, ActorKind
from chatd.server.stalesocket import remove_stale_socket

_OWNER_ONLY: Final = 0o600

_CREDENTIALS: Final = struct.Struct("3i")
"""What `SO_PEERCRED` returns: the ids of the process, the user and the group."""


def listen(reactor: IReactorUNIX, path: str, factory: ConsoleFactory) -> IListeningPort:
    """Open the socket at `path`, with mode 600; return the port.

    Raises `OSError` or `CannotListenError` if another server or another file is at `path`, or the
    socket cannot be made.
    """
    remove_stale_socket(Path(path))
    # Twisted sets the mode after it has made the socket; until then the mask protects it.
    umask = os.umask(0o777 & ~_OWNER_ONLY)
    try:
        return reactor.listenUNIX(path, factory, mode=_OWNER_ONLY)
    finally:
        os.umask(umask)


class ConsoleFactory(Factory):
    """Builds the protocol of each administrator's connection."""

    noisy = False

    def __init__(self, consoles: Consoles) -> None:
        self.consoles = consoles
        self._connected: dict[ConsoleProtocol, None] = {}
        self._all_closed: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> ConsoleProtocol:  # noqa: ARG002 -- Twisted's
        """Return the protocol of a new connection."""
        return ConsoleProtocol(self)

    def shut_down(self) -> Deferred[None]:
        """Close the connections without a console; fire when all connections are closed.

        The consoles close their connections themselves.
        """
        for connection in self._connected:
            connection.shut_down()
        self._all_closed = Deferred()
        if not self._connected:
            self._all_closed.callback(None)
        return self._all_closed

    def connected(self, connection: ConsoleProtocol) -> None:
        """Add a connection to those that `shut_down` waits for."""
        self._connected[connection] = None

    def disconnected(self, connection: ConsoleProtocol) -> None:
        """Remove a connection that has ended."""
        del self._connected[connection]
        if self._all_closed is not None and not self._connected:
            self._all_closed.callback(None)


@implementer(IHalfCloseableProtocol, IPushProducer)
class ConsoleProtocol(Protocol):
    """The connection of one administrator; the first byte says which program it is."""

    def __init__(self, factory: ConsoleFactory) -> None:
        self._factory = factory
        self._consoles = factory.consoles
        self._console: LineConsole | ConsoleTerminal | None = None

    def connectionMade(self) -> None:
        """Register the connection; the console is opened at the first byte."""
        self._factory.connected(self)
        self._stream().registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        """Give the console the lines of a script, or the messages of an editor."""
        if self._console is None:
            if data.startswith(TERMINAL_MARK):
                self._console, data = self._terminal(), data[1:]
            elif data.startswith(PROGRAM_MARK):
                self._console, data = self._program(), data[1:]
            else:
                self._console = self._lines()
        self._console.received(data)

    def readConnectionLost(self) -> None:
        """Close the console after the lines that came."""
        (self._console or self._lines()).ended()

    def writeConnectionLost(self) -> None:
        """Do nothing: the server never closes its side alone."""

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002 -- Twisted's
        """Close the console after the lines that came."""
        if self._console is not None:
            self._console.ended()
        self._factory.disconnected(self)

    def shut_down(self) -> None:
        """Close the connection, unless its console does that."""
        if self._console is None:
            self._close()

    # -- called by the transport, whose output this produces

    def pauseProducing(self) -> None:
        """Execute nothing more: the peer does not read."""
        self._stream().pauseProducing()
        if self._console is not None:
            self._console.console.pause()

    def resumeProducing(self) -> None:
        """Execute lines again: the peer has read what waited."""
        self._stream().resumeProducing()
        if self._console is not None:
            self._console.console.resume()

    def stopProducing(self) -> None:
        """Do nothing: the end of the connection closes the console."""

    # -- within

    def _close(self) -> None:
        """Close the connection once what was written is sent."""
        self._stream().unregisterProducer()
        self._stream().loseConnection()

    def _lines(self) -> LineConsole:
        actor = self._actor()
        console = self._consoles.open(self._print, self._close, actor=actor, attached=True)
        return LineConsole(console)

    def _terminal(self) -> ConsoleTerminal:
        stream, actor = self._stream(), self._actor()
        return ConsoleTerminal(
            self._consoles, stream.write, self._close, actor=actor, attached=True
        )

    def _program(self) -> ProgramConsole:
        stream, actor = self._stream(), self._actor()
        return ProgramConsole(self._consoles, stream.write, self._close, actor=actor)

    def _actor(self) -> Actor:
        """Return the administrator, with the name of the user whose program opened the socket."""
        return Actor(ActorKind.SOCKET, _peer_name(getattr(self._stream(), "socket", None)))

    def _print(self, lines: Sequence[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        self._stream().write(text.encode())

    def _stream(self) -> Any:
        return self.transport


def _peer_name(connection: socket.socket | None) -> str:
    """Return the name of the user at the other end of a socket, or the number of a nameless user.

    Returns "" where the system does not tell.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if connection is None or option is None:
        return ""
    _, user, _ = _CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    )
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
