"""A short conversation on real terminals: a server with its console, and two line clients."""

from __future__ import annotations

import os
import re
import socket
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Self

from docs.picture.svg import Cell, Row, Window
from docs.picture.terminals import Terminal, wait_until

_PROGRAMS: Final = Path(sys.executable).parent
_COLUMNS: Final = 56
_ROWS: Final = 18
_CONSOLE_ROWS: Final = 10
_GAP: Final = 14

_PROMPT: Final = ":>"
_START: Final = datetime(2026, 1, 1, 12, 15, 1, tzinfo=UTC)
_TIME: Final = re.compile(r"\d\d:\d\d:\d\d")
_PORT: Final = re.compile(r"127\.0\.0\.1(?:', |:)(\d{5})")
_FIRST_PORT: Final = 50001


class Conversation:
    """The programs on their terminals, and a visitor without a terminal; use it with `with`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stack = ExitStack()
        self._terminals: list[Terminal] = []
        self._stable = Stable()

    def __enter__(self) -> Self:
        """Start the server and the clients."""
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }
        listen = f"tcp:{self._port}:interface=localhost"
        chatd = ["--listen", listen, "--admin", f"{folder}/admin", "--store", "memory:"]
        self.console = self._start(
            ["twistd", "-n", "--pidfile=", "chatd", *chatd, "--room", "tea:Tea house"],
            2 * _COLUMNS + 5,
            _CONSOLE_ROWS,
        )
        self._see("ChatServer is listening", self.console)
        client = ["chatd-client", "localhost", str(self._port)]
        # One after the other, so that the ports are numbered in the same order each time.
        self.ann = self._start(client, _COLUMNS, _ROWS)
        self._see("Type `enter", self.ann)
        self.bob = self._start(client, _COLUMNS, _ROWS)
        self._see("Type `enter", self.bob)
        return self

    def __exit__(self, *_: object) -> None:
        """End all programs."""
        self._stack.close()

    def speak(self) -> None:
        """Let the users talk; each line is typed when the one before is on the screens."""
        ann, bob, console = self.ann, self.bob, self.console
        both = (ann, bob)
        self._type(ann, "/enter tea Ann")
        self._see("You join @chatroom tea", ann)
        self._type(bob, "/enter tea Bob")
        self._see("You join @chatroom tea", bob)
        self._see("Bob: joined us", ann)
        self._type(ann, "hello Bob, the kettle is on")
        self._see("Ann: hello Bob", bob)
        self._type(bob, "Ann: I bring the cake")
        self._see("Bob: Ann: I bring", ann)
        visitor = self._stack.enter_context(socket.create_connection(("localhost", self._port)))
        visitor.sendall(b"`join tea Eve\n")
        self._see("Eve: joined us", *both)
        visitor.sendall(b"free followers at example.com!\n")
        self._see("free followers", *both)
        self._type(console, "kick Eve tea")
        self._see("Eve was kicked out", *both)
        self._type(bob, "/secret Ann happy birthday!")
        self._see("Secret sent", bob)
        self._see("(secret): happy", ann)
        self._type(console, "say tea Free tea until noon.")
        self._see("Administrator: Free tea", *both)
        self._type(console, "list")
        self._see("Tea house@tea: Ann", console)
        for terminal in (*both, console):
            self._see_prompt(terminal)

    def windows(self) -> list[Window]:
        """Return the windows of the users side by side, and that of the console below."""
        ann = Window("chatd-client: Ann", self._rows(self.ann))
        bob = Window("chatd-client: Bob", self._rows(self.bob), x=ann.width + _GAP)
        y = ann.height + _GAP
        return [ann, bob, Window("twistd -n chatd: the console", self._rows(self.console), y=y)]

    def _rows(self, terminal: Terminal) -> list[Row]:
        return [self._stable.replaced(row) for row in terminal.rows]

    def _start(self, command: Sequence[str], columns: int, rows: int) -> Terminal:
        program, *arguments = command
        terminal = Terminal(
            [str(_PROGRAMS / program), *arguments], columns, rows, self._environment
        )
        self._stack.callback(terminal.stop)
        self._terminals.append(terminal)
        return terminal

    def _type(self, on: Terminal, line: str) -> None:
        """Type a line at the prompt, and see it before it is sent."""
        self._see_prompt(on)
        on.write(line)
        self._see(line, on)
        on.write("\r")

    def _see_prompt(self, terminal: Terminal) -> None:
        """Wait until nothing is typed at the prompt, and no lines are being printed above it."""
        wait_until(
            lambda: any(line.rstrip().endswith(_PROMPT) for line in terminal.lines),
            self._terminals,
        )

    def _see(self, words: str, *readers: Terminal) -> None:
        """Wait until the screens of the readers show `words`."""
        for reader in readers:
            wait_until(partial(_shows, reader, words), self._terminals)
        for reader in readers:
            self._stable.note(reader.rows)


class Stable:
    """Replaces times and port numbers, so that a picture changes only with what is shown.

    Rows with the same words after the time get the same time, in the order in which `note` saw
    them.
    """

    def __init__(self) -> None:
        self._times: dict[str, str] = {}
        self._ports: dict[str, str] = {}

    def note(self, rows: Iterable[Row]) -> None:
        """Give times and numbers to rows that were not seen before."""
        for row in rows:
            self.replaced(row)

    def replaced(self, row: Row) -> Row:
        """Return a row with its replacements, which are as long as the originals."""
        text = "".join(cell.text[:1] for cell in row)
        cells = list(row)
        for found in _PORT.finditer(text):
            port = self._ports.setdefault(found[1], str(_FIRST_PORT + len(self._ports)))
            cells = _put(cells, found.start(1), port)
        found_time = _TIME.search(text)
        if found_time is not None:
            words = text[found_time.end() :].strip()
            moment = _START + timedelta(seconds=4 * len(self._times))
            fixed = self._times.setdefault(words, f"{moment:%H:%M:%S}")
            cells = _put(cells, found_time.start(), fixed)
        return cells


def _put(cells: list[Cell], at: int, words: str) -> list[Cell]:
    """Return cells with the characters from `at` on replaced by `words`."""
    new = [
        replace(cell, text=character) for cell, character in zip(cells[at:], words, strict=False)
    ]
    return [*cells[:at], *new, *cells[at + len(new) :]]


def _shows(terminal: Terminal, words: str) -> bool:
    """Tell whether a screen shows words, perhaps across the end of a row."""
    return words in " ".join(" ".join(terminal.lines).split())
