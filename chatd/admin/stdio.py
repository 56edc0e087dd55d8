"""The console on standard input, and the log on standard output.

On a terminal the log goes above the line being typed, and the terminal is put back as it was,
whatever happens. On a pipe both are plain lines. Standard input is read when there is something to
read, and neither is ever made non-blocking: the shell and the log share them, and would lose lines.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, TextIO

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsText
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.admin.console import Consoles, LineConsole
from chatd.admin.terminal import ConsoleTerminal
from chatd.admin.tty import RawMode, in_foreground
from chatd.core.sanitize import escape
from chatd.io import write_all

_STDIN: Final = 0
_READ_SIZE: Final = 65536


LinesOf = Callable[[LogEvent], Sequence[str]]


def bare_lines(event: LogEvent) -> Sequence[str]:
    """Return the lines of spec section 6 bare, and of all else only what is a warning or worse."""
    ours = event.get("log_namespace") == "chatd"
    if not ours and event.get("log_level", LogLevel.info) < LogLevel.warn:
        return ()
    text = eventAsText(event, includeTimestamp=False, includeSystem=not ours)
    return [escape(line) for line in text.split("\n")]


@implementer(ILogObserver)
class StandardOutputLog:
    """Prints what is logged, in lines that `lines_of` makes, which have to be safe to print.

    `above` is how to print while there is a line being typed. `stream` is standard output, None
    where that is closed.
    """

    def __init__(self, stream: TextIO | None, lines_of: LinesOf = bare_lines) -> None:
        self._lines_of = lines_of
        self.above: Callable[[Sequence[str]], None] | None = None
        self._descriptor = None if stream is None else stream.fileno()

    def __call__(self, event: LogEvent) -> None:
        """Print an event."""
        if lines := self._lines_of(event):
            self.print_lines(lines)

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print lines, which are safe to print, above the one being typed if there is one."""
        if self.above is not None:
            self.above(lines)
        else:
            self.write("".join(f"{line}\n" for line in lines).encode(errors="backslashreplace"))

    def write(self, data: bytes) -> None:
        """Write all of `data`, however long the reader takes."""
        if self._descriptor is not None:
            with suppress(OSError):  # nobody reads any more; the server goes on
                write_all(self._descriptor, data)


def open_console(reactor: Any, consoles: Consoles, log: StandardOutputLog) -> None:
    """Open a console on standard input once the reactor runs, if there is one and it is ours to read."""
    if sys.__stdin__ is None:
        return  # what has its number now is something else
    if not os.isatty(_STDIN):
        reactor.callWhenRunning(_PipeConsole, reactor, consoles, log)
    elif in_foreground(_STDIN):
        on_screen = sys.__stdout__ is not None and sys.__stdout__.isatty()
        kind = _TerminalConsole if on_screen else _PipeConsole
        # Not before: until then a signal ends the process without another word.
        reactor.callWhenRunning(kind, reactor, consoles, log)


@implementer(IReadDescriptor)
class _StandardInput:
    """Reads standard input when the reactor says so, and hands on what it reads."""

    def __init__(
        self, reactor: Any, received: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        self._reactor = reactor
        self._received = received
        self._ended = ended
        reactor.addReader(self)

    def fileno(self) -> int:
        return _STDIN

    def logPrefix(self) -> str:
        return "console"

    def doRead(self) -> None:
        try:
            data = os.read(_STDIN, _READ_SIZE)
        except BlockingIOError:
            return  # somebody who shares it was faster
        except OSError:
            data = b""  # a terminal that has gone
        if data:
            self._received(data)
        else:
            self._reactor.removeReader(self)
            self._ended()

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002 -- Twisted's
        """End: the reactor has let go of it, since the server stops or a fault of ours was met."""
        self._ended()

    def stop(self) -> None:
        self._reactor.removeReader(self)


class _PipeConsole:
    """A console whose lines come from a pipe or a file; answers are lines, too."""

    def __init__(self, reactor: Any, consoles: Consoles, log: StandardOutputLog) -> None:
        console = consoles.open(log.print_lines, self._close)
        lines = LineConsole(console)
        self._input = _StandardInput(reactor, lines.received, lines.ended)

    def _close(self) -> None:
        self._input.stop()


class _TerminalConsole:
    """A console on a terminal, which is in raw mode until it is closed.

    Ctrl-C ends the server, unless the console asks for something: then it cancels that alone.
    """

    def __init__(self, reactor: Any, consoles: Consoles, log: StandardOutputLog) -> None:
        self._reactor = reactor
        self._log = log
        self._raw = RawMode(_STDIN)
        stop = consoles.context.stop
        self._terminal = ConsoleTerminal(consoles, log.write, self._close, on_interrupt=stop)
        self._input = _StandardInput(reactor, self._received, self._terminal.console.end)
        self._signals_before = {
            number: self._on_signal(number, self._resume)
            for number in (signal.SIGWINCH, signal.SIGCONT)
        }
        self._resume()
        log.above = self._terminal.print_lines

    def _received(self, data: bytes) -> None:
        # A NUL (Ctrl-Space) would announce a size.
        self._terminal.received(data.replace(b"\0", b""))

    def _resume(self) -> None:
        """Take the terminal, and its size as it is now: it may have been another's meanwhile."""
        if in_foreground(_STDIN) and not self._terminal.closed:
            self._raw.enter()
            self._terminal.resize(os.get_terminal_size(_STDIN).columns)

    def _on_signal(self, number: signal.Signals, act: Callable[[], None]) -> Any:
        """Do something on a signal, unless it is ignored; return what was done before."""
        before = signal.getsignal(number)
        if before is not signal.SIG_IGN:
            signal.signal(number, lambda *_: self._reactor.callFromThread(act))
        return before

    def _close(self) -> None:
        self._log.above = None
        for number, before in self._signals_before.items():
            signal.signal(number, before)
        self._input.stop()
        self._raw.leave()
