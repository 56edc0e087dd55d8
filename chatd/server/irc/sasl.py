"""AUTHENTICATE: logging in with SASL (IRCv3 sasl-3.1 and 3.2), by PLAIN or EXTERNAL."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.records import AccountRef
from chatd.core.sanitize import sanitize
from chatd.protocol.error_text import error_text
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.line import Line
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.replies import ErrorReply
from chatd.server.irc.registration import abort_login, note_failure, send_rooms

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

CHUNK: Final = 400
"""How many bytes a line has; a shorter one is the last."""

MAX_RESPONSE: Final = 4096
"""How many bytes all lines of a response have at most."""

_FIELDS: Final = 3

_IN_ROOM: Final = "Leave all channels before you log in: /quote JOIN 0"


@dataclass(slots=True)
class Authentication:
    """An exchange under way; `data` is what came so far, in base 64."""

    mechanism: str
    data: str = ""


async def authenticate(session: IrcSession, request: Line) -> None:
    """Begin an exchange, or take a part of its data."""
    text = request.params[0]
    if not session.has(caps.SASL):
        session.reply(Numeric.UNKNOWNCOMMAND, "AUTHENTICATE", "Request the capability sasl first")
        return
    exchange = session.authentication
    if len(text) > CHUNK:
        session.authentication = None
        session.reply(Numeric.SASLTOOLONG, "SASL message too long")
    elif text == "*":
        abort_login(session)
    elif exchange is None:
        _begin(session, text.upper())
    else:
        await _continue(session, exchange, text)


def _begin(session: IrcSession, mechanism: str) -> None:
    if is_logged_in(session):
        session.reply(Numeric.SASLALREADY, "You have already authenticated using SASL")
    elif session.user.rooms:
        session.notice(_IN_ROOM)
        _failed(session)
    elif mechanism not in session.mechanisms:
        offered = ",".join(session.mechanisms)
        session.reply(Numeric.SASLMECHS, offered, "are available SASL mechanisms")
        _failed(session)
    else:
        session.authentication = Authentication(mechanism)
        session.response.add("AUTHENTICATE +\r\n")


def is_logged_in(session: IrcSession) -> bool:
    """Tell whether the client has logged in, before the welcome or after it."""
    registration = session.registration
    has_account = registration is not None and registration.account is not None
    return has_account or session.user.account is not None


async def _continue(session: IrcSession, exchange: Authentication, text: str) -> None:
    if text != "+":
        exchange.data += text
    if len(exchange.data) > MAX_RESPONSE:
        session.authentication = None
        _failed(session)
        return
    if len(text) == CHUNK:
        return  # there is more
    session.authentication = None
    try:
        check = _CHECKS[exchange.mechanism]
        account = await check(session, base64.b64decode(exchange.data, validate=True))
        await _log_in(session, account)
    except ValueError:  # neither base 64 nor UTF-8
        _failed(session)
    except BannedError:
        raise
    except ChatError as error:
        if error.code is ErrorCode.WRONG_PASSWORD:
            note_failure(session)
        else:
            session.notice(_words(error))
        _failed(session)


def _words(error: ChatError) -> str:
    """Return why a login fails, other than for a wrong password."""
    if error.code is ErrorCode.ALREADY_IN_ROOM:
        return _IN_ROOM
    return error_text(ErrorReply(error.code, error.params))


async def _check_password(session: IrcSession, data: bytes) -> AccountRef:
    """Return the account whose name and password are in `data`; raise `ChatError` if none."""
    fields = data.decode().split("\0")
    if len(fields) != _FIELDS or not all(fields[1:]) or fields[0] not in {"", fields[1]}:
        raise ChatError(ErrorCode.WRONG_PASSWORD)
    # As the codecs do with what other clients send.
    name, password = map(sanitize, fields[1:])
    return await session.services.accounts.authenticate(session, name, password)


async def _check_certificate(session: IrcSession, data: bytes) -> AccountRef:
    """Return the account of the certificate that the client shows, and that it names in `data`.

    Nothing in `data` stands for whatever account that is. Raises `ChatError` if there is none.
    """
    wanted = sanitize(data.decode())
    fingerprint = None if session.fingerprint is None else session.fingerprint()
    if fingerprint is None:
        raise ChatError(ErrorCode.WRONG_PASSWORD)
    account = await session.services.account_keys.authenticate(session, fingerprint)
    if wanted and session.services.world.find_account(wanted) != account:
        raise ChatError(ErrorCode.WRONG_PASSWORD)
    return account


_CHECKS: Final = {"PLAIN": _check_password, "EXTERNAL": _check_certificate}
"""For each mechanism the function that verifies a response."""


async def _log_in(session: IrcSession, account: AccountRef) -> None:
    """Log the client in: at the welcome, or now, under the name of the account."""
    registration, nick = session.registration, session.nick
    if registration is not None:
        registration.account = account
        _succeeded(session, nick, account.name, names.source(account.name, account.id))
        return
    former = session.source
    accounts = session.services.accounts
    await accounts.enter_account(session, account, session.services.now())
    # Clients expect the end of the exchange next, and so by the name that they know.
    _succeeded(session, nick, account.name, session.source)
    if nick != session.user.name:
        session.send_line(former, "NICK", session.user.name)
    send_rooms(session)
    await accounts.bind_token(session)


def _succeeded(session: IrcSession, nick: str, account: str, source: str) -> None:
    words = f"You are now logged in as {account}"
    session.send_line("", Numeric.LOGGEDIN, nick, source, account, words)
    session.send_line("", Numeric.SASLSUCCESS, nick, "SASL authentication successful")


def _failed(session: IrcSession) -> None:
    session.reply(Numeric.SASLFAIL, "SASL authentication failed")
