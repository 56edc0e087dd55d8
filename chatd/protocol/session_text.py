"""The words of `chatd.protocol.session_replies`, for `chatd.protocol.text`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from chatd.core.events import Address
from chatd.protocol.session_replies import (
    Recalled,
    Remembered,
    Revoked,
    SessionInfo,
    SessionList,
    TokenInfo,
)


def _remembered(_: Remembered) -> str:
    return "Your login is remembered."


def _recalled(result: Recalled) -> str:
    return f"Welcome back, {result.name}."


def _list(result: SessionList) -> str:
    lines = (*map(_session, result.sessions), *map(_token, result.tokens))
    return "\n" + "".join(f"{line}\n" for line in lines)


def _session(session: SessionInfo) -> str:
    address = f" {_place(session.address)}" if session.address is not None else ""
    own = ", this session" if session.is_self else ""
    since, idle = _time(session.since), f"idle for {session.idle} s"
    return f"{session.number}:{address} {session.format}, since {since}, {idle}{own}"


def _token(token: TokenInfo) -> str:
    created, used = _time(token.created), _time(token.last_used)
    return f"{token.number}: remembered login of {created}, last used {used}"


def _revoked(result: Revoked) -> str:
    if result.number == "all":
        return "All your other sessions and all remembered logins are ended."
    return f"{result.number} is ended."


def _place(address: Address) -> str:
    if isinstance(address, str):
        return address
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


SESSION_WORDS: Final[Mapping[type, Callable[[Any], str]]] = MappingProxyType(
    {Recalled: _recalled, Remembered: _remembered, Revoked: _revoked, SessionList: _list}
)
"""For each class of reply the function that returns its words."""
