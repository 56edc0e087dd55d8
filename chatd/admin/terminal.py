"""The console on a terminal: line editing, history, completion, and what arrives meanwhile above it.

Twisted's insults reads the keys and its recvline says what each is for. The line itself is our own
(editing.py): recvline drops what is not ASCII, takes every character to be one column wide, and
clears the screen as it begins. What is typed comes in as bytes, from standard input or from
`chatd-admin`, what is to be shown goes out as bytes. The line keeps to one row of the screen and
scrolls within it. The terminal itself keeps the place of its cursor, since no two agree on how wide
every character is.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.conch.insults.insults import ServerProtocol
from twisted.conch.recvline import RecvLine

from chatd.admin.commands import complete
from chatd.admin.console import Consoles
from chatd.admin.editing import EditedLine, visible_part
from chatd.core.safety import clean

PROMPT: Final = "Chat administration:> "
_SHORT_PROMPT: Final = ":> "
"""For a terminal in which the prompt would take more than half a row."""

_USUAL_COLUMNS: Final = 80
_MOST_CANDIDATES: Final = 100

_SIZE: Final = re.compile(rb"\0([0-9]{1,5}) [0-9]{1,5}\n")
_UNFINISHED_SIZE: Final = re.compile(rb"\0(?:[0-9]{1,5}(?: [0-9]{0,5})?)?\Z")
# A second ESC is that of the sequence behind it; insults would take the two together for a key.
_ESCAPES: Final = re.compile(rb"\x1b+")


class ConsoleTerminal(RecvLine):
    """Edits a line and gives it to a console; `closed` is set when the console has ended.

    `write` shows bytes on the terminal, `let_go` is called at the end. `on_interrupt` is called on
    Ctrl-C; without it, Ctrl-C closes the console.
    """

    def __init__(
        self,
        consoles: Consoles,
        write: Callable[[bytes], None],
        let_go: Callable[[], None],
        on_interrupt: Callable[[], None] | None = None,
    ) -> None:
        self.console = consoles.open(self.print_lines, self._close)
        self.closed = False
        self.width = _USUAL_COLUMNS
        self._office = consoles.office
        self._let_go = let_go
        self._on_interrupt = on_interrupt or self.console.end
        # What is not UTF-8 was not typed by anybody.
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._line = EditedLine()
        self._first_shown = 0
        self._unfinished_size = b""
        self._screen = _Screen(write)
        self._keys = ServerProtocol(lambda: self)
        self._keys.makeConnection(self._screen)

    def received(self, data: bytes) -> None:
        """Take in what was typed: keys, and, behind a NUL, the columns and rows of the terminal."""
        data = self._unfinished_size + data
        unfinished = _UNFINISHED_SIZE.search(data)
        self._unfinished_size = unfinished[0] if unfinished else b""
        keys, *sizes_and_keys = _SIZE.split(data.removesuffix(self._unfinished_size))
        self._type(keys)
        for columns, more_keys in zip(sizes_and_keys[::2], sizes_and_keys[1::2], strict=True):
            self.width = int(columns) or _USUAL_COLUMNS
            self._type(more_keys)
        self.drawInputLine()

    def ended(self) -> None:
        """Close the console: the terminal has gone."""
        self.console.no_more()

    def resize(self, columns: int) -> None:
        """Take note of the width of the terminal (0: it does not know), and draw the line anew."""
        self.width = columns or _USUAL_COLUMNS
        self.drawInputLine()

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print lines, which are safe to print, above the one being typed."""
        if lines:
            self._erase_row()
            self._show("".join(f"{line}\n" for line in lines))
            self.drawInputLine()

    # -- recvline's

    def connectionMade(self) -> None:
        """Say what each key is for."""
        super().connectionMade()  # type: ignore[no-untyped-call]
        terminal = self.terminal
        self.keyHandlers.update(
            {
                terminal.UP_ARROW: self.handle_UP,
                terminal.DOWN_ARROW: self.handle_DOWN,
                b"\x01": self.handle_HOME,
                b"\x02": self.handle_LEFT,
                b"\x03": self._on_interrupt,
                b"\x04": self.handle_EOF,
                b"\x05": self.handle_END,
                b"\x06": self.handle_RIGHT,
                b"\x08": self.handle_BACKSPACE,
                b"\x0b": self._line.delete_to_end,
                b"\x0c": self.handle_CLEAR,
                b"\x0e": self.handle_DOWN,
                b"\x10": self.handle_UP,
                b"\x15": self._line.delete_to_start,
                b"\x17": self._line.delete_word,
            }
        )
        # What some terminals send, and insults does not know.
        self._sequences = {
            b"\x1b[OA": self.handle_UP,
            b"\x1b[OB": self.handle_DOWN,
            b"\x1b[OC": self.handle_RIGHT,
            b"\x1b[OD": self.handle_LEFT,
            b"\x1b[OF": self.handle_END,
            b"\x1b[OH": self.handle_HOME,
            b"\x1b[7~": self.handle_HOME,
            b"\x1b[8~": self.handle_END,
        }

    def initializeScreen(self) -> None:
        """Leave the screen as it is."""

    def unhandledControlSequence(self, seq: bytes) -> None:
        """Carry out a key that insults does not know, if we do."""
        if seq in self._sequences:
            self._sequences[seq]()

    def keystrokeReceived(self, keyID: Any, modifier: Any) -> None:  # noqa: N803 -- recvline's
        """Carry out a key, or take in a byte of a character; once the console has ended, neither."""
        if self.closed or modifier is not None:
            return
        if keyID in self.keyHandlers:
            self.keyHandlers[keyID]()  # type: ignore[no-untyped-call]
        elif len(keyID) == 1:  # function keys have names
            self._line.insert(clean(self._decoder.decode(keyID)).replace("\n", ""))

    def drawInputLine(self) -> None:
        """Draw the prompt and what there is room for of the line, with the cursor in its place."""
        if self.closed:
            return
        prompt = PROMPT if self.width >= 2 * len(PROMPT) else _SHORT_PROMPT
        line = self._line
        # The last column stays free: who writes into it does not know in which row the cursor is.
        room = max(self.width - len(prompt) - 1, 2)
        first, last = visible_part(line.text, line.cursor, self._first_shown, room)
        self._first_shown = first
        self._show(f"\r{prompt}{line.text[first : line.cursor]}")
        self.terminal.saveCursor()
        self._show(line.text[line.cursor : last])
        self.terminal.eraseToDisplayEnd()
        self.terminal.restoreCursor()
        self._screen.flush()

    def handle_LEFT(self) -> None:
        """Go back one character."""
        self._line.left()

    def handle_RIGHT(self) -> None:
        """Go on one character."""
        self._line.right()

    def handle_HOME(self) -> None:
        """Go to the start."""
        self._line.home()

    def handle_END(self) -> None:
        """Go to the end."""
        self._line.end()

    def handle_UP(self) -> None:
        """Show the line before in the history."""
        self._line.older()

    def handle_DOWN(self) -> None:
        """Show the line after in the history."""
        self._line.newer()

    def handle_BACKSPACE(self) -> None:
        """Delete the character before the cursor."""
        self._line.backspace()

    def handle_DELETE(self) -> None:
        """Delete the character at the cursor."""
        self._line.delete()

    def handle_INSERT(self) -> None:
        """Do nothing: what is typed is always inserted."""

    def handle_EOF(self) -> None:
        """Close the console, if there is nothing to delete."""
        if self._line.text:
            self._line.delete()
        else:
            self.console.no_more()

    def handle_CLEAR(self) -> None:
        """Clear the screen."""
        self.terminal.cursorHome()
        self.terminal.eraseDisplay()

    def handle_RETURN(self) -> None:
        """Give the line to the console."""
        line = self._line.enter()
        self._erase_row()
        # The whole of it, in as many rows as it takes: it is what will be read later.
        self._show(f"{PROMPT}{line}\n")
        self.console.line(line)

    def handle_TAB(self) -> None:
        """Complete the word before the cursor; where that cannot be, show what it can become."""
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

    # -- within

    def _type(self, keys: bytes) -> None:
        self._keys.dataReceived(_ESCAPES.sub(b"\x1b", keys))

    def _show_candidates(self, candidates: Sequence[str]) -> None:
        shown = "  ".join(candidates[:_MOST_CANDIDATES])
        more = len(candidates) - _MOST_CANDIDATES
        self.console.print_lines([f"{shown}  ... and {more} more" if more > 0 else shown])

    def _show(self, text: str) -> None:
        self.terminal.write(text.encode(errors="backslashreplace"))

    def _erase_row(self) -> None:
        self._show("\r")
        self.terminal.eraseToDisplayEnd()

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
