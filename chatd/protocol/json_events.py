"""The objects that have an `event`, which a server sends (spec section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatd.core.events import (
    Joined,
    Left,
    Message,
    Muted,
    Notice,
    PrivateMessage,
    Renamed,
    RoomClosed,
    Unmuted,
)
from chatd.core.room_events import (
    Invited,
    MessageDeleted,
    ReadUpTo,
    RoleChanged,
    RoomBanned,
    RoomChanged,
    RoomUnbanned,
)
from chatd.protocol.json_kinds import ACTION, ROLE
from chatd.protocol.json_shapes import MORE, NAME, ROOM, SELF, TIME, Field, Shape, objects
from chatd.protocol.jsonio import Fields
from chatd.protocol.received import Disconnect, Error, Ok
from chatd.protocol.replies import History, Receipt, RoomInfo, RoomList

_ID: Final = Field("id")
_TEXT: Final = Field("text")
_REASON: Final = Field("text", optional=True)
_SENDER: Final = Field("from", "sender")
_USER: Final = Field("who", "name")
_TAG: Final = Field("tag", optional=True)
_BY: Final = Field("by")
_MINUTES: Final = Field("minutes", optional=True)
_IGNORED: Final = Field("ignored", "is_ignored", optional=True)
_TO_TARGET: Final = (Field("room_name", optional=True), TIME, SELF)


class _MessageShape(Shape):
    """The object for a message; that of a deleted one has no text."""

    def write(self, value: object) -> Fields:
        """Return the fields for `value`."""
        fields = super().write(value)
        if "deleted" in fields:
            del fields["text"]
        return fields

    def read(self, fields: Mapping[str, Any]) -> Any:
        """Return the value; raise LookupError, ValueError or TypeError if a field is not right."""
        return super().read({**fields, "text": ""} if fields.get("deleted") is True else fields)


MESSAGE: Final = _MessageShape(
    "said",
    Message,
    ROOM,
    _ID,
    _SENDER,
    _TEXT,
    TIME,
    Field("former", "is_former", optional=True),
    Field("action", "kind", optional=True, kind=ACTION),
    _IGNORED,
    Field("deleted", "is_deleted", optional=True),
)
_ROOM_INFO: Final = Shape("", RoomInfo, Field("id"), NAME, Field("chatters"), MORE)

EVENTS: Final = (
    MESSAGE,
    Shape("joined", Joined, ROOM, _USER, Field("address"), TIME, SELF),
    Shape(
        "left",
        Left,
        ROOM,
        _USER,
        Field("address"),
        Field("reason"),
        TIME,
        SELF,
        Field("by", optional=True),
        _REASON,
    ),
    Shape("renamed", Renamed, _USER, Field("to", "new_name"), TIME),
    Shape("muted", Muted, ROOM, _USER, _BY, _MINUTES, *_TO_TARGET),
    Shape("unmuted", Unmuted, ROOM, _USER, _BY, *_TO_TARGET),
    Shape("role", RoleChanged, ROOM, _USER, Field("role", kind=ROLE), _BY, *_TO_TARGET),
    Shape("room-changed", RoomChanged, ROOM, _BY, TIME, rest="change"),
    Shape("banned", RoomBanned, ROOM, _USER, _BY, _MINUTES, _REASON, TIME),
    Shape("unbanned", RoomUnbanned, ROOM, _USER, _BY, TIME),
    Shape("invited", Invited, ROOM, Field("room_name"), _BY, TIME),
    Shape("deleted", MessageDeleted, ROOM, _ID, _BY, TIME),
    Shape("read", ReadUpTo, ROOM, _ID),
    Shape("closed", RoomClosed, ROOM, TIME),
    Shape("notice", Notice, Field("room", optional=True), _SENDER, _TEXT, TIME),
    Shape(
        "secret",
        PrivateMessage,
        _SENDER,
        Field("to", "recipient", optional=True),
        _TEXT,
        TIME,
        _IGNORED,
        Field("kept", "is_kept", optional=True),
    ),
    Shape("reply", Ok, Field("command"), _TAG, _TEXT, rest="data"),
    Shape("error", Error, Field("command"), _TAG, Field("code"), _TEXT, rest="data"),
    Shape(
        "rooms",
        RoomList,
        Field("command", constant="list"),
        _TAG,
        Field("rooms", kind=objects(_ROOM_INFO)),
        MORE,
    ),
    Shape(
        "history",
        History,
        Field("command", constant="history"),
        _TAG,
        ROOM,
        Field("messages", kind=objects(MESSAGE)),
    ),
    Shape("stored", Receipt, ROOM, _ID, _TAG),
    Shape("closing", Disconnect, Field("code"), Field("retry"), _SENDER, _TEXT),
)
"""All objects that have an `event`."""
