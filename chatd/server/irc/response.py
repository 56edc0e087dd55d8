"""The response to one command: its lines, and the label by which the client finds them again.

IRCv3 labeled-response: a client that sends `@label=x` gets one line with the label, a batch of
several, or an `ACK` if there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chatd.protocol.irc.capabilities import LABELED_RESPONSE
from chatd.protocol.irc.line import escape, line

_END: Final = "\r\n"


class Response:
    """The lines of the response to one command, until they are sent with `send`.

    `label` is the label of the command, None if there is none, or the client cannot read it.
    `awaited` is how many messages of the command come back later (`add_awaited`): a response with
    a label is not sent before, so that the label is answered once. The command of a response that
    `is_done` is carried out.
    """

    def __init__(self, send: Callable[[str], None], server: str, label: str | None) -> None:
        self._send = send
        self._server = server
        self.label = label
        self._lines: list[str] = []
        self._reference: str | None = None
        self.is_done = False
        self.awaited = 0

    def add(self, lines: str) -> None:
        """Add lines, each with its end."""
        # No `splitlines`: characters that end a line elsewhere may be in a line of IRC.
        self._lines += [f"{each}{_END}" for each in lines.split(_END)[:-1]]

    def add_awaited(self, lines: str) -> None:
        """Add what a message of the command has led to."""
        self.add(lines)
        self.awaited -= 1
        if self.is_done and not self.awaited:
            self._write(is_last=True)

    def take(self) -> str:
        """Return the lines that were added and not sent, and forget them."""
        lines, self._lines = self._lines, []
        return "".join(lines)

    def flush(self, *, is_last: bool = False) -> None:
        """Send what was added; `is_last` if the command is carried out."""
        if self.is_done and not self._lines:
            return
        self.is_done = is_last
        if not self.awaited:
            self._write(is_last=is_last)

    def _write(self, *, is_last: bool) -> None:
        lines, self._lines = self._lines, []
        if self.label is None:
            self._send("".join(lines))
            return
        tag = f"label={escape(self.label)}"
        if self._reference is None and is_last:
            if not lines:
                self._send(line(self._server, "ACK", tags=tag))
                return
            if len(lines) == 1 or _is_one_batch(lines):
                self._send(with_tag(lines[0], tag) + "".join(lines[1:]))
                return
        if not lines and not is_last:
            return
        start = end = ""
        if self._reference is None:
            self._reference = "response"
            start = line(self._server, "BATCH", "+response", LABELED_RESPONSE, tags=tag)
        if is_last:
            end = line(self._server, "BATCH", "-response")
        self._send(start + "".join(map(_in_response, lines)) + end)


def with_tag(text: str, tag: str) -> str:
    """Return a line with one tag more, which it does not have yet."""
    return f"@{tag};{text[1:]}" if text.startswith("@") else f"@{tag} {text}"


def _in_response(text: str) -> str:
    """Return a line as a part of the batch, unless it is in, or ends, another one already."""
    tags = text[1:].partition(" ")[0] if text.startswith("@") else ""
    is_inner = any(tag.startswith("batch=") for tag in tags.split(";"))
    if is_inner or _batch_of(text).startswith("-"):
        return text
    return with_tag(text, "batch=response")


def _is_one_batch(lines: list[str]) -> bool:
    """Tell whether lines are a batch from its start to its end, and no other batch."""
    first = _batch_of(lines[0])
    end = f"-{first[1:]}"
    ends = [place for place, each in enumerate(lines) if _batch_of(each) == end]
    return first.startswith("+") and ends[:1] == [len(lines) - 1]


def _batch_of(text: str) -> str:
    """Return the first parameter of a BATCH line, "" for another one."""
    words = text.split()
    if words and words[0].startswith("@"):
        del words[0]
    if words and words[0].startswith(":"):
        del words[0]
    return words[1] if len(words) > 1 and words[0] == "BATCH" else ""
