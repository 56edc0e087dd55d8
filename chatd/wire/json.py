"""The same as JSON, for programs (spec section 7): one object a frame, in both directions.

The server encodes events and decodes requests; the line client does the reverse. A frame that is
no event it knows is left alone by the client, so that events can be added.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

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
from chatd.core.safety import clean
from chatd.wire.answers import Answer, Closing, Refusal, Reply, RoomList, RoomRow
from chatd.wire.commands import Command, Request
from chatd.wire.text import personal_notice

Fields = dict[str, Any]


class UnknownEventError(ValueError):
    """A frame from the server is no event that this program knows."""


def encode(event: Event | Answer, *, show_addresses: bool = True) -> tuple[str, ...]:
    """Return the frames that tell of `event`, without their ends."""
    return tuple(_dump(fields) for fields in _FIELDS[type(event)](event, show_addresses))


def decode_request(text: str, commands: dict[str, Command]) -> Request:
    """Return the request in a frame; raise `ChatError` if it is none."""
    fields = _load(text)
    name, tag = fields.get("command"), fields.get("tag")
    if not isinstance(name, str) or not isinstance(tag, str | None):
        raise errors.bad_json("command and tag must be strings")
    command = commands.get(name)
    if command is None:
        raise RefusedRequestError(errors.unknown_command(clean(name)), name, tag)
    try:
        return Request(name, command.check(_arguments(fields, command)), tag)
    except errors.ChatError as error:
        raise RefusedRequestError(error, name, tag) from None


class RefusedRequestError(errors.ChatError):
    """A request that can be made out, but not carried out; keeps whom the answer is for."""

    def __init__(self, error: errors.ChatError, command: str, tag: str | None) -> None:
        super().__init__(error.code, error.text)
        self.command = command
        self.tag = tag


def redact(text: str, commands: dict[str, Command]) -> str:
    """Return a request with the values masked that are nobody else's business."""
    try:
        fields = _load(text)
    except errors.ChatError:
        return "(no request in JSON)"
    command = commands.get(str(fields.get("command")))
    masks = {p.name: p.mask for p in command.parameters if p.mask} if command else {}
    return _dump({key: masks.get(key, value) for key, value in fields.items()})


def encode_request(request: Request) -> str:
    """Return the frame that asks for `request`, without its end."""
    fields: Fields = {"command": request.command, **request.arguments}
    if request.tag is not None:
        fields["tag"] = request.tag
    return _dump(fields)


def decode_event(text: str) -> Event | Answer:
    """Return what a frame of the server tells; raise `UnknownEventError` if it is unknown.

    A server is a peer as well: what is not of the right type is unknown.
    """
    try:
        fields = _load(text)
        return _EVENTS[fields["event"]](fields)
    except (errors.ChatError, LookupError, ArithmeticError, ValueError, TypeError) as error:
        raise UnknownEventError(text) from error


# -- to JSON


def _dump(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
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


def _move(
    name: str, event: Joined | Left | Kicked | Grouped, reason: Reason | None, shown: bool
) -> Fields:
    address = event.address if shown else None
    fields: Fields = {"event": name, "room": event.room, "who": event.who, "address": address}
    if reason is not None:
        fields["reason"] = reason.value
    return {**fields, "time": _time(event.time)}


def _joined(event: Joined, shown: bool) -> list[Fields]:
    return [_move("joined", event, None, shown)]


def _left(event: Left, shown: bool) -> list[Fields]:
    return [_move("left", event, event.reason, shown)]


def _closed(event: Closed, _: bool) -> list[Fields]:
    return [{"event": "closed", "room": event.room, "time": _time(event.time)}]


def _notice(event: Notice, _: bool) -> list[Fields]:
    room = {} if event.room is None else {"room": event.room}
    words = {"from": event.sender, "text": event.text, "time": _time(event.time)}
    return [{"event": "notice", **room, **words}]


def _personal(event: Kicked | Grouped) -> Fields:
    return _notice(Notice(SERVER, personal_notice(event), event.time), False)[0]


def _kicked(event: Kicked, shown: bool) -> list[Fields]:
    return [_personal(event), _move("left", event, Reason.KICKED, shown)]


def _grouped(event: Grouped, shown: bool) -> list[Fields]:
    moves = [_move("joined", event, None, shown)]
    if event.left is not None:
        left = _move("left", event, Reason.GROUPED, shown)
        moves.insert(0, {**left, "room": event.left})
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
    return [{**tagged, "code": event.code, "text": event.text}]


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


def _closing(event: Closing, _: bool) -> list[Fields]:
    words = {"from": event.sender, "text": event.text}
    return [{"event": "closing", "code": event.code, "retry": event.retry, **words}]


_FIELDS = cast(
    "dict[type, Callable[[Event | Answer, bool], list[Fields]]]",
    {
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
        Closing: _closing,
    },
)

# -- from JSON


def _load(text: str) -> Fields:
    try:
        fields = json.loads(text)
    except RecursionError:
        raise errors.bad_json("nested too deeply") from None
    except ValueError as error:
        raise errors.bad_json(str(error)) from None
    if not isinstance(fields, dict):
        raise errors.bad_json("not an object")
    try:
        json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise errors.bad_json("half a surrogate pair") from None
    return fields


def _arguments(fields: Fields, command: Command) -> dict[str, str]:
    arguments = {}
    for parameter in command.parameters:
        value = fields.get(parameter.name)
        if isinstance(value, str):
            arguments[parameter.name] = clean(value)
        elif value is not None:
            raise command.usage_error()
    return arguments


def _word(fields: Fields, key: str) -> str:
    value = fields[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is no string")
    return value


def _when(fields: Fields) -> float:
    return datetime.fromisoformat(_word(fields, "time")).timestamp()


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
    room = _word(f, "room") if f.get("room") is not None else None
    return Notice(_word(f, "from"), _word(f, "text"), _when(f), room)


def _to_secret(f: Fields) -> Whispered:
    return Whispered(_word(f, "from"), _word(f, "text"), _when(f))


def _to_reply(f: Fields) -> Reply:
    data = {k: v for k, v in f.items() if k not in {"event", "command", "tag", "text"}}
    return Reply(_word(f, "command"), _word(f, "text"), f.get("tag"), data)


def _to_error(f: Fields) -> Refusal:
    return Refusal(f["command"], _word(f, "code"), _word(f, "text"), f.get("tag"))


def _to_rooms(f: Fields) -> RoomList:
    rooms = (
        RoomRow(
            _word(room, "id"),
            _word(room, "name"),
            tuple((_word(c, "name"), _address(c["address"])) for c in room["chatters"]),
        )
        for room in f["rooms"]
    )
    return RoomList(tuple(rooms), f.get("tag"))


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
    "closing": _to_closing,
}
