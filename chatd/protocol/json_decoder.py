"""Events and answers from JSON, as the line client reads them; json_events.py makes them.

A frame that is no event known here is for the caller to pass over, so that events can be added.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chatd.core import errors
from chatd.core.events import (
    ADMINISTRATOR,
    Address,
    Closed,
    Event,
    Joined,
    Left,
    Notice,
    Reason,
    Said,
    Whispered,
)
from chatd.protocol.jsonio import Fields, load
from chatd.protocol.replies import (
    Answer,
    Closing,
    History,
    Refusal,
    Reply,
    RoomList,
    RoomRow,
    Stored,
)


class UnknownEventError(ValueError):
    """A frame from the server is no event that this program knows."""


def decode_event(text: str) -> Event | Answer:
    """Return what a frame of the server tells; raise `UnknownEventError` if it is unknown.

    A server is a peer as well: what is not of the right type is unknown.
    """
    try:
        fields = load(text)
        return _EVENTS[fields["event"]](fields)
    except (errors.ChatError, LookupError, ArithmeticError, ValueError, TypeError) as error:
        raise UnknownEventError(text) from error


def _word(fields: Fields, key: str) -> str:
    value = fields[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is no string")
    return value


def _word_or_none(fields: Fields, key: str) -> str | None:
    return None if fields.get(key) is None else _word(fields, key)


def _when(fields: Fields) -> float:
    seconds = datetime.fromisoformat(_word(fields, "time")).timestamp()
    datetime.fromtimestamp(seconds, UTC)  # raises what cannot be shown in UTC
    return seconds


def _address(value: Any) -> Address | None:
    if value is None or isinstance(value, str):
        return value
    host, port = value
    return (_word({"host": host}, "host"), int(port))


def _to_said(f: Fields) -> Said:
    return Said(_word(f, "room"), int(f["id"]), _word(f, "from"), _word(f, "text"), _when(f))


def _to_joined(f: Fields) -> Joined:
    return Joined(_word(f, "room"), _word(f, "who"), _address(f["address"]), _when(f))


def _to_left(f: Fields) -> Left:
    who, address = _word(f, "who"), _address(f["address"])
    return Left(_word(f, "room"), who, address, Reason(f["reason"]), _when(f))


def _to_closed(f: Fields) -> Closed:
    return Closed(_word(f, "room"), _when(f))


def _to_notice(f: Fields) -> Notice:
    return Notice(_word(f, "from"), _word(f, "text"), _when(f), _word_or_none(f, "room"))


def _to_secret(f: Fields) -> Whispered:
    return Whispered(_word(f, "from"), _word(f, "text"), _when(f))


def _data(f: Fields) -> Fields:
    known = {"event", "command", "tag", "text", "code"}
    return {key: value for key, value in f.items() if key not in known}


def _to_reply(f: Fields) -> Reply:
    return Reply(_word(f, "command"), _word(f, "text"), _word_or_none(f, "tag"), _data(f))


def _to_error(f: Fields) -> Refusal:
    command, tag = _word_or_none(f, "command"), _word_or_none(f, "tag")
    return Refusal(command, _word(f, "code"), _word(f, "text"), tag, _data(f))


def _to_row(f: Fields) -> RoomRow:
    chatters = tuple((_word(c, "name"), _address(c["address"])) for c in f["chatters"])
    return RoomRow(_word(f, "id"), _word(f, "name"), chatters)


def _to_rooms(f: Fields) -> RoomList:
    return RoomList(tuple(map(_to_row, f["rooms"])), _word_or_none(f, "tag"))


def _to_history(f: Fields) -> History:
    return History(_word(f, "room"), tuple(map(_to_said, f["messages"])), _word_or_none(f, "tag"))


def _to_stored(f: Fields) -> Stored:
    return Stored(_word(f, "room"), int(f["id"]), _word_or_none(f, "tag"))


def _to_closing(f: Fields) -> Closing:
    sender = _word(f, "from") if "from" in f else ADMINISTRATOR
    return Closing(_word(f, "code"), _word(f, "text"), bool(f["retry"]), sender)


_EVENTS: dict[str, Callable[[Fields], Event | Answer]] = {
    "said": _to_said,
    "joined": _to_joined,
    "left": _to_left,
    "closed": _to_closed,
    "notice": _to_notice,
    "secret": _to_secret,
    "reply": _to_reply,
    "error": _to_error,
    "rooms": _to_rooms,
    "history": _to_history,
    "stored": _to_stored,
    "closing": _to_closing,
}
