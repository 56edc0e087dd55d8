"""The operations on accounts and sessions, and those of servers on the log itself.

operations.py explains operations.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatd.core.events import Address, DisconnectReason, LeaveReason
from chatd.core.lookalikes import NameKeys
from chatd.core.names import Name
from chatd.core.records import AccountRef
from chatd.core.rooms import SessionKey
from chatd.core.world.operations import Operation

# -- accounts and sessions


@dataclass(frozen=True, slots=True)
class ReserveName(Operation[None]):
    """A name is reserved for a session, whose user is in no room, until `ReleaseName`.

    `current`, the id of the session's current room, is for errors.
    """

    session: SessionKey
    name: Name
    current: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseName(Operation[None]):
    """A session does not need the name any more that is reserved for it."""

    session: SessionKey


@dataclass(frozen=True, slots=True)
class AddAccount(Operation[None]):
    """An account is in the store: its name is for its user alone."""

    account: AccountRef
    keys: NameKeys


@dataclass(frozen=True, slots=True)
class RemoveAccount(Operation[None]):
    """An account was removed from the store: its user is disconnected, its rooms have no owner."""

    account: int
    now: float


@dataclass(frozen=True, slots=True)
class SetAdmin(Operation[None]):
    """An account is an administrator from now on, or is none any more."""

    account: int
    is_admin: bool


@dataclass(frozen=True, slots=True)
class LogIn(Operation[str]):
    """A session has proved to be one of an account's holder; its outcome is the account's name.

    Of more than `max_sessions` sessions of the account, those in `silent` that are still open end
    first, then the oldest ones.
    """

    session: SessionKey
    address: Address | None
    account: AccountRef
    max_sessions: int
    silent: tuple[SessionKey, ...]
    now: float


@dataclass(frozen=True, slots=True)
class LogOut(Operation[str]):
    """A session becomes one of a new guest; its outcome is the account's name."""

    session: SessionKey
    now: float


@dataclass(frozen=True, slots=True)
class EndSession(Operation[None]):
    """A session has ended; if it was the last one of its user, they leave for `reason`.

    With `keep_token` the session can be resumed, and with `hold_name` a guest's name is held for
    it. `text` has the last words of the user, if there are any.
    """

    session: SessionKey
    reason: LeaveReason
    keep_token: bool
    hold_name: bool
    now: float
    text: str | None = None


@dataclass(frozen=True, slots=True)
class EndSessions(Operation[None]):
    """Sessions of an account are ended for `reason`, and cannot be resumed.

    These are those of `sessions`, or, if it is None, all but `keep`; then no other token resumes a
    session of the account any more. If none is left, the user leaves for `leave`.
    """

    account: int
    sessions: tuple[SessionKey, ...] | None
    keep: SessionKey | None
    reason: DisconnectReason
    leave: LeaveReason
    now: float


@dataclass(frozen=True, slots=True)
class IssueToken(Operation[None]):
    """A session has a resume token, of which `digest` is the digest."""

    session: SessionKey
    address: Address | None
    digest: str


@dataclass(frozen=True, slots=True)
class Resume(Operation[str]):
    """A new session continues the one whose token has `digest`; its outcome is the user's name.

    `account` is that of a token that is in the store alone; `max_sessions` and `silent` are those
    of `LogIn`, for the token of an account.
    """

    session: SessionKey
    address: Address | None
    digest: str
    account: AccountRef | None
    max_sessions: int
    silent: tuple[SessionKey, ...]
    now: float


@dataclass(frozen=True, slots=True)
class EndNode(Operation[None]):
    """A server has stopped or is dead: its sessions end, and nothing of it is applied any more."""

    node: str
    now: float


# -- the servers and the store


@dataclass(frozen=True, slots=True)
class MessagesStored(Operation[None]):
    """The messages up to a position of the log are in the store, to which `node` has added them.

    Those of `lost` are not, and never will be: they waited too long. Each batch of messages is
    known by the id of its room and its first id.
    """

    node: str
    position: int
    lost: tuple[tuple[str, int], ...] = ()
