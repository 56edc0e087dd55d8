"""The JSON objects that a server sends (spec section 7), declared once for both directions.

A `Shape` pairs the fields of an object with the attributes of a dataclass; the type of an attribute
tells how its value is written and how it is checked when it is read. json_encoder.py writes objects
by these shapes, `decode_event` reads them: a client passes over events that are unknown here, so
that a later server can send more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast, get_type_hints

from chatd.core.errors import ChatError
from chatd.core.events import (
    Address,
    Event,
    Joined,
    LeaveReason,
    Left,
    Message,
    Muted,
    Notice,
    PrivateMessage,
    Renamed,
    RoomClosed,
    Unmuted,
)
from chatd.protocol.jsonio import Fields, load
from chatd.protocol.people_replies import AwaySet, Ignored, MemberInfo, MemberList, Unignored
from chatd.protocol.received import Disconnect, Error, Ok, Reply
from chatd.protocol.replies import (
    AdminAnswer,
    EnteredRoom,
    FormatSet,
    History,
    JoinedRoom,
    LeftRoom,
    LoggedIn,
    LoggedOut,
    NameChanged,
    Receipt,
    Registered,
    Result,
    Resumed,
    RoomInfo,
    RoomList,
    RoomRef,
    RoomStarted,
    RoomSwitched,
    SecretSent,
)
from chatd.protocol.session_replies import (
    Recalled,
    Remembered,
    Revoked,
    SessionInfo,
    SessionList,
    TokenInfo,
)

_ABSENT: Final = (None, False, ())
"""The values for which an optional field is left out; an empty tag, for example, is sent."""


class Kind(NamedTuple):
    """How a value is written as JSON, and read again; `read` raises ValueError or TypeError."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


class Field(NamedTuple):
    """A field of an object: its name, and the attribute that has the value.

    An `optional` field is left out where it has no value. A `constant` has no attribute.
    """

    name: str
    attribute: str = ""
    optional: bool = False
    constant: str | None = None


class Shape:
    """An object for the class `kind`; `rest` is the attribute with all fields not declared."""

    def __init__(self, event: str, kind: type, *fields: Field, rest: str = "") -> None:
        hints = get_type_hints(kind)
        self.event = event
        self.kind = kind
        self._rest = rest
        self._constants = {f.name: f.constant for f in fields if f.constant is not None}
        self._fields = [
            (f.name, f.attribute or f.name, f.optional, _KINDS[hints[f.attribute or f.name]])
            for f in fields
            if f.constant is None
        ]
        self._declared = {"event", *(f.name for f in fields)}

    def write(self, value: object) -> Fields:
        """Return the fields for `value`."""
        fields: Fields = {"event": self.event} if self.event else {}
        fields |= self._constants
        for name, attribute, optional, kind in self._fields:
            item = getattr(value, attribute)
            if not (optional and item in _ABSENT):
                fields[name] = kind.write(item)
        if self._rest:
            fields |= getattr(value, self._rest)
        return fields

    def read(self, fields: Mapping[str, Any]) -> Any:
        """Return the value; raise LookupError, ValueError or TypeError if a field is not right."""
        values = {
            attribute: kind.read(fields[name])
            for name, attribute, optional, kind in self._fields
            if name in fields or not optional
        }
        if self._rest:
            rest = {name: item for name, item in fields.items() if name not in self._declared}
            values[self._rest] = rest
        return self.kind(**values)

    def check(self, fields: Mapping[str, Any]) -> None:
        """Raise ValueError or TypeError if a declared field is there and is not right."""
        for name, _, _, kind in self._fields:
            if name in fields:
                kind.read(fields[name])


# -- kinds of values


def time_text(seconds: float) -> str:
    """Return a time (seconds since the epoch) as RFC 3339 in UTC, in whole milliseconds."""
    return _millisecond_text(int(seconds * 1000))


@lru_cache(maxsize=64)  # a busy room has many messages in one millisecond
def _millisecond_text(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read_time(value: Any) -> float:
    seconds = datetime.fromisoformat(_read_str(value)).timestamp()
    datetime.fromtimestamp(seconds, UTC)  # raises for a time that cannot be shown in UTC
    return seconds


def _same(value: Any) -> Any:
    return value


def _exactly(type_: type) -> Callable[[Any], Any]:
    """Return a function that raises TypeError unless its argument has the type: no bool as int."""

    def read(value: Any) -> Any:
        if type(value) is not type_:
            raise TypeError(f"{value!r} is no {type_.__name__}")
        return value

    return read


_read_str = _exactly(str)
_read_int = _exactly(int)
_read_list = _exactly(list)


def _read_optional_str(value: Any) -> str | None:
    return None if value is None else _read_str(value)


def _read_optional_int(value: Any) -> int | None:
    return None if value is None else _read_int(value)


def _read_address(value: Any) -> Address | None:
    if value is None or isinstance(value, str):
        return value
    host, port = value
    return _read_str(host), _read_int(port)


def _write_chatters(chatters: tuple[tuple[str, Address | None], ...]) -> list[Fields]:
    return [{"name": name, "address": address} for name, address in chatters]


def _read_chatters(value: Any) -> tuple[tuple[str, Address | None], ...]:
    return tuple(
        (_read_str(member["name"]), _read_address(member["address"]))
        for member in _read_list(value)
    )


def _objects(shape: Shape) -> Kind:
    return Kind(
        lambda values: [shape.write(value) for value in values],
        lambda values: tuple(shape.read(value) for value in _read_list(values)),
    )


_KINDS: Final[dict[Any, Kind]] = {
    str: Kind(_same, _read_str),
    str | None: Kind(_same, _read_optional_str),
    int: Kind(_same, _read_int),
    int | None: Kind(_same, _read_optional_int),
    bool: Kind(_same, _exactly(bool)),
    float: Kind(time_text, _read_time),
    Address | None: Kind(_same, _read_address),
    LeaveReason: Kind(str, LeaveReason),
    tuple[tuple[str, Address | None], ...]: Kind(_write_chatters, _read_chatters),
    tuple[str, ...]: Kind(
        list, lambda values: tuple(_read_str(value) for value in _read_list(values))
    ),
    tuple[RoomRef, ...]: Kind(
        lambda rooms: [room.id for room in rooms],
        lambda ids: tuple(_read_str(room_id) for room_id in _read_list(ids)),
    ),
}

# -- the objects

_ROOM = Field("room")
_TEXT = Field("text")
_TIME = Field("time")
_SENDER = Field("from", "sender")
_USER = Field("who", "name")
_RECIPIENT = Field("to", "recipient", optional=True)
_TAG = Field("tag", optional=True)
_NAME = Field("name")
_ROOMS = Field("rooms", optional=True)
_SESSION = Field("session", optional=True)
_SELF = Field("self", "is_self", optional=True)
_MORE = Field("more", optional=True)

_BY = Field("by")
_MUTED: Final = (Field("room_name", optional=True), _TIME, _SELF)

_FORMER = Field("former", "is_former", optional=True)
_ACTION = Field("action", optional=True)
_IGNORED = Field("ignored", "is_ignored", optional=True)

_MESSAGE = Shape(
    "said",
    Message,
    _ROOM,
    Field("id"),
    _SENDER,
    _TEXT,
    _TIME,
    _FORMER,
    _ACTION,
    _IGNORED,
    Field("deleted", "is_deleted", optional=True),
)
_ROOM_INFO = Shape("", RoomInfo, Field("id"), _NAME, Field("chatters"), _MORE)
_AWAY = Field("away", optional=True)
_MEMBER_INFO = Shape("", MemberInfo, _NAME, Field("role", optional=True), _AWAY)
_KINDS[tuple[MemberInfo, ...]] = _objects(_MEMBER_INFO)
_NUMBER = Field("number")
_SESSION_INFO = Shape(
    "",
    SessionInfo,
    _NUMBER,
    Field("address"),
    Field("format"),
    Field("since"),
    Field("idle"),
    _SELF,
)
_TOKEN_INFO = Shape("", TokenInfo, _NUMBER, Field("created"), Field("last_used"))
_KINDS[tuple[SessionInfo, ...]] = _objects(_SESSION_INFO)
_KINDS[tuple[TokenInfo, ...]] = _objects(_TOKEN_INFO)
_KINDS[tuple[Message, ...]] = _objects(_MESSAGE)
_KINDS[tuple[RoomInfo, ...]] = _objects(_ROOM_INFO)

EVENTS: Final = (
    _MESSAGE,
    Shape("joined", Joined, _ROOM, _USER, Field("address"), _TIME, _SELF),
    Shape(
        "left",
        Left,
        _ROOM,
        _USER,
        Field("address"),
        Field("reason"),
        _TIME,
        _SELF,
        Field("by", optional=True),
        Field("text", optional=True),
    ),
    Shape("renamed", Renamed, _USER, Field("to", "new_name"), _TIME),
    Shape("muted", Muted, _ROOM, _USER, _BY, Field("minutes", optional=True), *_MUTED),
    Shape("unmuted", Unmuted, _ROOM, _USER, _BY, *_MUTED),
    Shape("closed", RoomClosed, _ROOM, _TIME),
    Shape("notice", Notice, Field("room", optional=True), _SENDER, _TEXT, _TIME),
    Shape(
        "secret",
        PrivateMessage,
        _SENDER,
        Field("to", "recipient", optional=True),
        _TEXT,
        _TIME,
        _IGNORED,
    ),
    Shape("reply", Ok, Field("command"), _TAG, _TEXT, rest="data"),
    Shape("error", Error, Field("command"), _TAG, Field("code"), _TEXT, rest="data"),
    Shape("rooms", RoomList, Field("command", constant="list"), _TAG, Field("rooms"), _MORE),
    Shape(
        "history",
        History,
        Field("command", constant="history"),
        _TAG,
        _ROOM,
        Field("messages"),
    ),
    Shape("stored", Receipt, _ROOM, Field("id"), _TAG),
    Shape("closing", Disconnect, Field("code"), Field("retry"), _SENDER, _TEXT),
)
"""All objects that have an `event`."""

_JOINED: Final = (
    _ROOM,
    _NAME,
    Field("last"),
    Field("room_name"),
    Field("members"),
    Field("count"),
)

RESULTS: Final = (
    Shape("", RoomStarted, _ROOM),
    Shape("", JoinedRoom, *_JOINED),
    Shape("", EnteredRoom, *_JOINED),
    Shape("", AdminAnswer, Field("lines"), Field("code", optional=True)),
    Shape("", LeftRoom, _ROOM),
    Shape("", RoomSwitched, _ROOM),
    Shape("", SecretSent, _NAME, _AWAY),
    Shape("", MemberList, Field("members"), _MORE),
    Shape("", AwaySet, _AWAY),
    Shape("", Ignored, Field("names")),
    Shape("", Unignored, _NAME),
    Shape("", Registered, _NAME, _ROOMS),
    Shape("", LoggedIn, _NAME, _ROOMS),
    Shape("", Resumed, _NAME, Field("account"), _ROOMS, _SESSION),
    Shape("", Remembered, Field("token")),
    Shape("", Recalled, _NAME, _ROOMS),
    Shape("", SessionList, Field("sessions"), Field("tokens")),
    Shape("", Revoked, Field("number")),
    Shape("", LoggedOut, _NAME),
    Shape("", NameChanged, _NAME),
    Shape(
        "",
        FormatSet,
        Field("format"),
        _SESSION,
        Field("server"),
        Field("room_count"),
        Field("user_count"),
        Field("max_message"),
    ),
)
"""The fields of a `reply` beside `command`, `tag` and `text`, for results that have some."""


_EVENTS: Final = {shape.event: shape for shape in EVENTS}
_RESULTS: Final = {cast("type[Result]", shape.kind).command: shape for shape in RESULTS}


class UnknownEventError(ValueError):
    """A frame from the server is no event that this program knows."""


def decode_event(text: str) -> Event | Reply:
    """Return the event or reply in a frame; raise `UnknownEventError` if there is none.

    A field that has not exactly the declared type makes the event unknown: servers are not trusted.
    """
    try:
        fields = load(text)
        event = cast("Event | Reply", _EVENTS[fields["event"]].read(fields))
        if isinstance(event, Ok) and event.command in _RESULTS:
            _RESULTS[event.command].check(event.data)
    except (ChatError, LookupError, ArithmeticError, ValueError, TypeError) as error:
        raise UnknownEventError(text) from error
    return event
