"""`chatd-admin`: the console of a chatd that runs on this machine, over its UNIX socket.

Copies what is typed to the server and what comes back to standard output; all editing is the
server's. On a terminal it sends keys as they are typed and, after a NUL, the terminal's size; else
it sends lines and closes its side at the end of input. Knows nothing of the chat, and needs no
Twisted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import socket
import sys
from typing import Final, NoReturn

from chatd.admin.tty import RawMode
from chatd.io import write_all
from chatd.protocol.commands import SHUTDOWN_LINES

LAST_WORDS: Final = f"{SHUTDOWN_LINES[-1]}\n".encode()
"""What the server says at the very end to a console without a terminal."""

_STDIN: Final = 0
_STDOUT: Final = 1
_READ_SIZE: Final = 65536
_CTRL_C: Final = b"\x03"
_NUL: Final = b"\0"
_ERASE_ROW: Final = b"\r\x1b[J"

_DESCRIPTION: Final = """\
Administer a running chatd: opens its console, on which `help` shows the commands.
On a terminal there are line editing, history and completion with Tab; Ctrl-D or
Ctrl-C leaves, the server goes on. Else commands are read from standard input, one
a line: echo list | chatd-admin"""


class UnwritableError(Exception):
    """What the server said cannot be shown, for the reason that is the cause."""


class Relay:
    """Copies between a source and the server until that closes; what comes goes to `sink`.

    `orderly`: whether the server closed because it was asked to.
    """

    def __init__(self, server: socket.socket, sink: int) -> None:
        self.orderly = False
        self._server = server
        self._sink = sink
        self._sources: list[int] = []
        self._unsent = b""
        self._over = False

    def run(self) -> None:
        """Relay until it is over."""
        self._server.setblocking(False)
        while not self._over:
            self._turn()

    def _turn(self) -> None:
        """Wait until something can be done, and do it."""
        server = self._server.fileno()
        writing = [server] if self._unsent else []
        # No more is read before the server has taken what was.
        sources = [] if self._unsent else self._sources
        readable, writable, _ = select.select([server, *sources], writing, [])
        if writable:
            self._send()
        if server in readable:
            self._receive()
        for source in sources:
            if source in readable:
                self._read(source)

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[self._server.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # gone; what it said before is still to be read
            self._unsent = b""
            self._sources = []

    def _receive(self) -> None:
        try:
            data = self._server.recv(_READ_SIZE)
        except ConnectionResetError:
            data = b""
        self._heard(data)
        self._over = self._over or not data

    def _heard(self, data: bytes) -> None:
        """Print what came from the server, b"" at the end."""
        raise NotImplementedError

    def _read(self, source: int) -> None:
        """Read from one of the sources, which has something."""
        raise NotImplementedError

    def _print(self, data: bytes) -> None:
        try:
            write_all(self._sink, data)
        except OSError as error:
            raise UnwritableError from error


class LineRelay(Relay):
    """Copies lines, and closes its side after the last; the server then answers and closes."""

    def __init__(self, server: socket.socket, source: int = _STDIN, sink: int = _STDOUT) -> None:
        super().__init__(server, sink)
        self._sources = [source]
        self._tail = b""

    def _read(self, source: int) -> None:
        self._unsent = os.read(source, _READ_SIZE)
        if not self._unsent:
            self._sources = []
            self.orderly = True
            with contextlib.suppress(OSError):  # gone already
                self._server.shutdown(socket.SHUT_WR)

    def _heard(self, data: bytes) -> None:
        self._print(data)
        self._tail = (self._tail + data)[-len(LAST_WORDS) :]
        if self._tail == LAST_WORDS:
            self.orderly = True


class TerminalRelay(Relay):
    """Copies keys as they are typed, and says how large the terminal is when that changes."""

    def __init__(self, server: socket.socket, raw: RawMode) -> None:
        super().__init__(server, _STDOUT)
        self._raw = raw
        self._signals = _wake_on(signal.SIGWINCH, signal.SIGCONT)
        self._sources = [_STDIN, self._signals.fileno()]
        self._resume()

    def _resume(self) -> None:
        """Take the terminal, and its size as it is now: it may have been another's meanwhile."""
        self._raw.enter()
        size = os.get_terminal_size(_STDIN)
        self._unsent += b"\0%d %d\n" % (size.columns, size.lines)

    def _read(self, source: int) -> None:
        if source != _STDIN:
            self._signals.recv(_READ_SIZE)
            self._resume()
            return
        keys, ctrl_c, _ = os.read(_STDIN, _READ_SIZE).partition(_CTRL_C)
        self._unsent += keys.replace(_NUL, b"")
        if ctrl_c or not keys:
            # Here and not on the server, which may hang.
            self._print(_ERASE_ROW)
            self.orderly = self._over = True

    def _heard(self, data: bytes) -> None:
        self.orderly = self.orderly or _NUL in data
        self._print(data.replace(_NUL, b""))


def _wake_on(*numbers: signal.Signals) -> socket.socket:
    """Return what becomes readable when one of the signals came."""
    woken, waking = socket.socketpair()
    waking.setblocking(False)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(waking.detach())
    return woken


def _relay_keys(server: socket.socket) -> Relay:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)
    raw = RawMode(_STDIN)
    try:
        relay = TerminalRelay(server, raw)
        relay.run()
    finally:
        raw.leave()
    if not relay.orderly:
        os.write(_STDOUT, _ERASE_ROW)
    return relay


def _exit(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def _relay_lines(server: socket.socket) -> Relay:
    relay = LineRelay(server)
    relay.run()
    return relay


def _attach(path: str) -> str | None:
    """Be the console of the server at `path` until it is closed; return what went wrong."""
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(path)
        except OSError as error:
            hint = "is it running, and with --admin PATH?"
            if isinstance(error, PermissionError):
                hint = "the console is for the user alone that chatd runs as"
            return f"cannot reach chatd at {path}: {error.strerror or error} ({hint})"
        on_terminal = os.isatty(_STDIN) and os.isatty(_STDOUT)
        relay = (_relay_keys if on_terminal else _relay_lines)(server)
    return None if relay.orderly else "chatd has gone away"


def _fill_standard_descriptors() -> None:
    """Open what was closed by who started us: else the socket would take its place."""
    for descriptor in (_STDIN, _STDOUT):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _path() -> str:
    parser = argparse.ArgumentParser(
        prog="chatd-admin",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path",
        metavar="PATH",
        nargs="?",
        default="chatd-admin.sock",
        help="what chatd was given as --admin (default: %(default)s, in this directory)",
    )
    path: str = parser.parse_args().path
    return path


def main() -> None:
    """Run `chatd-admin`."""
    path = _path()
    _fill_standard_descriptors()
    try:
        failed = _attach(path)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except UnwritableError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            sys.exit(1)  # nobody reads any more
        failed = f"cannot write: {error.__cause__}"
    if failed:
        sys.exit(f"chatd-admin: {failed}")
