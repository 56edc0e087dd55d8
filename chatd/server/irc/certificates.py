"""CERT: the certificates with which clients log in to an account by SASL EXTERNAL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatd.core.accountkeys import MAX_KEYS
from chatd.core.errors import ChatError
from chatd.protocol.error_text import error_text
from chatd.protocol.irc.line import Line
from chatd.server.irc.serverinfo import time_text

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_FINGERPRINT: Final = re.compile("[0-9a-f]{64}")

_NO_CERTIFICATE: Final = "You show no certificate: connect over TLS with one, or add a fingerprint"
_NO_FINGERPRINT: Final = "A fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits"


async def cert(session: IrcSession, request: Line) -> None:
    """Add, remove or list the certificates of the account of the client."""
    subcommand, *params = request.params
    if session.user.account is None:
        session.fail("CERT", "ACCOUNT_REQUIRED", "Log in first")
        return
    try:
        match subcommand.upper(), params:
            case "ADD", [] | [_]:
                await _add(session, *params)
            case "DEL", [fingerprint]:
                await _remove(session, fingerprint)
            case "LIST", []:
                await _list(session)
            case _:
                words = "Write CERT ADD [FINGERPRINT], CERT DEL FINGERPRINT or CERT LIST"
                session.fail("CERT", "INVALID_PARAMS", words)
    except ChatError as error:
        session.fail("CERT", error.code.value.upper().replace("-", "_"), error_text(error))


async def _add(session: IrcSession, text: str | None = None) -> None:
    """Add a certificate: that of the connection, or that of a fingerprint."""
    if text is not None:
        fingerprint = _parse(session, text)
    else:
        fingerprint = None if session.fingerprint is None else session.fingerprint()
        if fingerprint is None:
            session.fail("CERT", "NO_CERTIFICATE", _NO_CERTIFICATE)
    if fingerprint is not None:
        now = session.services.now()
        await session.services.account_keys.add(session, fingerprint, now)
        session.notice(f"Certificate {fingerprint} logs in to {session.user.name} from now on")


async def _remove(session: IrcSession, text: str) -> None:
    fingerprint = _parse(session, text)
    if fingerprint is not None:
        await session.services.account_keys.remove(session, fingerprint)
        session.notice(f"Certificate {fingerprint} logs in no more")


async def _list(session: IrcSession) -> None:
    keys = await session.services.account_keys.of(session)
    for key in keys:
        session.notice(f"Certificate {key.fingerprint}, added on {time_text(key.added)}")
    session.notice(f"{session.user.name} has {len(keys)} of at most {MAX_KEYS} certificates")


def _parse(session: IrcSession, text: str) -> str | None:
    """Return a fingerprint as it is stored, None after the client was told that it is none.

    Programs write it in capitals or not, and with colons or without.
    """
    fingerprint = text.replace(":", "").lower()
    if _FINGERPRINT.fullmatch(fingerprint):
        return fingerprint
    session.fail("CERT", "INVALID_FINGERPRINT", _NO_FINGERPRINT)
    return None
