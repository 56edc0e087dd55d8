"""The messages that a client sends as a batch of lines (IRCv3 draft/multiline)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chatd.core.events import MessageKind
from chatd.protocol.irc.line import Line

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession


@dataclass(slots=True)
class IncomingBatch:
    """A multi-line message that is on its way, to `target`, with the `tags` of the client.

    `label` is that of its start. `texts` has its lines; each is `joined` to the one before, or
    begins another line.
    """

    reference: str
    target: str
    tags: str
    label: str | None
    kind: MessageKind = MessageKind.TEXT
    lines: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, text: str, *, joined: bool) -> None:
        """Add a line."""
        if joined and self.lines:
            self.lines[-1] += text
        else:
            self.lines.append(text)
        self.size += len(text.encode()) + 1

    @property
    def text(self) -> str:
        """The message."""
        return "\n".join(self.lines)


def take_line(session: IrcSession, batch: IncomingBatch, request: Line, kind: MessageKind) -> None:
    """Add a line of the client to its batch."""
