"""The messages that a search has found, for lines in local time."""

from __future__ import annotations

from chatd.core.events import Message
from chatd.protocol.json_events import MESSAGE
from chatd.protocol.received import Ok


def found_messages(reply: Ok) -> list[Message]:
    """Return the messages in the reply to `search`, newest first, without those of ignored users.

    Raises LookupError, ValueError or TypeError if the data are not those of such a reply.
    """
    rows = reply.data["messages"]
    if not isinstance(rows, list):
        raise TypeError("no list of messages")
    messages: list[Message] = [MESSAGE.read(row) for row in rows]
    return [message for message in messages if not message.is_ignored]


def older_line(reply: Ok) -> str:
    """Return the line of the server that says how to search for older messages, "" for none."""
    return reply.text.splitlines()[-1] if reply.data.get("more") and reply.text else ""
