"""Old messages as a user on a terminal reads them: in local time.

They are those of a history and of a search, and private messages that were kept for the user.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chatd.client.model.effects import Backfill, Incoming, Recent, Update
from chatd.client.ui.found import found_messages, older_line
from chatd.client.ui.frontend import Line
from chatd.client.ui.render import MISSED_LOOK, backfill_heading, mention
from chatd.core.events import Message, PrivateMessage
from chatd.protocol import text
from chatd.protocol.received import History, Ok


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
        case Incoming(event=Ok(command="search") as reply) if found_messages(reply):
            return _found(reply, own_name)
        case _:
            return None


def in_local_time(update: Update) -> Update:
    """Return an update whose words have no time, so that the line has the local one.

    It is a private message that was kept for the user; other updates are returned as they are.
    """
    match update:
        case Incoming(event=PrivateMessage(is_kept=True) as message):
            return replace(update, event=replace(message, is_kept=False))
        case _:
            return update


def _found(reply: Ok, own_name: str) -> list[Line]:
    messages, older = found_messages(reply), older_line(reply)
    lines = [
        replace(line, text=f"#{message.id} {line.text}")
        for message, line in zip(messages, _lines(messages, own_name), strict=True)
    ]
    return [*lines, *([Line(older, look=MISSED_LOOK)] if older else [])]


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
