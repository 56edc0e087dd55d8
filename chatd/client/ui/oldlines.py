"""Old messages as a user on a terminal reads them: in local time."""

from __future__ import annotations

from collections.abc import Sequence

from chatd.client.model.effects import Backfill, Incoming, Recent, Update
from chatd.client.ui.frontend import Line
from chatd.client.ui.render import MISSED_LOOK, backfill_heading, mention
from chatd.core.events import Message
from chatd.protocol import text
from chatd.protocol.received import History


def old_lines(update: Update, own_name: str) -> list[Line] | None:
    """Return the lines of an update with old messages; None if it has none.

    `own_name` is the name of the reader.
    """
    match update:
        case Backfill(messages=messages, first=True):
            heading = Line(backfill_heading(update), look=MISSED_LOOK)
            return [heading, *_lines(messages, own_name)]
        case Backfill(messages=messages) | Recent(messages=messages):
            return _lines(messages, own_name)
        case Incoming(event=History(messages=messages)) if messages:
            return _lines(messages, own_name)
        case _:
            return None


def _lines(messages: Sequence[Message], own_name: str) -> list[Line]:
    return [_line(message, own_name) for message in messages]


def _line(message: Message, own_name: str) -> Line:
    return Line(
        text.render(message),
        name=message.sender,
        talk=True,
        mention=mention(message.text, own_name),
        time=message.time,
        own=message.sender == own_name,
        look=MISSED_LOOK,
    )
