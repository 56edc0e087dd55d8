"""A console: lines come in, one is carried out at a time, the answers are printed.

What every door for the administrator has in common: standard input and the UNIX socket, each on
a terminal or not, give a `Console` their lines and a way to print. A command may ask for a line in
the middle of its work: the next one that comes is its answer. `LineConsole` is for bytes that come
from no terminal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.admin.commands import AdminContext, execute
from chatd.core.sanitize import escape
from chatd.protocol.commands import SHUTDOWN_LINES

MAX_LINE: Final = 16384
"""The longest line that is carried out, in characters."""

_UTF8_BYTES: Final = 4
"""What a character takes at most."""

_log = Logger(namespace="chatd")

Print = Callable[[Sequence[str]], None]


def _nothing() -> None:
    """Do nothing."""


class Consoles:
    """The consoles that are open: all are told when the server stops."""

    def __init__(self, context: AdminContext) -> None:
        self.context = context
        self._open: dict[Console, None] = {}

    def open(
        self,
        print_lines: Print,
        close: Callable[[], None],
        on_change: Callable[[], None] = _nothing,
    ) -> Console:
        """Return a new console that prints with `print_lines`; `close` ends it.

        `on_change` is called when it asks for something, and when it has carried out what came.
        """
        console = Console(self, print_lines, close, on_change)
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
    """One administrator at work.

    `question` is what a command asks him for, None if none does. The answer is a secret: it is for
    that command alone, and who shows what is typed is not to show it.
    """

    def __init__(
        self,
        consoles: Consoles,
        print_lines: Print,
        close: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        self.question: str | None = None
        self._consoles = consoles
        self._print = print_lines
        self._close = close
        self._on_change = on_change
        # None: there will be no more.
        self._lines: deque[str | None] = deque()
        self._answer: Deferred[str | None] = Deferred()
        self._busy = False
        self._ended = False

    @property
    def listens(self) -> bool:
        """Whether the next line is taken at once: as a command, or as the answer to the question."""
        return not self._busy or self.question is not None

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print lines, whatever is in them, so that they do nothing to a terminal."""
        if not self._ended:
            self._print([escape(line) for line in lines])

    def line(self, line: str) -> None:
        """Carry out a line, or take it as an answer, after those before it."""
        if not self._ended:
            # Of one that is too long, so much is kept that this is known when its turn comes.
            self._lines.append(line[: MAX_LINE + 1])
            self._go_on()

    def no_more(self) -> None:
        """Close the console after what was typed so far: its input has ended. The server goes on."""
        self._lines.append(None)
        self._go_on()

    def cancel(self) -> None:
        """Give no answer to what is asked, if something is."""
        if self.question is not None:
            self._reply(None)

    def end(self) -> None:
        """Close the console now."""
        if self._ended:
            return
        self._ended = True
        self._lines.clear()
        self._consoles.closed(self)
        self._close()
        self.cancel()

    # -- within

    def _go_on(self) -> None:
        """Do what can be done now with the lines that came."""
        if self.question is not None:
            self._take_answer()
        elif not self._busy:
            self._busy = True
            Deferred.fromCoroutine(self._work()).addErrback(self._failed)

    async def _work(self) -> None:
        """Carry out what came, a line at a time; who quits is still to read the last words."""
        try:
            while self._lines and not self._consoles.context.stopping:
                line = self._lines.popleft()
                if line is None:
                    self.end()
                elif not self._is_too_long(line):
                    await self._carry_out(line)
        finally:
            self._busy = False
            self._on_change()

    async def _carry_out(self, line: str) -> None:
        try:
            answer = await execute(self._consoles.context, line, self._ask)
        except Exception:  # noqa: BLE001 -- whatever it is, the console goes on
            self._failed(Failure())
            answer = ["Administrator: that failed; the log says why."]
        self.print_lines(answer)

    async def _ask(self, question: str) -> str | None:
        """Return the next line, just as it was typed, or None if none comes."""
        if self._ended:
            return None
        asked = self._answer
        self.question = question
        self._take_answer()
        self._on_change()
        answer = await asked
        return None if answer is None or self._is_too_long(answer) else answer

    def _take_answer(self) -> None:
        if self._lines:
            # The end stays where it is: it comes after the command that asks.
            self._reply(None if self._lines[0] is None else self._lines.popleft())

    def _reply(self, answer: str | None) -> None:
        asked, self._answer = self._answer, Deferred()
        self.question = None
        asked.callback(answer)

    def _is_too_long(self, line: str) -> bool:
        """Tell whether a line is too long to be taken; if so, say so."""
        if len(line) <= MAX_LINE:
            return False
        self.print_lines([f"Administrator: Line too long (at most {MAX_LINE} characters)."])
        return True

    def _failed(self, failure: Failure) -> None:
        _log.failure("A command of the administrator failed", failure)


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
