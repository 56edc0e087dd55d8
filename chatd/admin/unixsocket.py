"""The console on a UNIX socket: for `chatd-admin`, and for scripts.

Lines in, lines out; the end of input closes the console after the replies. A peer whose first byte
is a NUL is `chatd-admin` on a terminal: the messages of `chatd.admin.editor` follow the NUL.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IListeningPort,
    IReactorUNIX,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.admin.cli import TERMINAL_MARK
from chatd.admin.console import Consoles, LineConsole
from chatd.admin.terminal import ConsoleTerminal

_OWNER_ONLY: Final = 0o600


def listen(reactor: IReactorUNIX, path: str, factory: ConsoleFactory) -> IListeningPort:
    """Open the socket at `path` for its owner alone; raise `OSError` or `CannotListenError` if it cannot be."""
    _remove_stale(Path(path))
    # The mode is set when the socket is there already: until then the mask holds.
    umask = os.umask(0o777 & ~_OWNER_ONLY)
    try:
        return reactor.listenUNIX(path, factory, mode=_OWNER_ONLY)
    finally:
        os.umask(umask)


def _remove_stale(path: Path) -> None:
    """Remove the socket of a server that is no more; what is anything else is left alone."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError("there is a file of that name that is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        # A server that is too busy to answer shall not make us wait.
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass
    raise FileExistsError("another server answers there")


class ConsoleFactory(Factory):
    """Builds the protocol of each administrator's connection."""

    noisy = False

    def __init__(self, consoles: Consoles) -> None:
        self.consoles = consoles
        self._connected: dict[ConsoleProtocol, None] = {}
        self._all_gone: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> ConsoleProtocol:  # noqa: ARG002 -- Twisted's
        """Return the protocol of a new connection."""
        return ConsoleProtocol(self)

    def shut_down(self) -> Deferred[None]:
        """Close the connections that have no console yet; fires when those of all consoles are closed, too."""
        for connection in self._connected:
            connection.shut_down()
        self._all_gone = Deferred()
        if not self._connected:
            self._all_gone.callback(None)
        return self._all_gone

    def connected(self, connection: ConsoleProtocol) -> None:
        """Take note of a connection."""
        self._connected[connection] = None

    def disconnected(self, connection: ConsoleProtocol) -> None:
        """Forget a connection that has ended."""
        del self._connected[connection]
        if self._all_gone is not None and not self._connected:
            self._all_gone.callback(None)


@implementer(IHalfCloseableProtocol)
class ConsoleProtocol(Protocol):
    """One administrator's connection; the first byte tells whether he sits at a terminal."""

    def __init__(self, factory: ConsoleFactory) -> None:
        self._factory = factory
        self._consoles = factory.consoles
        self._console: LineConsole | ConsoleTerminal | None = None

    def connectionMade(self) -> None:
        """Wait for the first byte."""
        self._factory.connected(self)

    def dataReceived(self, data: bytes) -> None:
        """Take in lines or keys."""
        if self._console is None:
            is_editor = data.startswith(TERMINAL_MARK)
            data = data.removeprefix(TERMINAL_MARK)
            self._console = self._terminal() if is_editor else self._lines()
        self._console.received(data)

    def readConnectionLost(self) -> None:
        """Close the console after what has come."""
        (self._console or self._lines()).ended()

    def writeConnectionLost(self) -> None:
        """Do nothing: we never close our side alone."""

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002 -- Twisted's
        """Close the console after what has come."""
        if self._console is not None:
            self._console.ended()
        self._factory.disconnected(self)

    def shut_down(self) -> None:
        """Close the connection, if there is no console to do that."""
        if self._console is None:
            self._stream().loseConnection()

    # -- within

    def _lines(self) -> LineConsole:
        console = self._consoles.open(self._print, self._stream().loseConnection)
        return LineConsole(console)

    def _terminal(self) -> ConsoleTerminal:
        return ConsoleTerminal(self._consoles, self._stream().write, self._stream().loseConnection)

    def _print(self, lines: Sequence[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        self._stream().write(text.encode())

    def _stream(self) -> ITransport:
        return cast("ITransport", self.transport)
