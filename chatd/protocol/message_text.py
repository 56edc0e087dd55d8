"""The words of messages: in a room, of one user alone, in a history and as found by a search."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from chatd.core import bidi
from chatd.core.events import Message, MessageKind, PrivateMessage
from chatd.protocol.people_text import Isolate, indent
from chatd.protocol.room_replies import Found


def said_words(said: Message, isolate: Isolate = bidi.isolate) -> str:
    """Return the words of a message: `Alice: hi`, `* Alice waves`, or `Alice: (deleted)`."""
    sender = f"{isolate(said.sender)}{' (former)' if said.is_former else ''}"
    if said.is_deleted:
        return f"{sender}: (deleted)"
    words = indent(isolate(said.text))
    return f"* {sender} {words}" if said.kind is MessageKind.ACTION else f"{sender}: {words}"


def private_words(message: PrivateMessage) -> str:
    """Return the words of a private message; a kept one has its time in front."""
    moment = f"[{utc(message.time)} UTC] " if message.is_kept else ""
    recipient = f" to {bidi.isolate(message.recipient)}" if message.recipient is not None else ""
    sender, text = bidi.isolate(message.sender), bidi.isolate(message.text)
    return f"{moment}{sender} (secret{recipient}): {indent(text)}"


def history_lines(messages: Iterable[Message]) -> str:
    """Return the lines of a history: each message with its time in front."""
    return "".join(f"[{utc(said.time)} UTC] {said_words(said)}\n" for said in messages)


def found_words(found: Found, isolate: Isolate = str) -> str:
    """Return the lines of a search: each message with its time and its id in front.

    Ignored messages are left out. Where there are older messages, the last line is the request for
    them. If the messages are of several rooms, each line starts with the room's id instead.
    """
    is_one_room = len({said.room for said in found.messages}) == 1
    lines = [
        f"{'' if is_one_room else f'[{isolate(said.room)}] '}"
        f"[{utc(said.time)} UTC] #{said.id} {said_words(said, isolate)}\n"
        for said in found.messages
        if not said.is_ignored
    ]
    if found.more and is_one_room:
        request = f"`search {isolate(found.words)} #before:{found.messages[-1].id}"
        lines.append(f"… older ones: {request}\n")
    return f"\n{''.join(lines)}" if lines else "No messages found!"


def utc(seconds: float) -> str:
    """Return a time, in seconds since the epoch, as users read it: `2026-11-20 14:51:16`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
