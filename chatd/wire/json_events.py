"""Events and answers as JSON, for programs (spec section 7): one object a frame.

The server encodes, the line client decodes. A frame that is no event it knows is left alone by the
client, so that events can be added.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from chatd.core import errors
from chatd.core.events import (
    ADMINISTRATOR,
    SERVER,
    Address,
    Closed,
    Event,
    Grouped,
    Joined,
    Kicked,
    Left,
    Notice,
    Reason,
    Said,
    Whispered,
)
from chatd.wire.answers import (
    Answer,
    Closing,
    History,
    Refusal,
    Reply,
    RoomList,
    RoomRow,
    Stored,
)
from chatd.wire.json import Fields, dump, load
from chatd.wire.text import personal_notice

_Move = Joined | Left | Kicked | Grouped


class UnknownEventError(ValueError):
    """A frame from the server is no event that this program knows."""


def encode(event: Event | Answer, *, show_addresses: bool = True) -> tuple[str, ...]:
    """Return the frames that tell of `event`, without their ends."""
    return tuple(dump(fields) for fields in _FIELDS[type(event)](event, show_addresses))


def decode_event(text: str) -> Event | Answer:
    """Return what a frame of the server tells; raise `UnknownEventError` if it is unknown.

    A server is a peer as well: what is not of the right type is unknown.
    """
    try:
        fields = load(text)
        return _EVENTS[fields["event"]](fields)
    except (errors.ChatError, LookupError, ArithmeticError, ValueError, TypeError) as error:
        raise UnknownEventError(text) from error


# -- to JSON


def _time(seconds: float) -> str:
    return _moment(int(seconds * 1000))


@lru_cache(maxsize=64)  # where much is said, much is said in one millisecond
def _moment(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(event: Said, _: bool) -> list[Fields]:
    return [
        {
            "event": "said",
            "room": event.room,
            "id": event.id,
            "from": event.sender,
            "text": event.text,
            "time": _time(event.time),
        }
    ]


def _move(name: str, room: str, event: _Move, reason: Reason | None, shown: bool) -> Fields:
    address = event.address if shown else None
    fields: Fields = {"event": name, "room": room, "who": event.who, "address": address}
    if reason is not None:
        fields["reason"] = reason.value
    return {**fields, "time": _time(event.time)}


def _joined(event: Joined, shown: bool) -> list[Fields]:
    return [_move("joined", event.room, event, None, shown)]


def _left(event: Left, shown: bool) -> list[Fields]:
    return [_move("left", event.room, event, event.reason, shown)]


def _closed(event: Closed, _: bool) -> list[Fields]:
    return [{"event": "closed", "room": event.room, "time": _time(event.time)}]


def _notice(event: Notice, _: bool) -> list[Fields]:
    room = {} if event.room is None else {"room": event.room}
    words = {"from": event.sender, "text": event.text, "time": _time(event.time)}
    return [{"event": "notice", **room, **words}]


def _personal(event: Kicked | Grouped) -> Fields:
    return _notice(Notice(SERVER, personal_notice(event), event.time), False)[0]


def _kicked(event: Kicked, shown: bool) -> list[Fields]:
    return [_personal(event), _move("left", event.room, event, Reason.KICKED, shown)]


def _grouped(event: Grouped, shown: bool) -> list[Fields]:
    moves = [_move("joined", event.room, event, None, shown)]
    if event.left is not None:
        moves.insert(0, _move("left", event.left, event, Reason.GROUPED, shown))
    return [_personal(event), *moves]


def _secret(event: Whispered, _: bool) -> list[Fields]:
    words = {"from": event.sender, "text": event.text, "time": _time(event.time)}
    return [{"event": "secret", **words}]


def _tagged(name: str, command: str | None, tag: str | None) -> Fields:
    fields: Fields = {"event": name, "command": command}
    if tag is not None:
        fields["tag"] = tag
    return fields


def _reply(event: Reply, _: bool) -> list[Fields]:
    return [{**_tagged("reply", event.command, event.tag), "text": event.text, **event.data}]


def _error(event: Refusal, _: bool) -> list[Fields]:
    tagged = _tagged("error", event.command, event.tag)
    return [{**tagged, "code": event.code, "text": event.text, **event.data}]


def _rooms(event: RoomList, shown: bool) -> list[Fields]:
    rows = [
        {
            "id": room.id,
            "name": room.name,
            "chatters": [
                {"name": name, "address": address if shown else None}
                for name, address in room.chatters
            ],
        }
        for room in event.rooms
    ]
    return [{**_tagged("rooms", "list", event.tag), "rooms": rows}]


def _history(event: History, _: bool) -> list[Fields]:
    messages = [fields for said in event.messages for fields in _said(said, False)]
    tagged = _tagged("history", "history", event.tag)
    return [{**tagged, "room": event.room, "messages": messages}]


def _stored(event: Stored, _: bool) -> list[Fields]:
    tag = {} if event.tag is None else {"tag": event.tag}
    return [{"event": "stored", "room": event.room, "id": event.id, **tag}]


def _closing(event: Closing, _: bool) -> list[Fields]:
    words = {"from": event.sender, "text": event.text}
    return [{"event": "closing", "code": event.code, "retry": event.retry, **words}]


_FIELDS: dict[type, Callable[[Any, bool], list[Fields]]] = {
    Said: _said,
    Joined: _joined,
    Left: _left,
    Closed: _closed,
    Notice: _notice,
    Kicked: _kicked,
    Grouped: _grouped,
    Whispered: _secret,
    Reply: _reply,
    Refusal: _error,
    RoomList: _rooms,
    History: _history,
    Stored: _stored,
    Closing: _closing,
}

# -- from JSON


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
