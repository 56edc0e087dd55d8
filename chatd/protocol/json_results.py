"""The fields of a `reply` beside `command`, `tag` and `text` (spec section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

from chatd.protocol.json_events import MESSAGE
from chatd.protocol.json_shapes import MORE, NAME, ROOM, SELF, Field, Shape, objects
from chatd.protocol.people_replies import AwaySet, Ignored, MemberInfo, MemberList, Unignored
from chatd.protocol.replies import (
    AdminAnswer,
    EnteredRoom,
    FormatSet,
    JoinedRoom,
    LeftRoom,
    LoggedIn,
    LoggedOut,
    NameChanged,
    Registered,
    Result,
    Resumed,
    RoomStarted,
    RoomSwitched,
    SecretSent,
)
from chatd.protocol.room_replies import (
    AccessInfo,
    AccessList,
    ActDone,
    Found,
    ReadNoted,
    RoomEnded,
    SecretKept,
)
from chatd.protocol.room_text import ACTS
from chatd.protocol.session_replies import (
    Recalled,
    Remembered,
    Revoked,
    SessionInfo,
    SessionList,
    TokenInfo,
)

_ID: Final = Field("id")
_AWAY: Final = Field("away", optional=True)
_NUMBER: Final = Field("number")
_ROOMS: Final = Field("rooms", optional=True)
_SESSION: Final = Field("session", optional=True)
_JOINED: Final = (
    ROOM,
    NAME,
    Field("last"),
    Field("room_name"),
    Field("members"),
    Field("count"),
    Field("topic"),
    Field("read", optional=True),
)

_MEMBER_INFO: Final = Shape("", MemberInfo, NAME, Field("role", optional=True), _AWAY)
_SESSION_INFO: Final = Shape(
    "",
    SessionInfo,
    _NUMBER,
    Field("address"),
    Field("format"),
    Field("since"),
    Field("idle"),
    SELF,
)
_TOKEN_INFO: Final = Shape("", TokenInfo, _NUMBER, Field("created"), Field("last_used"))
_ACCESS_INFO: Final = Shape(
    "",
    AccessInfo,
    Field("kind"),
    NAME,
    Field("until"),
    Field("by"),
    Field("created"),
    Field("reason"),
)

RESULTS: Final = (
    Shape("", RoomStarted, ROOM),
    Shape("", JoinedRoom, *_JOINED),
    Shape("", EnteredRoom, *_JOINED),
    Shape("", AdminAnswer, Field("lines"), Field("code", optional=True)),
    Shape("", LeftRoom, ROOM),
    Shape("", RoomSwitched, ROOM),
    Shape("", SecretSent, NAME, _AWAY),
    Shape("", SecretKept, NAME, Field("kept", constant=True)),
    Shape("", ActDone, ROOM, Field("name", optional=True), Field("id", optional=True)),
    Shape("", RoomEnded, ROOM),
    Shape("", AccessList, ROOM, Field("entries", kind=objects(_ACCESS_INFO))),
    Shape("", Found, Field("messages", kind=objects(MESSAGE)), MORE),
    Shape("", ReadNoted, ROOM, _ID),
    Shape("", MemberList, Field("members", kind=objects(_MEMBER_INFO)), MORE),
    Shape("", AwaySet, _AWAY),
    Shape("", Ignored, Field("names")),
    Shape("", Unignored, NAME),
    Shape("", Registered, NAME, _ROOMS),
    Shape("", LoggedIn, NAME, _ROOMS),
    Shape("", Resumed, NAME, Field("account"), _ROOMS, _SESSION),
    Shape("", Remembered, Field("token")),
    Shape("", Recalled, NAME, _ROOMS),
    Shape(
        "",
        SessionList,
        Field("sessions", kind=objects(_SESSION_INFO)),
        Field("tokens", kind=objects(_TOKEN_INFO)),
    ),
    Shape("", Revoked, _NUMBER),
    Shape("", LoggedOut, NAME),
    Shape("", NameChanged, NAME),
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
"""The fields for each result that has some; replies that have only words are not listed."""


def _by_command() -> dict[str, list[Shape]]:
    found: dict[str, list[Shape]] = {}
    for shape in RESULTS:
        commands = ACTS if shape.kind is ActDone else (cast("type[Result]", shape.kind).command,)
        for command in commands:
            found.setdefault(command, []).append(shape)
    return found


RESULTS_BY_COMMAND: Final[Mapping[str, list[Shape]]] = MappingProxyType(_by_command())
"""The shapes of the results that a command may have."""
