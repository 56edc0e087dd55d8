"""The records of the store: what it is given and what it gives back.

Messages are `events.Message` and `events.MessageBatch`. Times are seconds since the epoch (UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from chatd.core.lookalikes import subject_key


class AccessKind(StrEnum):
    """The kind of an entry of a room's access list: a right of its subject, or the lack of one."""

    OPERATOR = "operator"
    VOICE = "voice"
    BAN = "ban"
    MUTE = "mute"
    INVITATION = "invitation"
    MEMBER = "member"  # was invited, is in the room, and may come back after a lost connection


@dataclass(frozen=True, slots=True)
class RoomAccess:
    """An entry of a room's access list: that of an account or of a guest, of one kind.

    `name` is that of the account or the guest, as it is spelled, `account` the id of the account,
    None for a guest. `origin` is an address or network as text (`network.limit_key`), from which
    guests count as well. The entry ends at the time `until`, None: never. `by` is the name under
    which somebody added it at the time `created`, for a `reason` or "".
    """

    kind: AccessKind
    name: str
    account: int | None = None
    origin: str | None = None
    until: float | None = None
    by: str = ""
    created: float = 0.0
    reason: str = ""

    @property
    def subject(self) -> tuple[AccessKind, int | str]:
        """The kind and the account or guest, of which there is one entry in a list."""
        return self.kind, subject_key(self.name, self.account)


class AccessChanges(NamedTuple):
    """The entries that are added to the access list of a room, and those that are removed."""

    added: Sequence[RoomAccess] = ()
    removed: Sequence[RoomAccess] = ()


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """The settings of a room.

    `topic_by` is the name under which somebody set the topic, at `topic_time`; with `open_topic`
    all members may. In a `moderated` room only operators and voices talk. An `invite_only` room is
    for the invited, an `unlisted` one is shown to its members alone. `key` is a word that must be
    given on joining, "" for none, `limit` the most members, 0 for any number.
    """

    topic: str = ""
    topic_by: str = ""
    topic_time: float = 0.0
    open_topic: bool = False
    moderated: bool = False
    invite_only: bool = False
    unlisted: bool = False
    key: str = field(default="", repr=False)
    limit: int = 0

    @property
    def is_private(self) -> bool:
        """Whether strangers may not learn that the room exists."""
        return self.invite_only and self.unlisted


NO_SETTINGS: Final = RoomSettings()


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room, with its id and name as they were given when it was created.

    No message of the room has an id above `last_id`. `last_time` is the second by which the newest
    one was said. `owner` is the id of the account that started the room. A `permanent` room was
    created by the administrator. `created` is when the room was created. A room is `used` once
    something was said in it, also if that was removed since. `access` is its access list, the
    oldest entry first.
    """

    id: str
    name: str
    last_id: int = 0
    last_time: float = 0.0
    owner: int | None = None
    permanent: bool = False
    created: float = 0.0
    used: bool = False
    settings: RoomSettings = NO_SETTINGS
    access: Sequence[RoomAccess] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A registered account.

    `id` is given by the store and never given to another account, even after this one is removed.
    `name` is spelled as it was registered. `is_admin` accounts may use the console's commands.
    """

    id: int
    name: str
    password_hash: str = field(repr=False)
    registered_at: float
    is_admin: bool = False


class AccountRef(NamedTuple):
    """The id and the name of an account: what the world knows of it."""

    id: int
    name: str


class BanKind(StrEnum):
    """The kind of a ban's subject: a name (of a guest or an account), or an address or network."""

    NAME = "name"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Ban:
    """The ban of a name or an address, until the time `until`; None means for ever.

    `author` banned the subject at the time `created`, for a `reason` or "".
    """

    kind: BanKind
    subject: str
    until: float | None = None
    author: str = ""
    created: float = 0.0
    reason: str = ""


class ActorKind(StrEnum):
    """The way by which an administrator reaches the server."""

    CONSOLE = "console"
    SOCKET = "socket"
    ACCOUNT = "account"


class Actor(NamedTuple):
    """An administrator: one at the console, at the UNIX socket or in the session of an account.

    `name` is that of the account, or of the user of the system who opened the socket, if known.
    """

    kind: ActorKind
    name: str = ""

    def __str__(self) -> str:
        """Return `console`, `root over the socket` or the name of the account."""
        if self.kind is ActorKind.SOCKET and self.name:
            return f"{self.name} over the socket"
        return self.name or self.kind.value


CONSOLE: Final = Actor(ActorKind.CONSOLE)

MAX_AUDIT_ENTRIES: Final = 10_000
"""How many entries of the audit are kept; the oldest ones are removed."""


class AuditEntry(NamedTuple):
    """An act of an administrator: a command of the console that took effect.

    `act` is the name of the command. `subject` is the user, account or address that it acted on,
    or the names of several users; "" where there is none, like `room` and `reason`.
    """

    time: float
    actor: Actor
    act: str
    subject: str = ""
    room: str = ""
    minutes: int | None = None
    reason: str = ""

    def fields(self) -> dict[str, object]:
        """Return all but the time, as programs read it; None stands for what there is not."""
        return {
            "via": self.actor.kind.value,
            "actor": self.actor.name or None,
            "act": self.act,
            "subject": self.subject or None,
            "room": self.room or None,
            "minutes": self.minutes,
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """A token with which a client resumes as `account` without its password (spec section 7).

    The token itself is never stored: `digest` is its SHA-256 in hexadecimal. `last_seen` is when a
    client that holds the token was last connected.
    """

    digest: str
    account: str
    last_seen: float


@dataclass(frozen=True, slots=True)
class RememberedToken:
    """A token with which a client logs in to `account` without its password.

    The token itself is never stored: `digest` is its SHA-256 in hexadecimal.
    """

    digest: str = field(repr=False)
    account: str
    created: float
    last_used: float


@dataclass(frozen=True, slots=True)
class AccountKey:
    """A certificate whose holder may log in to an account; it was added at the time `added`.

    `fingerprint` is the SHA-256 of its DER form in hexadecimal, in lower case.
    """

    fingerprint: str
    added: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The contents of a store when it is opened, as far as the server keeps them in memory.

    Rooms are in the order in which they were created, accounts in that of their registration.
    `admins` has the ids of the accounts that are administrators, `ignores` the id of each account
    that ignores another one, and the other one. `pruned_at` is what `set_pruned_at` was given last,
    None if it was never called. `ended_private` has the key of each room that was private when it
    ended and was not started again, and the id of the account that owned it.
    """

    rooms: Sequence[RoomRecord] = ()
    accounts: Sequence[AccountRef] = ()
    bans: Sequence[Ban] = ()
    pruned_at: float | None = None
    admins: Sequence[int] = ()
    ignores: Sequence[tuple[int, AccountRef]] = ()
    ended_private: Sequence[tuple[str, int | None]] = ()


@dataclass(frozen=True, slots=True)
class ReadMark:
    """How far an account has read a room: through the message `id`."""

    account: int
    room: str
    id: int


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A private message that is kept for an account that is away.

    `id` is given by the store, in the order in which the messages were kept. `account` is the id of
    the sender's account, None for a guest. `origin` is the `network.limit_key` of a guest's
    address, None for an account. For limits a sender is an account, or all guests of an origin.
    """

    id: int
    sender: str
    account: int | None
    text: str = field(repr=False)
    time: float
    origin: str | None = None


class RoomUsage(NamedTuple):
    """The stored messages of a room: their bytes, and the second in which the newest was said."""

    size: int
    last_time: float


def ids_to_reserve(last_id: int) -> int:
    """Return how many message ids beyond `last_id` are reserved for a room.

    Messages are delivered before they are stored. After a crash a room continues behind the
    reserved ids, so that no id that a client has seen is given to another message. The number
    returned is thus the gap that a crash may leave, and how many messages a room can take while the
    store is unavailable.
    """
    return 16384 + last_id // 64


def is_only_reserved(first_id: int, last_id: int) -> bool:
    """Return whether crashes alone can have raised a room's last id from `first_id` to `last_id`.

    If so, and no message of the room is stored, nothing was said in it.
    """
    while first_id < last_id:
        first_id += ids_to_reserve(first_id)
    return first_id == last_id
