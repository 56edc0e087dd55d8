"""REDACT: users delete messages (IRCv3 draft/message-redaction)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import room_key
from chatd.core.rooms import Room
from chatd.protocol.irc import names
from chatd.protocol.irc.line import Line
from chatd.server.acts import note_act
from chatd.server.irc.texts import last_words

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_REFUSALS: Final = {
    ErrorCode.NO_SUCH_MESSAGE: ("UNKNOWN_MSGID", "There is no such message"),
    ErrorCode.NOT_OWN_MESSAGE: ("REDACT_FORBIDDEN", "The message is not yours"),
}
_NO_MEMBER: Final = {ErrorCode.NOT_IN_ROOM, ErrorCode.IN_NO_ROOM}


async def redact(session: IrcSession, request: Line) -> None:
    """Delete a message of a channel; all members are told, the user as well."""
    target, message_id = request.params[:2]
    reason = "".join(map(last_words, request.params[2:3]))
    services, room = session.services, session.find_room(target)
    is_admin = services.world.accounts.is_admin(session.user.account)
    if room is None or (room not in session.user.rooms and not is_admin):
        _no_target(session, target)
        return
    try:
        deleted = await _delete(session, room, message_id, reason)
    except ChatError as error:
        if error.code in _REFUSALS:
            code, words = _REFUSALS[error.code]
            session.fail("REDACT", code, target, message_id, words)
        elif error.code in _NO_MEMBER:
            _no_target(session, target)
        else:
            raise
        return
    note_act(session, room, "delete", str(deleted), reason=reason)


async def _delete(session: IrcSession, room: Room, message_id: str, reason: str) -> int:
    """Delete a message of a room; return its number, or raise `ChatError`."""
    named, services = names.parse_message_id(message_id), session.services
    if named is None or room_key(named[0]) != room.key:
        raise ChatError(ErrorCode.NO_SUCH_MESSAGE)
    return await services.messages.delete(session, room, named[1], services.now(), reason)


def _no_target(session: IrcSession, target: str) -> None:
    session.fail("REDACT", "INVALID_TARGET", target, "You cannot delete messages there")
