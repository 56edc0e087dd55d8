"""The console on standard input, and the log on standard output.

On a terminal the log is printed above the line being typed, and the mode of the terminal is
restored in any case. On a pipe both are plain lines. Standard input and output are never made
non-blocking: other processes share them, for example the shell, and the log would lose lines. A
thread writes, so that the server does not wait for a terminal or pipe that nobody reads.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TextIO

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, eventAsText
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.admin.console import Consoles, LineConsole
from chatd.admin.terminal import ConsoleTerminal, encode_lines
from chatd.core.records import ActorKind
from chatd.core.sanitize import escape_line
from chatd.io import BackgroundWriter, in_foreground

if TYPE_CHECKING:
    from chatd.admin.editor import Editor

_STDIN: Final = 0
_READ_SIZE: Final = 65536

_CLOSE_SECONDS: Final = 1.0
"""How long the server waits for its line editor to put the terminal back, in seconds."""

_log = Logger(namespace="chatd")

LinesOf = Callable[[LogEvent], Sequence[str]]


def format_plain(event: LogEvent) -> Sequence[str]:
    """Return the lines of an event: those of chatd bare, those of libraries from warnings on.

    Spec section 6. Control characters are escaped. Acts of the console on standard input are left
    out: its answers show them.
    """
    ours = event.get("log_namespace") == "chatd"
    fields = event.get("fields", {})
    if fields.get("event") == "audit" and fields.get("via") == ActorKind.CONSOLE:
        return ()
    if not ours and event.get("log_level", LogLevel.info) < LogLevel.warn:
        return ()
    text = eventAsText(event, includeTimestamp=False, includeSystem=not ours)
    return [escape_line(line) for line in text.split("\n")]


def lost_event(lines: int) -> LogEvent:
    """Return the event for a number of lines that the log has lost."""
    return {
        "log_format": "System: {lines} lines of the log were lost",
        "log_level": LogLevel.warn,
        "log_namespace": "chatd",
        "log_time": time.time(),
        "lines": lines,
        "fields": {"event": "lines-lost", "count": lines},
    }


def report_error(error: OSError) -> None:
    """Print on standard error, if there is one, that the log cannot be written."""
    if sys.__stderr__ is not None:
        with suppress(OSError):
            line = f"chatd: the log cannot be written: {error.strerror}\n"
            os.write(sys.__stderr__.fileno(), line.encode())


@implementer(ILogObserver)
class StandardOutputLog:
    """Prints the log on standard output.

    `lines_of` returns the lines of an event, which must be safe to print. `print_above` prints
    lines above the line being typed, while it is set. `stream` is standard output, None if it is
    closed. `writer` writes to it.
    """

    def __init__(self, stream: TextIO | None, lines_of: LinesOf = format_plain) -> None:
        self._lines_of = lines_of
        self.print_above: Callable[[Sequence[str]], None] | None = None
        self.writer: BackgroundWriter | None = None
        if stream is not None:
            self.writer = BackgroundWriter(
                stream.fileno(), lambda lines: _encode(lines_of(lost_event(lines))), report_error
            )

    def start(self) -> None:
        """Print in a thread from now on; called once the process forks no more."""
        if self.writer is not None:
            self.writer.start()

    def __call__(self, event: LogEvent) -> None:
        """Print an event."""
        if lines := self._lines_of(event):
            self.print_lines(lines)

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print lines, which are safe to print, above the one being typed if there is one."""
        if self.print_above is not None:
            self.print_above(lines)
        elif self.writer is not None:
            self.writer.write(_encode(lines))


def _encode(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")


def open_console(reactor: Any, consoles: Consoles, log: StandardOutputLog) -> None:
    """Open a console on standard input once the reactor runs.

    Without standard input, or in the background of a terminal, there is no console.
    """
    if sys.__stdin__ is None:
        return  # its descriptor was closed, and may be another file by now
    if not os.isatty(_STDIN):
        reactor.callWhenRunning(_PipeConsole, reactor, consoles, log)
    elif in_foreground(_STDIN):
        on_screen = sys.__stdout__ is not None and sys.__stdout__.isatty()
        kind = _TerminalConsole if on_screen else _PipeConsole
        # Until the reactor runs, a signal ends the process and would leave the terminal changed.
        reactor.callWhenRunning(kind, reactor, consoles, log)


@implementer(IReadDescriptor)
class _Reader:
    """Reads a descriptor when the reactor reports that it is readable.

    `received` is called with what was read, `ended` once at the end of input.
    """

    def __init__(
        self,
        reactor: Any,
        descriptor: int,
        received: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._descriptor = descriptor
        self._received = received
        self._ended = ended
        reactor.addReader(self)

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return "console"

    def doRead(self) -> None:
        try:
            data = os.read(self._descriptor, _READ_SIZE)
        except BlockingIOError:
            return  # another process that shares standard input was faster
        except OSError:
            data = b""  # a terminal that is gone
        if data:
            self._received(data)
        else:
            self._reactor.removeReader(self)
            self._ended()

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002 -- Twisted's
        """End: the server stops, or `doRead` raised an exception."""
        self._ended()

    def stop(self) -> None:
        self._reactor.removeReader(self)


class _PipeConsole:
    """A console whose lines come from a pipe or a file; answers are lines, too."""

    def __init__(self, reactor: Any, consoles: Consoles, log: StandardOutputLog) -> None:
        console = consoles.open(log.print_lines, self._close)
        lines = LineConsole(console)
        self._input = _Reader(reactor, _STDIN, lines.received, lines.ended)

    def _close(self) -> None:
        self._input.stop()


class _TerminalConsole:
    """A console on the terminal of the server, with an `Editor` that runs in a thread.

    The two are connected by a socket pair, to which a `BackgroundWriter` writes: lines of the log
    are lost while the terminal takes no output. Ctrl-C stops the server, unless the console asks a
    question: then it cancels the question alone.
    """

    def __init__(self, reactor: Any, consoles: Consoles, log: StandardOutputLog) -> None:
        self._reactor = reactor
        self._log = log
        self._stop_server = consoles.context.stop
        self._socket, editor_end = socket.socketpair()
        self._output = BackgroundWriter(
            self._socket.fileno(),
            lambda lines: encode_lines(format_plain(lost_event(lines))),
            lambda _: None,  # the editor has ended
        )
        self._output.start()
        self._terminal = ConsoleTerminal(consoles, self._write, self._close)
        self._input = _Reader(
            reactor, self._socket.fileno(), self._terminal.received, self._terminal.console.end
        )
        self._editor: Editor | None = None
        # A daemon thread: the process ends even if the terminal takes no output.
        self._editing = threading.Thread(target=self._edit, args=(editor_end,), daemon=True)
        log.print_above = self._print_log
        self._editing.start()
        signal.signal(signal.SIGCONT, lambda *_: self._resume())

    def _edit(self, connection: socket.socket) -> None:
        """Run the editor, in its thread."""
        with connection:
            try:
                # Only now: prompt_toolkit takes a while to load.
                from chatd.admin.editor import Editor  # noqa: PLC0415

                self._editor = Editor(connection, self._interrupt)
                asyncio.run(self._editor.run())
            except Exception:  # noqa: BLE001 -- the server continues without this console
                self._reactor.callFromThread(self._failed, Failure())

    def _resume(self) -> None:
        """Let the editor use the terminal again after the process was stopped."""
        if self._editor is not None:
            self._editor.resume()

    def _interrupt(self) -> None:
        self._reactor.callFromThread(self._stop_server)

    def _failed(self, failure: Failure) -> None:
        self._terminal.console.end()
        _log.failure("The line editor of the console failed", failure)

    def _write(self, data: bytes) -> None:
        self._output.write(data, always=True)

    def _print_log(self, lines: Sequence[str]) -> None:
        self._output.write(encode_lines(lines))

    def _close(self) -> None:
        """Wait until the terminal is as it was: what is logged from now on is printed as it is."""
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        self._input.stop()
        self._output.close()
        self._socket.shutdown(socket.SHUT_WR)
        self._editing.join(_CLOSE_SECONDS)
        self._log.print_above = None
        self._socket.close()
