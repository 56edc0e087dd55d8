"""The response to one command: its lines, and the label by which the client finds them again.

IRCv3 labeled-response: a client that sends `@label=x` gets one line with the label, a batch of
several, or an `ACK` if there is none.
"""

from __future__ import annotations

from collections.abc import Callable

from chatd.protocol.irc.capabilities import LABELED_RESPONSE
from chatd.protocol.irc.line import escape, line


class Response:
    """The lines of the response to one command, until they are sent with `send`.

    `label` is the label of the command, None if there is none, or the client cannot read it. Once
    the response `is_done`, nothing is added to it.
    """

    def __init__(self, send: Callable[[str], None], server: str, label: str | None) -> None:
        self._send = send
        self._server = server
        self.label = label
        self._lines: list[str] = []
        self._reference: str | None = None
        self.is_done = False

    def add(self, lines: str) -> None:
        """Add lines, each with its end."""
        self._lines += lines.splitlines(keepends=True)

    def flush(self, *, is_last: bool = False) -> None:
        """Send what was added; `is_last` if the command is carried out."""
        lines, self._lines = self._lines, []
        self.is_done = is_last
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
    """Return a line with a tag more; a further one of the same name is not to be there."""
    return f"@{tag};{text[1:]}" if text.startswith("@") else f"@{tag} {text}"


def _in_response(text: str) -> str:
    """Return a line as a part of the batch, unless it is in, or ends, another one already."""
    tags = text[1:].partition(" ")[0] if text.startswith("@") else ""
    is_inner = any(tag.startswith("batch=") for tag in tags.split(";"))
    if is_inner or _batch_of(text).startswith("-"):
        return text
    return with_tag(text, "batch=response")


def _is_one_batch(lines: list[str]) -> bool:
    """Tell whether lines are a batch from its start to its end."""
    first, last = _batch_of(lines[0]), _batch_of(lines[-1])
    return first.startswith("+") and last == f"-{first[1:]}"


def _batch_of(text: str) -> str:
    """Return the first parameter of a BATCH line, "" for another one."""
    words = text.split()
    if words and words[0].startswith("@"):
        del words[0]
    if words and words[0].startswith(":"):
        del words[0]
    return words[1] if len(words) > 1 and words[0] == "BATCH" else ""
