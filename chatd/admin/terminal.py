"""A console whose lines are edited by an `Editor`, which is at the other end of a connection.

The messages are those of `chatd.admin.editor`. The editor edits; this end knows what a line can
become, so it completes words, and asks for the next line when the console is ready for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from chatd.admin.answer import Answer
from chatd.admin.completion import complete
from chatd.admin.console import MAX_LINE, Consoles
from chatd.core.records import CONSOLE, Actor

PROMPT: Final = "Chat administration:> "

_MAX_MESSAGE: Final = 16 * MAX_LINE
"""The longest message of an editor, in bytes; a longer one closes the console."""

_MAX_CANDIDATES: Final = 100


class ConsoleTerminal:
    """A console with an editor.

    `write` sends bytes to the editor of `actor`, `close` closes the connection to it. `attached` is
    whether the editor is that of `chatd-admin`: then `exit` leaves the console, and commands that
    end something for others ask first.
    """

    def __init__(
        self,
        consoles: Consoles,
        write: Callable[[bytes], None],
        close: Callable[[], None],
        *,
        actor: Actor = CONSOLE,
        attached: bool = False,
    ) -> None:
        self.console = consoles.open(
            self.print_above,
            self._close,
            self._ask,
            self._answered,
            actor=actor,
            attached=attached,
            confirms=attached,
        )
        self._context = consoles.context
        self._write = write
        self._close_connection = close
        self._is_closed = False
        self._pending = b""
        self._ask()

    def received(self, data: bytes) -> None:
        """Handle bytes from the editor; a message that is malformed closes the console."""
        *messages, self._pending = (self._pending + data).split(b"\n")
        for message in messages:
            self._handle(*_parse(message))
        if len(self._pending) > _MAX_MESSAGE:
            self.console.end()

    def ended(self) -> None:
        """Close the console after the lines that came."""
        self.console.close_when_idle()

    def print_above(self, lines: Sequence[str]) -> None:
        """Print lines, which are safe to print, above the line being typed."""
        if lines:
            self._send_bytes(encode_lines(lines))

    # -- within

    def _handle(self, key: str, value: object) -> None:
        match key, value:
            case "line", str(line):
                self.console.feed_line(line)
            case "complete", str(before):
                self._complete(before)
            case "cancel", None:
                self.console.cancel()
            case _:
                self.console.end()

    def _ask(self) -> None:
        """Ask the editor for a line, if the console is ready for it."""
        question = self.console.question
        if question is not None:
            self._send(**{"question" if question.secret else "confirm": question.text})
        elif self.console.accepts_input:
            self._ready()

    def _ready(self) -> None:
        self._send(prompt=PROMPT)

    def _answered(self, answer: Answer) -> None:
        """Do nothing: a person reads the lines."""

    def _complete(self, before: str) -> None:
        """Complete the last word of `before`; print the candidates if they have no more in common.

        For example, `st` becomes `sta`, after which Tab prints `start  stats`.
        """
        candidates = complete(self._context, before)
        start = before.rfind(" ") + 1
        start += before.startswith("`", start)
        count = len(before) - start
        common = os.path.commonprefix(candidates)  # noqa: RUF071 -- words are no paths
        if len(candidates) == 1:
            self._send(completion=[before, count, f"{common} "])
        elif len(common) > count:
            self._send(completion=[before, count, common])
        elif candidates:
            self._print_candidates(candidates)

    def _print_candidates(self, candidates: Sequence[str]) -> None:
        shown = "  ".join(candidates[:_MAX_CANDIDATES])
        more = len(candidates) - _MAX_CANDIDATES
        self.console.print_lines([f"{shown}  ... and {more} more" if more > 0 else shown])

    def _send(self, **message: object) -> None:
        self._send_bytes(_encode(message))

    def _send_bytes(self, data: bytes) -> None:
        if not self._is_closed:
            self._write(data)

    def _close(self) -> None:
        self._send(closed=None)
        self._is_closed = True
        self._close_connection()


class ProgramConsole(ConsoleTerminal):
    """A console for `chatd-admin` with commands that were not typed at its prompt.

    There is no prompt. After the lines of each answer, a message `answer` has the `data` for
    programs, and whether the command `failed`.
    """

    def __init__(
        self,
        consoles: Consoles,
        write: Callable[[bytes], None],
        close: Callable[[], None],
        *,
        actor: Actor,
    ) -> None:
        super().__init__(consoles, write, close, actor=actor, attached=True)

    def _ready(self) -> None:
        """Do nothing: the answer shows that the next line may come."""

    def _answered(self, answer: Answer) -> None:
        self._send(answer={"failed": answer.failed, "data": answer.data})


def encode_lines(lines: Sequence[str]) -> bytes:
    """Return the message that prints lines, which are safe to print, above the one being typed."""
    return _encode({"print": list(lines)})


def _encode(message: Mapping[str, object]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _parse(message: bytes) -> tuple[str, object]:
    """Return the key of a message and its value; an empty key if the message is malformed."""
    try:
        ((key, value),) = json.loads(message).items()
    except (ValueError, AttributeError, RecursionError):
        return "", None
    return key, value
