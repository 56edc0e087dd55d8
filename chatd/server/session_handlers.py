"""The handlers of the commands about sessions and remembered logins, as in `handlers`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address
from chatd.core.records import RememberedToken
from chatd.core.rooms import Origin
from chatd.core.sessions import Access
from chatd.protocol.command import Request
from chatd.protocol.replies import Reply, RoomRef
from chatd.protocol.session_replies import (
    Recalled,
    Remembered,
    Revoked,
    SessionInfo,
    SessionList,
    TokenInfo,
)
from chatd.server.missed import send_missed

if TYPE_CHECKING:  # nativesession.py imports the handlers
    from chatd.server.nativesession import NativeSession as Session

_MAX_DIGITS: Final = 9


async def remember(session: Session, _: Request) -> Reply:
    """Return a token that logs in to the account of the session."""
    return Remembered(await session.services.sessions.remember(session))


async def recall(session: Session, request: Request) -> None:
    """Log in by a token."""
    services = session.services
    with log_failed_logins(session):
        name = await services.sessions.recall(session, request.arguments["token"], services.now())
    welcome(session, request, Recalled(name, rooms_of(session)))


async def sessions(session: Session, _: Request) -> Reply:
    """List the sessions and remembered logins of the account, and keep the list for `revoke`."""
    access = await session.services.sessions.access(session)
    session.listed = _listed(access)
    return _session_list(session, access)


async def revoke(session: Session, request: Request) -> Reply:
    """End a session or remembered login by its number in the last list, or all others."""
    service, number = session.services.sessions, request.arguments["number"]
    if session.user.account is None:
        raise ChatError(ErrorCode.LOGIN_FIRST)
    if number == "all":
        await service.revoke_all(session, session.services.now())
        return Revoked(number)
    if not (number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS):
        raise ChatError(ErrorCode.USAGE)
    if not session.listed:
        session.listed = _listed(await service.access(session))
    index = int(number) - 1
    if not 0 <= index < len(session.listed):
        raise ChatError(ErrorCode.NO_SUCH_NUMBER)
    await service.revoke(session, session.listed[index], session.services.now())
    return Revoked(str(index + 1))


def welcome(session: Session, request: Request, reply: Reply) -> None:
    """Reply that a session is logged in, and then send what its account has missed."""
    session.reply(reply, request)
    if not session.closed:
        send_missed(session)


def rooms_of(session: Session) -> tuple[RoomRef, ...]:
    """Return the user's rooms in the order of joining: the last one is the current room."""
    return tuple(RoomRef(room.id, room.name) for room in session.user.rooms)


@contextmanager
def log_failed_logins(session: Session) -> Iterator[None]:
    """Log that a password or a token was wrong."""
    try:
        yield
    except ChatError as error:
        if error.code in {ErrorCode.WRONG_PASSWORD, ErrorCode.WRONG_TOKEN}:
            session.services.counters.login_failed()
            session.services.event_log.login_failed(session.address)
        raise


def _listed(access: Access) -> Sequence[Origin | RememberedToken]:
    return (*access.sessions, *access.tokens)


def _session_list(session: Session, access: Access) -> SessionList:
    services = session.services
    now, seconds = services.now(), services.seconds()
    origins = tuple(
        SessionInfo(
            number,
            _own_address(origin) if services.show_addresses else None,
            origin.format,
            now - (seconds - origin.connected_at),
            int(seconds - origin.last_active),
            origin is session,
        )
        for number, origin in enumerate(access.sessions, 1)
    )
    tokens = tuple(
        TokenInfo(number, token.created, token.last_used)
        for number, token in enumerate(access.tokens, len(origins) + 1)
    )
    return SessionList(origins, tokens)


def _own_address(origin: Origin) -> Address:
    """Return the address of a session, which its user may know also if it is private."""
    address = origin.address
    return address if isinstance(address, str) else (address[0], address[1])
