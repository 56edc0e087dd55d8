"""The words of roles and settings of rooms, and of `chatd.protocol.room_replies`.

Programs get names and texts as they are; for people, those from right to left are isolated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from chatd.core import bidi
from chatd.core.events import ADMINISTRATOR, Muted, Unmuted
from chatd.core.records import AccessKind
from chatd.core.room_events import (
    Invited,
    MessageDeleted,
    RoleChanged,
    RoomBanned,
    RoomChanged,
    RoomUnbanned,
)
from chatd.protocol.message_text import found_words, utc
from chatd.protocol.moderation_text import (
    BANNED,
    KICKED,
    MUTED,
    UNBANNED,
    UNMUTED,
    actor,
    ban_words,
    mute_words,
    room_label,
    unban_words,
)
from chatd.protocol.people_text import Isolate, indent
from chatd.protocol.room_replies import (
    AccessInfo,
    AccessList,
    ActDone,
    Found,
    ReadNoted,
    RoomEnded,
    SecretKept,
    SettingReply,
)

RoomNews = (
    RoleChanged
    | RoomChanged
    | RoomBanned
    | RoomUnbanned
    | Invited
    | MessageDeleted
    | Muted
    | Unmuted
)
"""The events that `news_words` has words for."""

RoomResult = ActDone | SettingReply | RoomEnded | AccessList | Found | SecretKept | ReadNoted
"""The replies that `result_words` has words for."""

_ROLES: Final = {
    "owner": ("{} is now the owner.", "You are now the owner of chatroom {}."),
    "operator": ("{} is now an operator.", "You are now an operator of chatroom {}."),
    "voice": ("{} now has a voice.", "You now have a voice in chatroom {}."),
    "none": ("{} has no role any more.", "You have no role in chatroom {} any more."),
}
"""For each role the words for the room, and those for the user who has it."""

_ACTS: Final = {
    "op": _ROLES["operator"][0],
    "deop": _ROLES["none"][0],
    "voice": _ROLES["voice"][0],
    "devoice": _ROLES["none"][0],
    "kick": KICKED,
    "mute": MUTED,
    "unmute": UNMUTED,
    "ban": BANNED,
    "unban": UNBANNED,
    "invite": "You invited {}.",
    "delete": "Message {} was deleted.",
}
"""For each act its words; the subject is the name of a user or the id of a message."""

ACTS: Final = tuple(_ACTS)
"""The commands that are answered with `ActDone`."""

TOLD_ACTS: Final = frozenset(_ACTS) - {"invite"}
"""The acts of which an event tells all members, also the user who acts."""

_ACCESS: Final = {AccessKind.BAN: "banned", AccessKind.MUTE: "muted"}


def news_words(event: RoomNews) -> str:  # noqa: PLR0911 -- a table
    """Return the words for an event, without `Server: `."""
    match event:
        case RoleChanged(is_self=True):
            return _ROLES[event.role][1].format(room_label(event.room_name, event.room))
        case RoleChanged():
            return _ROLES[event.role][0].format(bidi.isolate(event.name))
        case RoomChanged():
            return _change(event)
        case RoomBanned():
            return ban_words(event)
        case RoomUnbanned():
            return unban_words(event)
        case Invited():
            room = room_label(event.room_name, event.room)
            return f"{_subject(event.by)} invited you to chatroom {room}."
        case MessageDeleted():
            return _ACTS["delete"].format(event.id)
        case Muted() | Unmuted():
            return mute_words(event)


def result_words(result: RoomResult, isolate: Isolate = str) -> str:  # noqa: PLR0911 -- a table
    """Return the words for a reply, without `Server: `."""
    match result:
        case ActDone():
            subject = result.id if result.name is None else isolate(result.name)
            return _ACTS[result.act].format(subject)
        case SettingReply():
            return _setting(result, isolate)
        case RoomEnded():
            return f"chatroom {isolate(result.room)} closed."
        case AccessList(entries=()):
            return "Nobody is banned or muted."
        case AccessList():
            return "\n" + "".join(f"{_entry(entry, isolate)}\n" for entry in result.entries)
        case Found():
            return found_words(result, isolate)
        case SecretKept():
            return f"{isolate(result.name)} is not here; your secret will be delivered."
        case ReadNoted():
            return f"Messages up to {result.id} are read."


def is_told_by_event(result: RoomResult) -> bool:
    """Tell whether the reader of a reply reads an event that has its words."""
    match result:
        case ActDone():
            return result.act in TOLD_ACTS
        case SettingReply():
            return result.changed
        case _:
            return False


def _change(event: RoomChanged) -> str:
    name, value = next(iter(event.change.items()))
    return f"{_subject(event.by)} {_CHANGES.get(name, _turned)(name, value)}"


def _turned(name: str, value: object) -> str:
    return f"turned {name} {'on' if value else 'off'}."


def _topic_set(_: str, value: object) -> str:
    return f"set the topic: {indent(bidi.isolate(str(value)))}" if value else "removed the topic."


def _key_set(_: str, value: object) -> str:
    return "set a key." if value else "removed the key."


def _limit_set(_: str, value: object) -> str:
    return "removed the limit." if value is None else f"set the limit to {value}."


_CHANGES: Final[Mapping[str, Callable[[str, object], str]]] = MappingProxyType(
    {"topic": _topic_set, "key": _key_set, "limit": _limit_set}
)
"""For each setting that is not turned on and off the function that returns what was done."""


def _setting(reply: SettingReply, isolate: Isolate) -> str:
    room = f"{isolate(reply.room_name)}@{isolate(reply.room)}"
    match reply.act, reply.value:
        case "topic", str() as topic if topic:
            return f"Topic of {room}: {indent(isolate(topic))}"
        case "topic", _:
            return f"Chatroom {room} has no topic."
        case "key", value:
            return "A key is set." if value else "There is no key."
        case "limit", None:
            return "There is no limit."
        case "limit", value:
            return f"The limit is {value}."
        case name, value:
            return f"{name} is {'on' if value else 'off'}."


def _entry(entry: AccessInfo, isolate: Isolate) -> str:
    until = "for ever" if entry.until is None else f"until {utc(entry.until)}"
    by = f"by {actor(entry.by, isolate)} on {utc(entry.created)}"
    reason = f": {isolate(entry.reason)}" if entry.reason else ""
    return f"{isolate(entry.name)} {_ACCESS[entry.kind]} {until}, {by}{reason}"


def _subject(by: str) -> str:
    """Return the name of a user, or `The Administrator`, as the first word of a line."""
    return "The Administrator" if by == ADMINISTRATOR else bidi.isolate(by)
