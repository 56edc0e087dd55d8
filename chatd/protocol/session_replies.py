"""Replies about sessions and remembered logins. As in `chatd.protocol.replies`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from chatd.core.events import Address
from chatd.protocol.replies import LoggedIn, Result


@dataclass(frozen=True, slots=True)
class Remembered(Result):
    """The login is remembered: `token` logs in to the account later."""

    command: ClassVar[str] = "remember"
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recalled(LoggedIn):
    """The session is logged in by a token."""

    command: ClassVar[str] = "recall"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session of the reader's user: since when it is there, and idle for how many seconds."""

    number: int
    address: Address | None
    format: str
    since: float
    idle: int
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A remembered login of the reader's account."""

    number: int
    created: float
    last_used: float


@dataclass(frozen=True, slots=True)
class SessionList(Result):
    """All sessions and remembered logins of the reader's account."""

    command: ClassVar[str] = "sessions"
    sessions: tuple[SessionInfo, ...]
    tokens: tuple[TokenInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class Revoked(Result):
    """The session or token with a number was ended, or all but this session."""

    command: ClassVar[str] = "revoke"
    number: str
