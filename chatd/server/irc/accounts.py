"""REGISTER and VERIFY: new accounts (IRCv3 draft/account-registration).

An account has the name of the nick, and no address of e-mail. So nothing is ever to be verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.names import typed_name
from chatd.core.sanitize import sanitize
from chatd.protocol.error_text import error_text
from chatd.protocol.irc.line import Line
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.replies import ErrorReply
from chatd.server.irc.registration import send_rooms

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_CODES: Final = {
    ErrorCode.NAME_IN_USE: "ACCOUNT_EXISTS",
    ErrorCode.NAME_NEEDS_LOGIN: "ACCOUNT_EXISTS",
    ErrorCode.BAD_NAME: "BAD_ACCOUNT_NAME",
    ErrorCode.BAD_PASSWORD: "WEAK_PASSWORD",
}
"""The codes of IRCv3 for errors of the chat; all others are `TEMPORARILY_UNAVAILABLE`."""

_WORDS: Final = {
    ErrorCode.ALREADY_IN_ROOM: "Leave all channels before you register: /quote JOIN 0",
}


async def register(session: IrcSession, request: Line) -> None:
    """Register an account for the nick of the client, and log the client in to it."""
    account = request.params[0]
    if not _can_begin(session, "REGISTER", account):
        return
    user = session.user
    if account != "*" and typed_name(account).keys != user.keys:
        words = "An account has the name of your nick"
        session.fail("REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", account, words)
        return
    name, password = user.name, sanitize(request.params[2])
    try:
        await session.services.accounts.register(session, name, password, session.services.now())
    except BannedError:
        raise
    except ChatError as error:
        words = _WORDS.get(error.code) or error_text(ErrorReply(error.code, error.params))
        session.fail("REGISTER", _CODES.get(error.code, "TEMPORARILY_UNAVAILABLE"), name, words)
        return
    session.send_line("", "REGISTER", "SUCCESS", name, "Your account is registered")
    words = f"You are now logged in as {name}"
    session.reply(Numeric.LOGGEDIN, session.source, name, words)
    send_rooms(session)


def verify(session: IrcSession, request: Line) -> None:
    """Refuse a code: no account waits for one."""
    account = request.params[0]
    if _can_begin(session, "VERIFY", account):
        session.fail("VERIFY", "INVALID_CODE", account, "No account waits for a code")


def _can_begin(session: IrcSession, command: str, account: str) -> bool:
    """Tell whether the client may register an account; the client is told why not."""
    if session.registration is not None:
        words = "Finish the registration of the connection first"
        session.fail(command, "COMPLETE_CONNECTION_REQUIRED", account, words)
    elif session.user.account is not None:
        words = "You are logged in already"
        session.fail(command, "ALREADY_AUTHENTICATED", session.user.name, words)
    elif not session.may_log_in:
        words = "Passwords are taken over TLS alone"
        session.fail(command, "TEMPORARILY_UNAVAILABLE", account, words)
    else:
        return True
    return False
