"""Events and replies as JSON, for programs (spec section 7): one object a frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from chatd.core.errors import ErrorCode
from chatd.core.events import (
    SERVER,
    Event,
    Joined,
    JoinsFolded,
    Kicked,
    LeaveReason,
    Left,
    MessageBatch,
    MessageKind,
    Moved,
    NewsOfUsers,
    Notice,
)
from chatd.protocol.error_text import error_text
from chatd.protocol.json_events import EVENTS
from chatd.protocol.json_kinds import time_text
from chatd.protocol.json_results import RESULTS
from chatd.protocol.json_shapes import Shape
from chatd.protocol.jsonio import dump, quote
from chatd.protocol.moderation_text import admin_notice
from chatd.protocol.received import Disconnect, Error, Ok
from chatd.protocol.received import Reply as ReceivedReply
from chatd.protocol.replies import Disconnecting, ErrorReply, Reply, Result, RoomList
from chatd.protocol.room_replies import ActDone, SettingReply
from chatd.protocol.text import disconnect_words, result_text

_EVENTS: Final[dict[type, Shape]] = {shape.kind: shape for shape in EVENTS}
_RESULTS: Final[dict[type, Shape]] = {shape.kind: shape for shape in RESULTS}

_SENT_PARAMETERS: Final = {
    ErrorCode.BAD_KEY: ("limit",),
    ErrorCode.BAD_NAME: ("reason", "suggestion"),
    ErrorCode.BAD_ROOM_ID: ("reason", "suggestion"),
    ErrorCode.NOT_OWN_MESSAGE: ("id",),
    ErrorCode.NOT_STORED: ("room", "id"),
    ErrorCode.NO_SUCH_MESSAGE: ("id",),
    ErrorCode.NO_SUCH_ROLE: ("role",),
    ErrorCode.NO_SUCH_ROOM: ("suggestion",),
    ErrorCode.ROOM_FULL: ("limit",),
    ErrorCode.TOO_MANY_ENTRIES: ("limit",),
    ErrorCode.TOPIC_TOO_LONG: ("limit",),
    ErrorCode.UNKNOWN_COMMAND: ("suggestion",),
}
"""The parameters of errors that a program needs beside the code and the words."""

_ACTION: Final = ',"action":true'
_IS_ACTION: Final = MessageKind.ACTION


def encode(event: Event | Reply, *, show_addresses: bool = True) -> list[str]:
    """Return the frames for an event or a reply, without their ends."""
    if type(event) is MessageBatch:  # the most frequent by far: no object is made for a message
        return _batch(event)
    if not show_addresses:
        event = _without_addresses(event)
    return [dump(_EVENTS[type(part)].write(part)) for part in _parts(event)]


def _batch(event: MessageBatch) -> list[str]:
    start = f'{{"event":"said","room":{quote(event.room)},"id":'
    middle = f',"from":{quote(event.sender)},"text":'
    end = f',"time":"{time_text(event.time)}"{_ACTION if event.kind is _IS_ACTION else ""}}}'
    return [
        f"{start}{number}{middle}{quote(text)}{end}"
        for number, text in enumerate(event.texts, event.id)
    ]


def _parts(event: Event | Reply) -> list[Event | ReceivedReply]:  # noqa: C901, PLR0911 -- a table
    """Return what a client reads of `event`: a moved user, for example, reads three events."""
    if isinstance(event, NewsOfUsers):
        return []
    match event:
        case Kicked(room, _, name, address, time, by, text):
            reason = LeaveReason.BANNED if event.is_ban else LeaveReason.KICKED
            left = Left(room, name, address, reason, time, by=by, text=text)
            return [Notice(SERVER, admin_notice(event), time), left]
        case Moved(room, _, left_room, name, address, time):
            parts: list[Event | ReceivedReply] = [Notice(SERVER, admin_notice(event), time)]
            if left_room is not None:
                parts.append(Left(left_room, name, address, LeaveReason.GROUPED, time))
            return [*parts, Joined(room, name, address, time)]
        case JoinsFolded():
            return []
        case ErrorReply(code, params, command, tag):
            sent = _SENT_PARAMETERS.get(code, ())
            data = {name: params[name] for name in sent if name in params}
            return [Error(command, code, error_text(event), tag, data)]
        case Disconnecting():
            sender, words = disconnect_words(event.reason, event.text)
            return [Disconnect(event.reason.code, words, event.reason.retry, sender)]
        case SettingReply(act=act):
            data = {"room": event.room, act: event.value}
            data |= {"changed": True} if event.changed else {}
            return [Ok(act, result_text(event), event.tag, data)]
        case ActDone():
            return [Ok(event.act, result_text(event), event.tag, _RESULTS[ActDone].write(event))]
        case Result():
            shape = _RESULTS.get(type(event))
            data = {} if shape is None else shape.write(event)
            return [Ok(event.command, result_text(event), event.tag, data)]
        case _:
            return [event]


def _without_addresses(event: Event | Reply) -> Event | Reply:
    match event:
        case Joined() | Left() | Kicked() | Moved():
            return replace(event, address=None)
        case RoomList():
            rooms = (
                replace(room, chatters=tuple((name, None) for name, _ in room.chatters))
                for room in event.rooms
            )
            return replace(event, rooms=tuple(rooms))
        case _:
            return event
