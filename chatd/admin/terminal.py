"""The console on a terminal: line editing, history, completion, and what arrives meanwhile above it.

Twisted's insults reads the keys. What they are for is said here and in keys.py, and the line is our
own (editing.py): Twisted's recvline drops what is not ASCII, takes every character to be one column
wide, and clears the screen as it begins. What is typed comes in as bytes, from standard input or
from `chatd-admin`, what is to be shown goes out as bytes. The line keeps to one row of the screen
and scrolls within it. The terminal itself keeps the place of its cursor, since no two agree on how
wide every character is.

Keys that come while a command is carried out wait for its end: until then nobody knows whether they
are the next command or the answer to a question, which is never shown.
"""

from __future__ import annotations

import codecs
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from twisted.conch.insults.insults import ServerProtocol, TerminalProtocol

from chatd.admin.commands import complete
from chatd.admin.console import Consoles
from chatd.admin.keys import EDITS, InputParser
from chatd.admin.lineedit import LineBuffer, visible_part
from chatd.core.sanitize import sanitize

PROMPT: Final = "Chat administration:> "
_SHORT_PROMPT: Final = ":> "
"""For a terminal in which the prompt would take more than half a row."""

_USUAL_COLUMNS: Final = 80
_MAX_CANDIDATES: Final = 100

_CTRL_C: Final = b"\x03"
_END: Final = b""
"""In the place of a key: there will be no more."""


class ConsoleTerminal(TerminalProtocol):
    """Edits a line and gives it to a console; `closed` is set when the console has ended.

    `write` shows bytes on the terminal, `let_go` is called at the end. `on_interrupt` is called on
    Ctrl-C; without it, Ctrl-C closes the console. While something is asked for, Ctrl-C and Ctrl-D
    do nothing but cancel that.
    """

    def __init__(
        self,
        consoles: Consoles,
        write: Callable[[bytes], None],
        let_go: Callable[[], None],
        on_interrupt: Callable[[], None] | None = None,
    ) -> None:
        self.console = consoles.open(self.print_lines, self._close, self._go_on)
        self.closed = False
        self.width = _USUAL_COLUMNS
        self._office = consoles.context
        self._let_go = let_go
        self._on_interrupt = on_interrupt or self.console.end
        # What is not UTF-8 was not typed by anybody.
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._command = LineBuffer()
        # A new one for each question: no history has a secret in it.
        self._secret = LineBuffer()
        self._first_shown = 0
        self._typed = InputParser()
        self._waiting: deque[bytes] = deque()
        self._pressing = False
        self._screen = _Screen(write)
        self._keys = ServerProtocol(lambda: self)
        self._keys.makeConnection(self._screen)

    def received(self, data: bytes) -> None:
        """Take in what was typed: keys, and, behind a NUL, the columns and rows of the terminal."""
        for part in self._typed.split(data):
            if isinstance(part, int):
                self.width = part or _USUAL_COLUMNS
            else:
                self._keys.dataReceived(part)
        self._draw()

    def ended(self) -> None:
        """Close the console after what was typed: the terminal has gone."""
        self._press(_END)

    def resize(self, columns: int) -> None:
        """Take note of the width of the terminal (0: it does not know), and draw the line anew."""
        self.width = columns or _USUAL_COLUMNS
        self._draw()

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print lines, which are safe to print, above the one being typed."""
        if lines:
            self._replace_row("\n".join(lines))
            self._draw()

    # -- what insults calls

    def keystrokeReceived(self, keyID: Any, modifier: Any) -> None:  # noqa: N803 -- insults'
        """Take in a key, or a byte of a character."""
        if modifier is None:
            self._press(keyID)

    def unhandledControlSequence(self, seq: bytes) -> None:
        """Take in a key that insults does not know."""
        self._press(seq)

    # -- keys

    def _press(self, key: bytes) -> None:
        """Carry out a key, after those before it; Ctrl-C does not wait, and they are forgotten."""
        if self.closed:
            return
        if key == _CTRL_C:
            self._waiting.clear()
            self._interrupt()
        else:
            self._waiting.append(key)
            self._carry_out_keys()

    def _carry_out_keys(self) -> None:
        if self._pressing:
            return  # the loop below goes on
        self._pressing = True
        try:
            while self._waiting and self.console.listens and not self.closed:
                self._carry_out(self._waiting.popleft())
        finally:
            self._pressing = False

    def _carry_out(self, key: bytes) -> None:
        if key in EDITS:
            EDITS[key](self._line)
        elif key in self._ACTIONS:
            self._ACTIONS[key](self)
        elif len(key) == 1:  # what is longer is a key that we do not know
            self._line.insert(sanitize(self._decoder.decode(key)).replace("\n", ""))

    def _interrupt(self) -> None:
        if self.console.question is not None:
            self._cancel(self.console.question)
        else:
            self._on_interrupt()

    def _delete_or_close(self) -> None:
        """Close the console, if there is nothing to delete."""
        if self.console.question is not None:
            self._cancel(self.console.question)
        elif self._line.text:
            self._line.delete()
        else:
            self._no_more()

    def _cancel(self, question: str) -> None:
        self._replace_row(question)
        self.console.cancel()

    def _clear(self) -> None:
        """Clear the screen."""
        self.terminal.cursorHome()
        self.terminal.eraseDisplay()

    def _enter(self) -> None:
        """Give the line to the console."""
        question = self.console.question
        line = self._line.enter()
        # The whole of a command, in as many rows as it takes: it is what will be read later.
        self._replace_row(f"{PROMPT}{line}" if question is None else question)
        self.console.line(line)

    def _complete(self) -> None:
        """Complete the word before the cursor; where that cannot be, show what it can become."""
        if self.console.question is not None:
            return
        before = self._line.before
        candidates = complete(self._office, before)
        start = before.rfind(" ") + 1
        start += before.startswith("`", start)
        if len(candidates) == 1:
            self._line.replace(start, f"{candidates[0]} ")
            return
        common = os.path.commonprefix(candidates)  # noqa: RUF071 -- words are no paths
        if len(common) > len(before) - start:
            self._line.replace(start, common)
        elif candidates:
            self._show_candidates(candidates)

    def _show_candidates(self, candidates: Sequence[str]) -> None:
        shown = "  ".join(candidates[:_MAX_CANDIDATES])
        more = len(candidates) - _MAX_CANDIDATES
        self.console.print_lines([f"{shown}  ... and {more} more" if more > 0 else shown])

    def _no_more(self) -> None:
        self.console.no_more()

    _ACTIONS: ClassVar[dict[bytes, Callable[[ConsoleTerminal], None]]] = {
        b"\r": _enter,
        b"\n": _enter,
        b"\t": _complete,
        b"\x04": _delete_or_close,
        b"\x0c": _clear,
        _END: _no_more,
    }

    # -- the console and the screen

    @property
    def _line(self) -> LineBuffer:
        """The line being typed: a command, or the answer to a question."""
        return self._command if self.console.question is None else self._secret

    def _go_on(self) -> None:
        """Carry out the keys that waited: the console asks, or is ready for the next command."""
        self._secret = LineBuffer()
        self._carry_out_keys()
        self._draw()

    def _draw(self) -> None:
        """Draw the last row, with the cursor in its place."""
        if self.closed:
            return
        if self.console.question is None:
            self._draw_command()
        else:
            self._show(f"\r{self.console.question[: self.width - 1]}")
            self.terminal.eraseToDisplayEnd()
        self._screen.flush()

    def _draw_command(self) -> None:
        """Draw the prompt and what there is room for of the line."""
        prompt = PROMPT if self.width >= 2 * len(PROMPT) else _SHORT_PROMPT
        line = self._command
        # The last column stays free: who writes into it does not know in which row the cursor is.
        room = max(self.width - len(prompt) - 1, 2)
        first, last = visible_part(line.text, line.cursor, self._first_shown, room)
        self._first_shown = first
        self._show(f"\r{prompt}{line.text[first : line.cursor]}")
        self.terminal.saveCursor()
        self._show(line.text[line.cursor : last])
        self.terminal.eraseToDisplayEnd()
        self.terminal.restoreCursor()

    def _replace_row(self, text: str) -> None:
        """Put `text` in the place of the last row, and begin another."""
        self._erase_row()
        self._show(f"{text}\n")

    def _erase_row(self) -> None:
        self._show("\r")
        self.terminal.eraseToDisplayEnd()

    def _show(self, text: str) -> None:
        self.terminal.write(text.encode(errors="backslashreplace"))

    def _close(self) -> None:
        self._erase_row()
        self._screen.flush()
        self.closed = True
        self._let_go()


class _Screen:
    """What insults writes to: gathers it, so that what belongs together is shown at once."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._gathered: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Gather."""
        self._gathered.append(data)

    def flush(self) -> None:
        """Show what was gathered."""
        gathered, self._gathered = self._gathered, []
        self._write(b"".join(gathered))
