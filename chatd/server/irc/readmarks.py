"""MARKREAD: how far a user has read, told to all clients of the user (IRCv3 draft/read-marker)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import room_key
from chatd.core.names import room_id as allowed_room_id
from chatd.core.names import user_name
from chatd.core.room_events import ReadUpTo
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.references import Moment, first_second, parse_moment
from chatd.protocol.json_kinds import time_text
from chatd.server.irc.joining import marker_line

if TYPE_CHECKING:  # session.py imports this module
    from collections.abc import Iterator

    from chatd.core.rooms import Room
    from chatd.protocol.irc.line import Line
    from chatd.server.irc.session import IrcSession

_NOT_NOTED: Final = {ErrorCode.UNAVAILABLE, ErrorCode.NOT_IN_ROOM, ErrorCode.IN_NO_ROOM}
"""The errors with which a time cannot be noted as the id of a message."""


async def markread(session: IrcSession, request: Line) -> None:
    """Note how far the user has read a channel, or the messages of a user; or tell it."""
    if not request.params:
        session.fail("MARKREAD", "NEED_MORE_PARAMS", "Missing parameters")
        return
    target = request.params[0]
    room = session.find_room(target)
    if room is not None:
        target = names.channel(room.id)
    elif not _is_possible(session, target):
        session.fail("MARKREAD", "INVALID_TARGET", target, "No channel or user is called so")
        return
    if len(request.params) > 1:
        moment = parse_moment(request.params[1])
        if moment is None:
            session.fail("MARKREAD", "INVALID_PARAMS", target, request.params[1], "Invalid time")
            return
        await load_marker(session, room)
        await _set(session, room, target, moment)
    else:
        await load_marker(session, room)
    session.response.add(marker_line(session, target))


def _is_possible(session: IrcSession, target: str) -> bool:
    """Tell whether a room or a user may be called so: other marks are of no use to a client."""
    room_id, world = names.room_id(target), session.services.world
    try:
        if room_id is not None:
            allowed_room_id(room_id)
        elif not (world.find_user(target) or world.find_account(target)):  # names may be old ones
            user_name(target)
    except ChatError:
        return False
    return True


async def _set(session: IrcSession, room: Room | None, target: str, moment: Moment) -> None:
    """Note a time, and tell the user's other sessions of it, unless a later one is known."""
    markers, owner = session.irc.read_markers, session.marker_owner
    former = markers.get(owner, target)
    if former is not None and former >= moment.text:
        return
    message_id = 0
    if room is not None and session.user.account is not None:
        with _as_far_as_possible():
            message_id = await _last_id(session, room, moment)
    markers.raise_to(owner, target, moment.text, message_id)
    marks = session.services.read_marks
    if room is not None and message_id > marks.of(session.user, room):
        with _as_far_as_possible():
            await marks.mark(session, room, message_id)
            return  # this has told all of them
    _tell_others(session, target)


async def _last_id(session: IrcSession, room: Room, moment: Moment) -> int:
    """Return the id of the last message of a room that is not newer than a time."""
    time = first_second(moment.milliseconds + 1)
    newer = await session.services.messages.id_at(session, room, time)
    return room.last_id if newer is None else newer - 1


def _tell_others(session: IrcSession, target: str) -> None:
    """Tell the other IRC sessions of a user how far the user has read, as clients know it."""
    for other in session.user.origins:
        if other is not session and other.format == session.format and other.has(caps.READ_MARKER):
            other.send_unasked(marker_line(other, target))


# -- marks that other sessions have set


async def load_marker(session: IrcSession, room: Room | None) -> None:
    """Let the time up to which the user of an account has read a room be in memory."""
    if room is None or session.user.account is None or not session.has(caps.READ_MARKER):
        return
    marks, markers = session.services.read_marks, session.irc.read_markers
    await marks.load(session.user, room.id)
    noted = marks.of(session.user, room)
    if noted > markers.id_of(session.marker_owner, names.channel(room.id)):
        await _note(session, room, noted)


async def _note(session: IrcSession, room: Room, message_id: int) -> None:
    """Note that the user has read a room up to a message, at the time of that."""
    owner, target = session.marker_owner, names.channel(room.id)
    with _as_far_as_possible():
        time = await session.services.messages.time_up_to(room, message_id)
        if time is not None:
            session.irc.read_markers.raise_to(owner, target, time_text(time), message_id)


def read_lines(session: IrcSession, event: ReadUpTo) -> str:
    """Return how far another session of the user has read; it may be told later instead."""
    target = names.channel(event.room)
    if not session.has(caps.READ_MARKER):
        return ""
    if session.irc.read_markers.id_of(session.marker_owner, target) >= event.id:
        return marker_line(session, target)
    room = session.services.world.rooms.by_key(room_key(event.room))
    if room is not None:
        telling = Deferred.fromCoroutine(_tell_later(session, room, event.id))
        event_log, address = session.services.event_log, session.address
        telling.addErrback(lambda failure: event_log.failed("A mark for", failure, address))
    return ""


async def _tell_later(session: IrcSession, room: Room, message_id: int) -> None:
    target = names.channel(room.id)
    await _note(session, room, message_id)
    if session.irc.read_markers.id_of(session.marker_owner, target) >= message_id:
        session.send_unasked(marker_line(session, target))


@contextmanager
def _as_far_as_possible() -> Iterator[None]:
    """Leave the block if the store is away, or the user has left the room meanwhile."""
    try:
        yield
    except ChatError as error:
        if error.code not in _NOT_NOTED:
            raise
