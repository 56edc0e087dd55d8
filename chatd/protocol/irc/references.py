"""How clients refer to messages (IRCv3 chathistory, read-marker): by an id, or by a time.

A time has whole milliseconds, as clients read them; messages have finer times.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from math import inf, nextafter
from typing import Final, NamedTuple

from chatd.protocol.irc.names import parse_message_id

_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class MessageNumber(NamedTuple):
    """A message, by its room and its number in it."""

    room: str
    number: int


class Moment(NamedTuple):
    """A time, in milliseconds since the epoch, and as the client has sent it."""

    milliseconds: int
    text: str


def parse_reference(text: str) -> MessageNumber | Moment | None:
    """Return the message or the time that `msgid=…` or `timestamp=…` is; None if it is neither."""
    name, _, value = text.partition("=")
    if name == "msgid":
        found = parse_message_id(value)
        return None if found is None else MessageNumber(*found)
    return parse_moment(text)


def parse_moment(text: str) -> Moment | None:
    """Return the time that `timestamp=…` is, None if it is none."""
    name, _, value = text.partition("=")
    if name != "timestamp" or _TIME.fullmatch(value) is None:
        return None
    try:
        passed = datetime.fromisoformat(value) - _EPOCH
    except ValueError:
        return None
    return Moment(passed // timedelta(milliseconds=1), value)


def shown_milliseconds(seconds: float) -> int:
    """Return the milliseconds of a time in seconds, as clients read it."""
    return int(seconds * 1000)


def first_second(milliseconds: int) -> float:
    """Return the earliest time in seconds that clients read as these milliseconds, or later."""
    seconds = max(milliseconds, 0) / 1000
    # A float is next to the quotient, so that a step in either direction is all that it takes.
    while shown_milliseconds(seconds) < milliseconds:
        seconds = nextafter(seconds, inf)
    while seconds > 0 and shown_milliseconds(nextafter(seconds, 0.0)) >= milliseconds:
        seconds = nextafter(seconds, 0.0)
    return seconds
