"""`chatd-admin`: the console of a chatd that runs on this machine, over its UNIX socket.

On a terminal it edits lines (`chatd.admin.editor`). Otherwise it copies lines from standard input
to the server and the replies to standard output, and closes its side at the end of input. It knows
nothing of the chat, and needs no Twisted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Final, NoReturn

from chatd.io import write_all
from chatd.protocol.commands import SHUTDOWN_LINES

TERMINAL_MARK: Final = b"\0"
"""The first byte of a connection that is edited on a terminal; no line begins with it."""

LAST_WORDS: Final = f"{SHUTDOWN_LINES[-1]}\n".encode()
"""The last lines that the server prints before it closes a script's connection in order."""

_STDIN: Final = 0
_STDOUT: Final = 1
_READ_SIZE: Final = 65536

_DESCRIPTION: Final = """\
Administer a running chatd: opens its console, on which `help` shows the commands.
On a terminal there are line editing, history and completion with Tab; Ctrl-D or
Ctrl-C leaves, the server goes on. Else commands are read from standard input, one
a line: echo list | chatd-admin"""


class UnwritableError(Exception):
    """A reply of the server cannot be written to standard output; the cause is an `OSError`."""


class LineRelay:
    """Copies lines from `source` to the server, and replies to `sink`, until the server closes.

    `orderly` is set when the server closed after the end of input, or because it shut down.
    """

    def __init__(self, server: socket.socket, source: int = _STDIN, sink: int = _STDOUT) -> None:
        self.orderly = False
        self._server = server
        self._source = source
        self._sink = sink

    def run(self) -> None:
        """Copy; raise `UnwritableError` if a reply cannot be written."""
        # A thread, as a file cannot be polled. It does not keep the process from ending.
        threading.Thread(target=self._copy_input, daemon=True).start()
        tail = b""
        with suppress(ConnectionResetError):
            while data := self._server.recv(_READ_SIZE):
                try:
                    write_all(self._sink, data)
                except OSError as error:
                    raise UnwritableError from error
                tail = (tail + data)[-len(LAST_WORDS) :]
        self.orderly = self.orderly or tail == LAST_WORDS

    def _copy_input(self) -> None:
        with suppress(OSError):  # the server has closed; what it wrote before is still to be read
            while data := os.read(self._source, _READ_SIZE):
                self._server.sendall(data)
            self.orderly = True
            self._server.shutdown(socket.SHUT_WR)


def _edit(server: socket.socket) -> bool:
    """Edit lines on the terminal; return whether the console was closed in order."""
    from chatd.admin.editor import Editor  # noqa: PLC0415 -- scripts shall start fast

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit)
    server.sendall(TERMINAL_MARK)
    editor = Editor(server)
    signal.signal(signal.SIGCONT, lambda *_: editor.resume())
    asyncio.run(editor.run())
    return editor.orderly


def _exit(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def _relay(server: socket.socket) -> bool:
    """Copy lines; return whether the console was closed in order."""
    relay = LineRelay(server)
    relay.run()
    return relay.orderly


def _attach(path: str) -> str | None:
    """Be the console of the server at `path` until it is closed; return the error, if any."""
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(path)
        except OSError as error:
            hint = "is it running, and with --admin PATH?"
            if isinstance(error, PermissionError):
                hint = "the console is for the user alone that chatd runs as"
            return f"cannot reach chatd at {path}: {error.strerror or error} ({hint})"
        on_terminal = os.isatty(_STDIN) and os.isatty(_STDOUT)
        orderly = (_edit if on_terminal else _relay)(server)
    return None if orderly else "chatd has gone away"


def _fill_standard_descriptors() -> None:
    """Open the standard streams that are closed: else the socket would get the number of one."""
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
