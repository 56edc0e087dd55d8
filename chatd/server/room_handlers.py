"""The handlers of the commands on the roles and settings of rooms, as in `chatd.server.handlers`.

They act in the room that the request names, or in the current one. An administrator may act in a
room without being a member.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import room_key
from chatd.core.names import ROOM_ID_LENGTH
from chatd.core.rooms import Role, Room
from chatd.core.world.operations import By
from chatd.core.world.room_operations import MemberRef
from chatd.core.world.settings_rules import KEY, LIMIT, SETTINGS, SettingValue, shown_value
from chatd.protocol.command import OFF, ON, Request
from chatd.protocol.replies import Reply
from chatd.protocol.room_replies import (
    AccessInfo,
    AccessList,
    ActDone,
    RoomEnded,
    SettingReply,
)
from chatd.server.acts import note_act

if TYPE_CHECKING:  # nativesession.py imports the handlers
    from chatd.server.nativesession import NativeSession as Session

NO_TOPIC: Final = "-"
"""Typed in place of a topic, it removes the topic."""


def acting_room(session: Session, request: Request) -> Room:
    """Return the room that a request is about; raise `ChatError` if the user may not act there."""
    services, room_id = session.services, request.arguments.get("chatroom_id")
    if room_id is not None and services.world.accounts.is_admin(session.user.account):
        return services.chat.room(room_id, session.user)
    return session.room(room_id)


# -- acts on users


_Act = Callable[["Session", Request, Room], Awaitable[MemberRef]]
_Handler = Callable[["Session", Request], Coroutine[Any, Any, Reply]]


def _on_user(act: _Act) -> _Handler:
    """Return a handler that does something to the user whom the request names."""

    async def handle(session: Session, request: Request) -> Reply:
        room = acting_room(session, request)
        name, _ = await act(session, request, room)
        kept_as = {"ban": "room-ban", "unban": "room-unban"}.get(request.command, request.command)
        _note(session, request, room, kept_as, name)
        return ActDone(request.command, room.id, name)

    return handle


def _set_role(role: Role, former: Role | None = None) -> _Act:
    """Return an act that gives a user a role; if `former` is given, they must have that."""

    def act(session: Session, request: Request, room: Room) -> Awaitable[MemberRef]:
        return session.services.room_moderation.set_role(
            By(session.key),
            request.arguments["chatter_name"],
            room,
            role,
            session.services.now(),
            former=former,
            origin=session,
        )

    return act


def _kick(session: Session, request: Request, room: Room) -> Awaitable[MemberRef]:
    name, reason, now = *_name_and_reason(session, request), session.services.now()
    return session.services.room_moderation.kick(By(session.key), name, room, reason, now, session)


def _mute(session: Session, request: Request, room: Room) -> Awaitable[MemberRef]:
    name, minutes, now = (
        request.arguments["chatter_name"],
        _minutes(request),
        session.services.now(),
    )
    return session.services.room_moderation.mute(By(session.key), name, room, minutes, now, session)


def _unmute(session: Session, request: Request, room: Room) -> Awaitable[MemberRef]:
    name, now = request.arguments["chatter_name"], session.services.now()
    return session.services.room_moderation.unmute(By(session.key), name, room, now, session)


def _ban(session: Session, request: Request, room: Room) -> Awaitable[MemberRef]:
    name, reason, now = *_name_and_reason(session, request), session.services.now()
    return session.services.room_moderation.ban(
        By(session.key), name, room, _minutes(request), reason, now, session
    )


def _unban(session: Session, request: Request, room: Room) -> Awaitable[MemberRef]:
    name, now = request.arguments["chatter_name"], session.services.now()
    return session.services.room_moderation.unban(By(session.key), name, room, now, session)


def _invite(session: Session, request: Request, room: Room) -> Awaitable[MemberRef]:
    name, now = request.arguments["chatter_name"], session.services.now()
    return session.services.room_moderation.invite(session, name, room, now)


def bans(session: Session, request: Request) -> Reply:
    """List the bans and mutes of the room."""
    services, room = session.services, acting_room(session, request)
    entries = services.room_moderation.restrictions(By(session.key), room)
    return AccessList(
        room.id,
        tuple(
            AccessInfo(each.kind, each.name, each.until, each.by, each.created, each.reason)
            for each in entries
        ),
    )


def _minutes(request: Request) -> int | None:
    """Return for how many minutes, None for ever; raise `ChatError` if it is for none."""
    minutes = request.arguments.get("minutes")
    if minutes is not None and not int(minutes):
        raise ChatError(ErrorCode.USAGE)
    return None if minutes is None else int(minutes)


def _name_and_reason(session: Session, request: Request) -> tuple[str, str]:
    """Return the name of the user, and the reason that was given, or "".

    Raises `ChatError` if its first word is the id of a room of the user: at the console, and in
    other programs, a room is named there.
    """
    reason = request.arguments.get("reason", "")
    if session.is_text:
        keys = {room.key for room in session.user.rooms}
        words = [word for word in reason.split(None, 1)[:1] if len(word) <= ROOM_ID_LENGTH]
        if any(room_key(word) in keys for word in words):
            raise ChatError(ErrorCode.USAGE)
    return request.arguments["chatter_name"], reason


# -- settings


async def topic(session: Session, request: Request) -> Reply:
    """Set the topic of the room, or show it."""
    services, room = session.services, acting_room(session, request)
    text = request.arguments.get("text")
    if text is None:
        return SettingReply("topic", room.id, room.name, room.settings.topic)
    if session.is_text and text == NO_TOPIC:
        text = ""
    await services.room_settings.set_topic(session, room, text, services.now())
    _note(session, request, room, "set", "topic")
    return SettingReply("topic", room.id, room.name, room.settings.topic, changed=True)


async def setting(session: Session, request: Request) -> Reply:
    """Change a setting of the room, whose name is that of the command, or show it."""
    services, room, name = session.services, acting_room(session, request), request.command
    given = request.arguments.get(name)
    if given is None:
        return SettingReply(name, room.id, room.name, shown_value(room, name))
    await services.room_settings.set(session, room, name, _value(name, given), services.now())
    _note(session, request, room, "set", name if name == KEY else f"{name} {given}")
    return SettingReply(name, room.id, room.name, shown_value(room, name), changed=True)


def _value(name: str, given: str) -> SettingValue:
    if name == KEY:
        return "" if given == OFF else given
    if name == LIMIT:
        return 0 if given == OFF else int(given)
    return given == ON


async def end(session: Session, request: Request) -> Reply:
    """End the room."""
    services, room = session.services, acting_room(session, request)
    await services.chat.delete_room(room, services.now(), session)
    _note(session, request, room, "end")
    return RoomEnded(room.id)


# -- within


def _note(session: Session, request: Request, room: Room, act: str, subject: str = "") -> None:
    """Keep an act in the audit, with the minutes and the reason that the request has."""
    minutes, reason = request.arguments.get("minutes"), request.arguments.get("reason", "")
    note_act(session, room, act, subject, None if minutes is None else int(minutes), reason)


HANDLERS: Final = {
    "op": _on_user(_set_role(Role.OPERATOR)),
    "deop": _on_user(_set_role(Role.NONE, Role.OPERATOR)),
    "voice": _on_user(_set_role(Role.VOICE)),
    "devoice": _on_user(_set_role(Role.NONE, Role.VOICE)),
    "kick": _on_user(_kick),
    "mute": _on_user(_mute),
    "unmute": _on_user(_unmute),
    "ban": _on_user(_ban),
    "unban": _on_user(_unban),
    "invite": _on_user(_invite),
    "bans": bans,
    "topic": topic,
    "end": end,
    **dict.fromkeys(SETTINGS, setting),
}
"""The handlers of the commands on roles and settings."""
