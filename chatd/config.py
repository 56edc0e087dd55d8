"""What the operator can choose, as plain values (spec section 1); daemon/tap.py reads them.

Every layer may import this module, so it imports none of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

UNREGISTERED_MAX_FRAME: Final = 2048
"""The longest frame, in bytes, of a client without a name: name, password and room need no more."""


class RoomCreators(StrEnum):
    """Who may create rooms, beside the administrator."""

    EVERYONE = "everyone"
    ACCOUNTS = "accounts"
    NOBODY = "nobody"


@dataclass(frozen=True)
class RoomPolicy:
    """The rules for rooms.

    `rooms_per_client`: how many rooms a user may be in at once; `require_login`: guests may not
    join.
    """

    rooms_per_client: int = 1
    room_creators: RoomCreators = RoomCreators.EVERYONE
    require_login: bool = False


@dataclass(frozen=True)
class Limits:
    """How much of the server a connection, an address and an account may use.

    `max_frame` and `send_queue` are bytes, `rate` is frames a second, `burst` frames at once,
    `first_frame` and `idle_timeout` are seconds, the others connections. 0 is no limit, except for
    `max_frame`, `send_queue` and `sessions_per_account`, which have to be positive.
    """

    max_frame: int = 16384
    send_queue: int = 1048576
    rate: int = 5
    burst: int = 20
    first_frame: int = 60
    idle_timeout: int = 0
    max_clients: int = 10000
    max_per_address: int = 64
    sessions_per_account: int = 8

    def frame(self, registered: bool) -> int:
        """Return the longest frame accepted, in bytes."""
        return self.max_frame if registered else min(self.max_frame, UNREGISTERED_MAX_FRAME)

    def queue(self, registered: bool) -> int:
        """Return how much output may wait for one client, in bytes."""
        return self.send_queue if registered else self.send_queue // 2


@dataclass(frozen=True)
class Config:
    """The options, each with its default."""

    listen: tuple[str, ...] = ("tcp:9999:interface=localhost",)
    store: str = "sqlite:///chatd.db"
    rooms: tuple[tuple[str, str], ...] = ()
    rules: RoomPolicy = field(default_factory=RoomPolicy)
    max_rooms: int = 1000
    replay: int = 0
    keep: int = 0
    hide_addresses: bool = False
    trace: bool = False
    console: bool = True
    admin: str = "chatd-admin.sock"
    motd: str = ""
    metrics: str = ""
    limits: Limits = field(default_factory=Limits)
