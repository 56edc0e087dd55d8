"""Events and answers as JSON, for programs (spec section 7): one object a frame.

What the server does; the line client reads them with json_reading.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from chatd.core.events import (
    SERVER,
    Event,
    Joined,
    Kicked,
    LeaveReason,
    Left,
    Message,
    MessageBatch,
    Moved,
    Notice,
    PrivateMessage,
    RoomClosed,
)
from chatd.protocol.jsonio import Fields, dump, quote
from chatd.protocol.replies import (
    Disconnect,
    Error,
    History,
    Ok,
    Receipt,
    Reply,
    RoomList,
)
from chatd.protocol.text import admin_notice

_Move = Joined | Left | Kicked | Moved


def encode(event: Event | Reply, *, show_addresses: bool = True) -> tuple[str, ...]:
    """Return the frames that tell of `event`, without their ends."""
    if type(event) is MessageBatch:  # most are: no object is made of each message
        return _burst(event)
    return tuple(dump(fields) for fields in _FIELDS[type(event)](event, show_addresses))


def _burst(event: MessageBatch) -> tuple[str, ...]:
    start = f'{{"event":"said","room":{quote(event.room)},"id":'
    middle = f',"from":{quote(event.sender)},"text":'
    end = f',"time":"{_time(event.time)}"}}'
    return tuple(
        f"{start}{number}{middle}{quote(text)}{end}"
        for number, text in enumerate(event.texts, event.id)
    )


def _time(seconds: float) -> str:
    return _moment(int(seconds * 1000))


@lru_cache(maxsize=64)  # where much is said, much is said in one millisecond
def _moment(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(event: Message, _: bool) -> list[Fields]:
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


def _move(name: str, room: str, event: _Move, reason: LeaveReason | None, shown: bool) -> Fields:
    address = event.address if shown else None
    fields: Fields = {"event": name, "room": room, "who": event.name, "address": address}
    if reason is not None:
        fields["reason"] = reason.value
    return {**fields, "time": _time(event.time)}


def _joined(event: Joined, shown: bool) -> list[Fields]:
    return [_move("joined", event.room, event, None, shown)]


def _left(event: Left, shown: bool) -> list[Fields]:
    return [_move("left", event.room, event, event.reason, shown)]


def _closed(event: RoomClosed, _: bool) -> list[Fields]:
    return [{"event": "closed", "room": event.room, "time": _time(event.time)}]


def _notice(event: Notice, _: bool) -> list[Fields]:
    room = {} if event.room is None else {"room": event.room}
    words = {"from": event.sender, "text": event.text, "time": _time(event.time)}
    return [{"event": "notice", **room, **words}]


def _personal(event: Kicked | Moved) -> Fields:
    return _notice(Notice(SERVER, admin_notice(event), event.time), False)[0]


def _kicked(event: Kicked, shown: bool) -> list[Fields]:
    return [_personal(event), _move("left", event.room, event, LeaveReason.KICKED, shown)]


def _grouped(event: Moved, shown: bool) -> list[Fields]:
    moves = [_move("joined", event.room, event, None, shown)]
    if event.left is not None:
        moves.insert(0, _move("left", event.left, event, LeaveReason.GROUPED, shown))
    return [_personal(event), *moves]


def _secret(event: PrivateMessage, _: bool) -> list[Fields]:
    words = {"from": event.sender, "text": event.text, "time": _time(event.time)}
    return [{"event": "secret", **words}]


def _tagged(name: str, command: str | None, tag: str | None) -> Fields:
    fields: Fields = {"event": name, "command": command}
    if tag is not None:
        fields["tag"] = tag
    return fields


def _reply(event: Ok, _: bool) -> list[Fields]:
    return [{**_tagged("reply", event.command, event.tag), "text": event.text, **event.data}]


def _error(event: Error, _: bool) -> list[Fields]:
    for_room_count = _tagged("error", event.command, event.tag)
    return [{**for_room_count, "code": event.code, "text": event.text, **event.data}]


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
    for_room_count = _tagged("history", "history", event.tag)
    return [{**for_room_count, "room": event.room, "messages": messages}]


def _stored(event: Receipt, _: bool) -> list[Fields]:
    tag = {} if event.tag is None else {"tag": event.tag}
    return [{"event": "stored", "room": event.room, "id": event.id, **tag}]


def _closing(event: Disconnect, _: bool) -> list[Fields]:
    words = {"from": event.sender, "text": event.text}
    return [{"event": "closing", "code": event.code, "retry": event.retry, **words}]


_FIELDS: dict[type, Callable[[Any, bool], list[Fields]]] = {
    Message: _said,
    Joined: _joined,
    Left: _left,
    RoomClosed: _closed,
    Notice: _notice,
    Kicked: _kicked,
    Moved: _grouped,
    PrivateMessage: _secret,
    Ok: _reply,
    Error: _error,
    RoomList: _rooms,
    History: _history,
    Receipt: _stored,
    Disconnect: _closing,
}
