"""`chatd-admin` with a command, or with a script on standard input: the other end of the socket.

The messages are those of `chatd.admin.editor`, without `prompt`. The server answers each line with
`{"answer": {"failed": false, "data": …}}` after its lines, and asks questions before that. In a
script the line after a command is the answer to its question.
"""

from __future__ import annotations

import getpass
import json
import os
import select
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from chatd.io import write_all

_STDIN: Final = 0
_STDOUT: Final = 1
_READ_SIZE: Final = 65536

WRONG_USAGE: Final = 2
"""The exit status of a command that does not exist or lacks a parameter."""

_USAGE_CODES: Final = {"usage", "unknown-command"}

_COMMENT: Final = "#"


class UnwritableError(Exception):
    """An answer of the server cannot be written to standard output; the cause is an `OSError`."""


class GoneError(Exception):
    """The connection to the server ended, and the server had not closed the console."""


class _ClosedError(Exception):
    """The server closed the console before it answered."""


class Script:
    """Runs commands at the server, one after another.

    Lines of answers go to `sink`, or with `in_json` one object for each command. `source` has the
    lines of a script, and the answers to the questions that `ask` does not answer. `ask` gets the
    kind of a question, `question` or `confirm`, and its text; without a person it is None.
    """

    def __init__(
        self,
        server: socket.socket,
        *,
        in_json: bool = False,
        ask: Callable[[str, str], str | None] | None = None,
        source: int = _STDIN,
        sink: int = _STDOUT,
    ) -> None:
        self._server = server
        self._in_json = in_json
        self._ask = ask
        self._source = source
        self._sink = sink
        self._received = b""
        self._messages: deque[tuple[str, Any]] = deque()
        self._is_closed = False
        self._line_number = 0
        self._lines = self._read_lines()

    def run_command(self, command: str) -> int:
        """Run one command; return the exit status."""
        try:
            answer = self._run(command)
        except _ClosedError:
            return 0 if _is_exit(command) else self._report("chatd has shut down")
        self._finish()
        if not answer["failed"]:
            return 0
        return WRONG_USAGE if answer["data"]["code"] in _USAGE_CODES else 1

    def run_lines(self) -> int:
        """Run the lines of the script up to the first failure; return the exit status.

        Lines that begin with `#` are for people.
        A server that shuts down while the script is waited for has closed it in order.
        """
        with suppress(_ClosedError):
            for line in self._lines:
                if line.lstrip().startswith(_COMMENT):
                    continue
                number = self._line_number
                try:
                    answer = self._run(line)
                except _ClosedError:
                    if _is_exit(line):
                        return 0
                    return self._report(f"line {number}: chatd has shut down")
                if answer["failed"]:
                    return self._report(f"line {number}: {answer['data']['text']}")
            self._finish()
        return 0

    # -- within

    def _run(self, line: str) -> dict[str, Any]:
        """Run one line; return its answer."""
        self._send(line=line)
        while True:
            key, value = self._next_message()
            if key == "answer":
                if self._in_json and line.strip():
                    shown = {"command": line.split(maxsplit=1)[0].removeprefix("`"), **value}
                    self._write([json.dumps(shown, ensure_ascii=False)])
                return dict(value)
            self._handle(key, value)

    def _handle(self, key: str, value: Any) -> None:
        if key == "print" and not self._in_json:
            self._write(value)
        elif key == "closed":
            raise _ClosedError
        elif key in {"question", "confirm"}:
            answer = self._answer(key, value)
            self._send(**({"cancel": None} if answer is None else {"line": answer}))

    def _answer(self, kind: str, question: str) -> str | None:
        if self._ask is not None:
            return self._ask(kind, question)
        # Nobody reads what a script asks.
        return "y" if kind == "confirm" else next(self._lines, None)

    def _finish(self) -> None:
        """Close the console, after what the server still prints."""
        self._shut_down()
        with suppress(_ClosedError):
            while True:
                self._handle(*self._next_message())

    def _shut_down(self) -> None:
        with suppress(OSError):  # the server has closed the connection
            self._server.shutdown(socket.SHUT_WR)

    def _report(self, text: str) -> int:
        print(f"chatd-admin: {text}", file=sys.stderr)  # noqa: T201 -- the program's message
        return 1

    # -- the connection

    def _send(self, **message: str | None) -> None:
        with suppress(OSError):  # the server has closed; what it wrote before is still to be read
            self._server.sendall(json.dumps(message).encode() + b"\n")

    def _next_message(self) -> tuple[str, Any]:
        while not self._messages:
            self._receive()
        return self._messages.popleft()

    def _receive(self) -> None:
        try:
            data = self._server.recv(_READ_SIZE)
        except ConnectionResetError:
            data = b""
        if not data:
            raise GoneError
        *messages, self._received = (self._received + data).split(b"\n")
        for message in messages:
            self._messages.extend(json.loads(message).items())

    def _write(self, lines: list[str]) -> None:
        try:
            write_all(self._sink, "".join(f"{line}\n" for line in lines).encode(errors="replace"))
        except OSError as error:
            raise UnwritableError from error

    # -- the script

    def _read_lines(self) -> Iterator[str]:
        """Return the lines of the script, of which the last one may lack its newline."""
        pending = b""
        while data := self._read():
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                yield self._decode(line)
        if pending:
            yield self._decode(pending)

    def _decode(self, line: bytes) -> str:
        self._line_number += 1
        # Editors on Windows begin a file with a byte order mark, and end lines with a return.
        return line.decode("utf-8-sig", errors="replace").removesuffix("\r")

    def _read(self) -> bytes:
        """Return some bytes of the script; raise `_ClosedError` if the server closes meanwhile."""
        server = self._server.fileno()
        while True:
            # First those that came with the last answer: the connection may have ended since.
            while self._messages:
                self._handle(*self._messages.popleft())
            readable, _, _ = select.select([self._source, server], [], [])
            if server not in readable:
                return os.read(self._source, _READ_SIZE)
            self._receive()


def ask_person(kind: str, question: str) -> str | None:
    """Return the answer that a person types at the terminal, None if they cancel.

    The answer to a `question`, a password, is not shown.
    """
    try:
        if kind == "question":
            return getpass.getpass(question)
        print(question, end="", file=sys.stderr, flush=True)  # noqa: T201 -- the question
        return sys.stdin.readline() or None
    except EOFError:
        return None


def _is_exit(line: str) -> bool:
    return line.strip().removeprefix("`").casefold() == "exit"
