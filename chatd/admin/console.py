"""A console: lines come in, they are executed one at a time, and the replies are printed.

Standard input and the UNIX socket, each on a terminal or not, give a `Console` their lines and a
way to print. A command may ask a question while it is executed: the next line that comes is the
answer. `LineConsole` is for bytes that do not come from a line editor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chatd.admin.answer import Answer, failure, reply_line
from chatd.admin.calls import AdminContext
from chatd.admin.commands import execute
from chatd.core.errors import ErrorCode
from chatd.core.records import CONSOLE, Actor
from chatd.core.sanitize import escape_line, sanitize
from chatd.protocol.console_commands import SHUTDOWN_LINES
from chatd.protocol.text import COMMAND_PREFIX

MAX_LINE: Final = 16384
"""The longest line that is executed, in characters."""

FAULT: Final = "that failed; the log says why."
"""The answer to a command that raised an exception."""

_UTF8_BYTES: Final = 4
"""The most bytes that a character takes."""

_log = Logger(namespace="chatd")

Print = Callable[[Sequence[str]], None]


def _nothing(*_: object) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Question:
    """A question of a command; the answer to a `secret` one is not shown while it is typed."""

    text: str
    secret: bool


class Consoles:
    """The consoles that are open. Each of them prints the last lines when the server stops."""

    def __init__(self, context: AdminContext) -> None:
        self.context = context
        self._open: dict[Console, None] = {}

    def open(
        self,
        print_lines: Print,
        close: Callable[[], None],
        on_change: Callable[[], None] = _nothing,
        on_answer: Callable[[Answer], None] = _nothing,
        *,
        actor: Actor = CONSOLE,
        attached: bool = False,
        confirms: bool = False,
    ) -> Console:
        """Return a new console of `actor` that prints with `print_lines`.

        `close` is called when the console is closed. `on_change` is called when the console asks a
        question, and when it has executed all lines that came; `on_answer` with the answer to each
        line, after it was printed. `exit` closes a console that is `attached`. One that `confirms`
        asks before commands that end something for others.
        """
        console = Console(
            self,
            print_lines,
            close,
            on_change,
            on_answer,
            actor=actor,
            attached=attached,
            confirms=confirms,
        )
        self._open[console] = None
        return console

    def closed(self, console: Console) -> None:
        """Forget a console."""
        self._open.pop(console, None)

    def shut_down(self) -> None:
        """Print that the server stops, and close all consoles."""
        for console in list(self._open):
            console.print_lines(SHUTDOWN_LINES)
            console.end()


class Console:
    """The console of one administrator.

    `question` is the question of the command that is executed, None if it has not asked.
    """

    def __init__(
        self,
        consoles: Consoles,
        print_lines: Print,
        close: Callable[[], None],
        on_change: Callable[[], None],
        on_answer: Callable[[Answer], None],
        *,
        actor: Actor,
        attached: bool,
        confirms: bool,
    ) -> None:
        self.question: Question | None = None
        self._consoles = consoles
        self._print = print_lines
        self._close = close
        self._on_change = on_change
        self._on_answer = on_answer
        self._actor = actor
        self._is_attached = attached
        self._confirms = confirms
        # None stands for the end of input.
        self._lines: deque[str | None] = deque()
        self._answer: Deferred[str | None] = Deferred()
        self._busy = False
        self._ended = False
        self._is_paused = False

    @property
    def accepts_input(self) -> bool:
        """Whether a line would be used at once, as a command or as an answer."""
        return not self._busy or self.question is not None

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print lines, with control characters escaped."""
        if not self._ended:
            self._print([escape_line(line) for line in lines])

    def feed_line(self, line: str) -> None:
        """Execute a line, or use it as an answer, after the lines before it."""
        if not self._ended:
            # One character more than allowed shows later that the line was too long.
            self._lines.append(line[: MAX_LINE + 1])
            self._schedule()

    def close_when_idle(self) -> None:
        """Close the console, not the server, after the lines that came: the input has ended."""
        self._lines.append(None)
        self._schedule()

    def pause(self) -> None:
        """Execute no further line until `resume`: too much output waits to be read."""
        self._is_paused = True

    def resume(self) -> None:
        """Execute lines again."""
        self._is_paused = False
        if self._lines:
            self._schedule()

    def cancel(self) -> None:
        """Cancel the question, if there is one."""
        if self.question is not None:
            self._answer_question(None)

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

    def _schedule(self) -> None:
        """Use the next line as an answer, or begin to execute lines, if either is possible now."""
        if self.question is not None:
            self._use_line_as_answer()
        elif not self._busy:
            self._busy = True
            Deferred.fromCoroutine(self._run()).addErrback(self._failed)

    async def _run(self) -> None:
        """Execute the lines one at a time.

        After `quit` none is executed, not even the end of input: `shut_down` closes the console,
        which prints the last lines first.
        """
        try:
            while self._lines and not (self._is_paused or self._consoles.context.stopping):
                line = self._lines.popleft()
                if line is None or (self._is_attached and _is_exit(line)):
                    self.end()
                else:
                    self._show(_too_long(line) or await self._execute(line))
        finally:
            self._busy = False
            self._on_change()

    async def _execute(self, line: str) -> Answer:
        try:
            context = self._consoles.context
            return await execute(context, line, self._ask_secret, self._confirm, self._actor)
        except Exception:  # noqa: BLE001 -- the console continues after any error
            self._failed(Failure())
            return failure("internal", FAULT, [reply_line(FAULT)])

    def _show(self, answer: Answer) -> None:
        self.print_lines(answer.lines)
        if not self._ended:
            self._on_answer(answer)

    async def _confirm(self, question: str) -> bool:
        """Return whether the administrator agrees; without a question where none is asked."""
        if not self._confirms:
            return True
        answer = await self._ask(Question(question, secret=False)) or ""
        return answer.strip().casefold() in {"y", "yes"}

    async def _ask_secret(self, question: str) -> str | None:
        return await self._ask(Question(question, secret=True))

    async def _ask(self, question: Question) -> str | None:
        """Return the next line just as it was typed, or None if the question is cancelled."""
        if self._ended:
            return None
        asked = self._answer
        self.question = question
        self._use_line_as_answer()
        self._on_change()
        answer = await asked
        if answer is not None and (refusal := _too_long(answer)):
            self.print_lines(refusal.lines)
            return None
        return answer

    def _use_line_as_answer(self) -> None:
        if self._lines:
            # The end of input stays in the queue: the console closes after the command that asks.
            self._answer_question(None if self._lines[0] is None else self._lines.popleft())

    def _answer_question(self, answer: str | None) -> None:
        asked, self._answer = self._answer, Deferred()
        self.question = None
        asked.callback(answer)

    def _failed(self, failure: Failure) -> None:
        _log.failure("A command of the administrator failed", failure)


def _is_exit(line: str) -> bool:
    return sanitize(line[:MAX_LINE]).strip().removeprefix(COMMAND_PREFIX).casefold() == "exit"


def _too_long(line: str) -> Answer | None:
    """Return the answer to a line that is too long to be used, None if it is not."""
    if len(line) <= MAX_LINE:
        return None
    text = f"Line too long (at most {MAX_LINE} characters)."
    return failure(ErrorCode.TOO_LONG, text, [reply_line(text)])


class LineConsole:
    """A console whose lines come as bytes, from a pipe, a file or a socket."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._pending = b""

    def received(self, data: bytes) -> None:
        """Feed the console the lines in `data`."""
        *lines, pending = (self._pending + data).split(b"\n")
        for line in lines:
            self._line(line)
        # Of a line that is too long, enough is kept for the console to refuse the line.
        self._pending = pending[: MAX_LINE * _UTF8_BYTES + 1]

    def ended(self) -> None:
        """Close the console after the lines that came; the last one may lack its newline."""
        if self._pending:
            self._line(self._pending)
        self._pending = b""
        self.console.close_when_idle()

    def _line(self, line: bytes) -> None:
        # Editors on Windows begin a file with a byte order mark, which `cat` puts in its middle.
        self.console.feed_line(line.decode("utf-8-sig", errors="replace"))
