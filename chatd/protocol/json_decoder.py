"""Events and answers from JSON, as the line client reads them; json_events.py makes them.

A frame that is no event known here is for the caller to pass over, so that events can be added.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chatd.core.errors import ChatError
from chatd.core.events import (
    ADMINISTRATOR,
    Address,
    Event,
    Joined,
    LeaveReason,
    Left,
    Message,
    Notice,
    PrivateMessage,
    RoomClosed,
)
from chatd.protocol.jsonio import Fields, load
from chatd.protocol.replies import (
    Disconnect,
    Error,
    History,
    Ok,
    Receipt,
    Reply,
    RoomInfo,
    RoomList,
)


class UnknownEventError(ValueError):
    """A frame from the server is no event that this program knows."""


def decode_event(text: str) -> Event | Reply:
    """Return what a frame of the server tells; raise `UnknownEventError` if it is unknown.

    A server is a peer as well: what is not of the right type is unknown.
    """
    try:
        fields = load(text)
        return _EVENTS[fields["event"]](fields)
    except (ChatError, LookupError, ArithmeticError, ValueError, TypeError) as error:
        raise UnknownEventError(text) from error


def _require_str(fields: Fields, key: str) -> str:
    value = fields[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is no string")
    return value


def _word_or_none(fields: Fields, key: str) -> str | None:
    return None if fields.get(key) is None else _require_str(fields, key)


def _when(fields: Fields) -> float:
    seconds = datetime.fromisoformat(_require_str(fields, "time")).timestamp()
    datetime.fromtimestamp(seconds, UTC)  # raises what cannot be shown in UTC
    return seconds


def _address(value: Any) -> Address | None:
    if value is None or isinstance(value, str):
        return value
    host, port = value
    return (_require_str({"host": host}, "host"), int(port))


def _to_said(f: Fields) -> Message:
    return Message(
        _require_str(f, "room"),
        int(f["id"]),
        _require_str(f, "from"),
        _require_str(f, "text"),
        _when(f),
    )


def _to_joined(f: Fields) -> Joined:
    return Joined(_require_str(f, "room"), _require_str(f, "who"), _address(f["address"]), _when(f))


def _to_left(f: Fields) -> Left:
    name, address = _require_str(f, "who"), _address(f["address"])
    return Left(_require_str(f, "room"), name, address, LeaveReason(f["reason"]), _when(f))


def _to_closed(f: Fields) -> RoomClosed:
    return RoomClosed(_require_str(f, "room"), _when(f))


def _to_notice(f: Fields) -> Notice:
    return Notice(
        _require_str(f, "from"), _require_str(f, "text"), _when(f), _word_or_none(f, "room")
    )


def _to_secret(f: Fields) -> PrivateMessage:
    return PrivateMessage(_require_str(f, "from"), _require_str(f, "text"), _when(f))


def _data(f: Fields) -> Fields:
    known = {"event", "command", "tag", "text", "code"}
    return {key: value for key, value in f.items() if key not in known}


def _to_reply(f: Fields) -> Ok:
    return Ok(
        _require_str(f, "command"), _require_str(f, "text"), _word_or_none(f, "tag"), _data(f)
    )


def _to_error(f: Fields) -> Error:
    command, tag = _word_or_none(f, "command"), _word_or_none(f, "tag")
    return Error(command, _require_str(f, "code"), _require_str(f, "text"), tag, _data(f))


def _to_row(f: Fields) -> RoomInfo:
    chatters = tuple((_require_str(c, "name"), _address(c["address"])) for c in f["chatters"])
    return RoomInfo(_require_str(f, "id"), _require_str(f, "name"), chatters)


def _to_rooms(f: Fields) -> RoomList:
    return RoomList(tuple(map(_to_row, f["rooms"])), _word_or_none(f, "tag"))


def _to_history(f: Fields) -> History:
    return History(
        _require_str(f, "room"), tuple(map(_to_said, f["messages"])), _word_or_none(f, "tag")
    )


def _to_stored(f: Fields) -> Receipt:
    return Receipt(_require_str(f, "room"), int(f["id"]), _word_or_none(f, "tag"))


def _to_closing(f: Fields) -> Disconnect:
    sender = _require_str(f, "from") if "from" in f else ADMINISTRATOR
    return Disconnect(_require_str(f, "code"), _require_str(f, "text"), bool(f["retry"]), sender)


_EVENTS: dict[str, Callable[[Fields], Event | Reply]] = {
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
