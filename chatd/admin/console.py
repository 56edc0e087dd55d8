"""A console: lines come in, one is carried out at a time, the answers are printed.

What every door for the administrator has in common: standard input and the UNIX socket, each on
a terminal or not, give a `Console` their lines and a way to print. `LineConsole` is for bytes that
come from no terminal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.admin.commands import Office, execute
from chatd.core.safety import escape
from chatd.wire.commands import SHUTDOWN_LINES

MAX_LINE: Final = 16384
"""The longest line that is carried out, in characters."""

_UTF8_BYTES: Final = 4
"""What a character takes at most."""

_log = Logger(namespace="chatd")

Print = Callable[[Sequence[str]], None]


class Consoles:
    """The consoles that are open: all are told when the server stops."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._open: dict[Console, None] = {}

    def open(self, print_lines: Print, close: Callable[[], None]) -> Console:
        """Return a new console that prints with `print_lines`; `close` ends it."""
        console = Console(self, print_lines, close)
        self._open[console] = None
        return console

    def closed(self, console: Console) -> None:
        """Forget a console."""
        self._open.pop(console, None)

    def shut_down(self) -> None:
        """Say that the server stops, and end all consoles."""
        for console in list(self._open):
            console.print_lines(SHUTDOWN_LINES)
            console.end()


class Console:
    """One administrator at work."""

    def __init__(self, consoles: Consoles, print_lines: Print, close: Callable[[], None]) -> None:
        self._consoles = consoles
        self._print = print_lines
        self._close = close
        self._lines: deque[str | None] = deque()
        self._busy = False
        self._ended = False

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print lines, whatever is in them, so that they do nothing to a terminal."""
        self._print([escape(line) for line in lines])

    def line(self, line: str) -> None:
        """Carry out a line, after those before it."""
        if len(line) > MAX_LINE:
            self.print_lines([f"Administrator: Line too long (at most {MAX_LINE} characters)."])
            return
        if not self._ended:
            self._lines.append(line)
            self._next()

    def no_more(self) -> None:
        """Close the console after what was typed so far: its input has ended. The server goes on."""
        self._lines.append(None)
        self._next()

    def end(self) -> None:
        """Close the console now."""
        if self._ended:
            return
        self._ended = True
        self._lines.clear()
        self._consoles.closed(self)
        self._close()

    def _next(self) -> None:
        while self._lines and not self._busy:
            line = self._lines.popleft()
            if line is None:
                self.end()
                return
            self._busy = True
            done = Deferred.fromCoroutine(execute(self._consoles.office, line))
            done.addCallbacks(self.print_lines, self._failed)
            done.addBoth(self._done)

    def _done(self, _: object) -> None:
        self._busy = False
        self._next()

    def _failed(self, failure: Failure) -> None:
        _log.failure("A command of the administrator met a fault", failure)
        self.print_lines(["Administrator: that failed; the log says why."])


class LineConsole:
    """A console whose lines come as bytes, from a pipe, a file or a socket."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._pending = b""

    def received(self, data: bytes) -> None:
        """Take in bytes."""
        *lines, pending = (self._pending + data).split(b"\n")
        for line in lines:
            self._line(line)
        # Of a line that is too long, so much is kept that this is known at its end.
        self._pending = pending[: MAX_LINE * _UTF8_BYTES + 1]

    def ended(self) -> None:
        """Carry out what came, then close: there will be no more."""
        if self._pending:
            self._line(self._pending)
        self._pending = b""
        self.console.no_more()

    def _line(self, line: bytes) -> None:
        self.console.line(line.decode(errors="replace"))
