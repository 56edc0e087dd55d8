"""Programs on terminals: what they print is read into screens, what users type is written to them.

pyte is the terminal: a small emulator in Python alone.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pyte

from docs.picture.svg import Cell, Row

_SECONDS: Final = 30.0
_READ_SIZE: Final = 65536

# A shell does this for a program that it starts.
_IN_FOREGROUND: Final = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""

_COLOURS: Final = {
    "black": "#484f58",
    "red": "#ff7b72",
    "green": "#3fb950",
    "brown": "#d29922",
    "blue": "#58a6ff",
    "magenta": "#bc8cff",
    "cyan": "#39c5cf",
    "white": "#b1bac4",
    "brightblack": "#8b949e",
    "brightred": "#ffa198",
    "brightgreen": "#56d364",
    "brightbrown": "#e3b341",
    "brightblue": "#79c0ff",
    "brightmagenta": "#d2a8ff",
    "brightcyan": "#56d4dd",
    "brightwhite": "#f0f6fc",
}


class _Screen(pyte.Screen):
    def __init__(self, columns: int, rows: int, write: Callable[[str], None]) -> None:
        super().__init__(columns, rows)
        self._write = write

    def write_process_input(self, data: str) -> None:
        """Send an answer of the terminal to the program."""
        self._write(data)


class Terminal:
    """A program on a terminal of so many `columns` and `rows`; its environment is `environment`."""

    def __init__(
        self, command: Sequence[str], columns: int, rows: int, environment: Mapping[str, str]
    ) -> None:
        # The screen answers a program that asks where the cursor is.
        self._screen = _Screen(columns, rows, self.write)
        self._stream = pyte.ByteStream(self._screen)
        self.descriptor, program = pty.openpty()
        fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _IN_FOREGROUND, *command],
            stdin=program,
            stdout=program,
            stderr=program,
            start_new_session=True,
            env=dict(environment),
        )
        os.close(program)

    @property
    def lines(self) -> list[str]:
        """The lines on the screen."""
        return list(self._screen.display)

    @property
    def rows(self) -> list[Row]:
        """The cells on the screen."""
        return [self._row(number) for number in range(self._screen.lines)]

    def write(self, text: str) -> None:
        """Type `text`."""
        os.write(self.descriptor, text.encode())

    def read(self) -> None:
        """Read what the program has printed."""
        try:
            self._stream.feed(os.read(self.descriptor, _READ_SIZE))
        except OSError:  # the program has ended
            raise RuntimeError("A program ended:\n" + "\n".join(self.lines)) from None

    def stop(self) -> None:
        """End the program."""
        self._process.terminate()
        self._process.wait(_SECONDS)
        os.close(self.descriptor)

    def _row(self, number: int) -> Row:
        cells = []
        buffer: Any = self._screen.buffer[number]
        for column in range(self._screen.columns):
            character = buffer[column]
            if not character.data:  # the second half of a wide character
                continue
            is_wide = column + 1 < self._screen.columns and not buffer[column + 1].data
            cells.append(_cell(character, 2 if is_wide else 1))
        return cells


def wait_until(done: Callable[[], bool], terminals: Sequence[Terminal]) -> None:
    """Read what the programs print until `done()`; raise `RuntimeError` after 30 s."""
    deadline = time.monotonic() + _SECONDS
    while not done():
        left = deadline - time.monotonic()
        by_descriptor = {terminal.descriptor: terminal for terminal in terminals}
        readable = select.select([*by_descriptor], [], [], max(left, 0))[0]
        if not readable:
            shown = "\n".join(line.rstrip() for each in terminals for line in each.lines)
            raise RuntimeError(f"The screens do not show what they should:\n{shown}")
        for descriptor in readable:
            by_descriptor[descriptor].read()


def _cell(character: Any, width: int) -> Cell:
    default = Cell()
    colour = _colour(character.fg, default.colour)
    ground = _colour(character.bg, default.ground)
    if character.reverse:
        colour, ground = ground, colour
    return Cell(character.data, width, colour, ground, character.bold, character.italics)


def _colour(name: str, default: str) -> str:
    """Return the CSS colour for a name of pyte, which is a word or six digits."""
    return default if name == "default" else _COLOURS.get(name, f"#{name}")
