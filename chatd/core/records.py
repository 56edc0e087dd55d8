"""What lasts, as plain facts: what the store is given and gives back.

Messages are `events.Said`. Times are seconds since the epoch (UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room: its id and name as it was started; no message in it has an id above `count`."""

    id: str
    name: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """A registered account.

    `id` is given by the store and never given to another account, even after this one is removed.
    `name` is spelled as it was registered.
    """

    id: int
    name: str
    password_hash: str = field(repr=False)
    registered_at: float


class AccountRef(NamedTuple):
    """The id and the name of an account: what the directory needs to know of it."""

    id: int
    name: str


class BanKind(StrEnum):
    """What a ban is on: a name, be it of a guest or of an account, or an address or network."""

    NAME = "name"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Ban:
    """Somebody is not to come here: a name or an address, until `until` or, if None, for ever."""

    kind: BanKind
    subject: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """A client that may come back as `account` without its password (spec section 7).

    `digest` is that of its session secret, `seen` when it was last here.
    """

    digest: str
    account: str
    seen: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a store holds that is kept in memory, as it is opened.

    Rooms are in the order in which they were started, accounts in that of their registration.
    """

    rooms: Sequence[RoomRecord] = ()
    accounts: Sequence[AccountRef] = ()
    bans: Sequence[Ban] = ()


def ids_to_reserve(count: int) -> int:
    """Return how many ids beyond its count are reserved for a room.

    Messages are delivered before they are stored. So that no id which anybody has seen is given out
    again after a crash, a room then goes on behind the ids reserved: this is the gap it may leave,
    and how many messages a room can take while the store cannot be reached.
    """
    return 16384 + count // 64
