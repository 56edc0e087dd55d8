"""The messages that a client sends as a batch of lines (IRCv3 draft/multiline)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from chatd.core.events import MessageKind
from chatd.core.textlimits import MAX_LINES
from chatd.protocol.irc.capabilities import MULTILINE
from chatd.protocol.irc.casemapping import folded
from chatd.protocol.irc.line import Line

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

CONCAT: Final = f"{MULTILINE}-concat"
"""The tag of a line that goes on in the same line of the message."""

LINES_PER_COST: Final = 10
"""How many lines of a batch cost as much as one line without a batch."""


@dataclass(slots=True)
class IncomingBatch:
    """A multi-line message that is on its way, to `target`, with the `tags` of the client.

    `label` is that of its start, `kind` that of its lines, of which there are `lines` so far. The
    message has `size` bytes. `cuts` are the places at which the client has cut a line of it. The
    further lines of a batch that `is_refused` are dropped.
    """

    reference: str
    target: str = ""
    tags: str = ""
    label: str | None = None
    kind: MessageKind | None = None
    lines: int = 0
    size: int = 0
    cuts: list[int] = field(default_factory=list)
    is_refused: bool = False
    _parts: list[str] = field(default_factory=list)
    _length: int = 0

    def add(self, text: str, *, joined: bool) -> None:
        """Add a line: it begins another one, or is `joined` to the one before."""
        if joined and self.lines:
            self.cuts.append(self._length)
        elif self.lines:
            text = f"\n{text}"
        self.lines += 1
        self.size += len(text.encode())
        self._length += len(text)
        self._parts.append(text)

    @property
    def text(self) -> str:
        """The message."""
        return "".join(self._parts)


def take_line(session: IrcSession, request: Line, kind: MessageKind) -> None:
    """Add a PRIVMSG or NOTICE to the batch that it belongs to, or refuse the batch.

    A line costs nothing by itself; the end of its batch, or the refusal, costs for all of them.
    """
    batch = session.batch
    session.response.label = None  # the label of a batch is that of its start
    if batch is None or request.tags["batch"] != batch.reference:
        refuse(session, "MULTILINE_INVALID", "The batch is not open")
        return
    if batch.is_refused:
        return
    session.extra_cost -= 1
    target, text = [*request.params, "", ""][:2]
    joined = CONCAT in request.tags
    batch.add(text, joined=joined)
    if folded(target) != folded(batch.target):
        words = "The target is not that of the batch"
        refuse(session, "MULTILINE_INVALID_TARGET", batch.target, target or "*", words)
    elif kind is not (batch.kind or kind):
        refuse(session, "MULTILINE_INVALID", "A batch has either messages or notices")
    elif joined and not text:
        refuse(session, "MULTILINE_INVALID", "A blank line continues no other one")
    elif batch.lines > MAX_LINES:
        refuse(session, "MULTILINE_MAX_LINES", str(MAX_LINES), "The batch has too many lines")
    elif batch.size > session.irc.max_message:
        limit = str(session.irc.max_message)
        refuse(session, "MULTILINE_MAX_BYTES", limit, "The batch is too long")
    batch.kind = kind


def refuse(session: IrcSession, code: str, *params: str) -> None:
    """Refuse the batch that is open, with the label of its start; its end is awaited all the same.

    Without such a batch it is the request that is refused.
    """
    batch = session.batch
    if batch is not None and not batch.is_refused:
        session.response.label = batch.label
        session.extra_cost += batch.lines // LINES_PER_COST
        session.batch = IncomingBatch(batch.reference, is_refused=True)
    session.fail("BATCH", code, *params)
