"""Being away: the message of a user, and clients that run without their users (draft/pre-away)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.irc.splitting import one_line
from chatd.server.irc.settings import MAX_AWAY

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

PRE_AWAY: Final = "draft/pre-away"
"""The capability of clients that may be away before the welcome, or without a message."""

_NO_MESSAGE: Final = "*"
"""In place of a message: the client runs, but its user is not there."""


def away_message(typed: str) -> str:
    """Return the message of a user who is away as it is shown: one line, not too long."""
    return one_line(typed, MAX_AWAY)


def away_answer(text: str | None) -> tuple[Numeric, str]:
    """Return what tells a client that its user is away with a message, or present without one."""
    if text:
        return Numeric.NOWAWAY, "You have been marked as being away"
    return Numeric.UNAWAY, "You are no longer marked as being away"


async def set_away(session: IrcSession, text: str) -> None:
    """Let the user be away with the message `text`, or present if it is "".

    A client without its user makes the user away only if there is no other session.
    """
    if text == _NO_MESSAGE and session.has(PRE_AWAY):
        if len(session.user.sessions) > 1:
            return
        text = "Away"
    await session.services.presence.set_away(session, text, session.services.now())
