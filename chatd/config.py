"""The options of the server as plain values; daemon/tap.py reads them from the command line.

Every layer may import this module, so it imports none of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

BYTE_RATE: Final = 8192
"""How many bytes a second a connection may send by default."""

MIN_PASSWORD: Final = 8
"""How many bytes a new password has at least, by default."""

MAX_PASSWORD: Final = 1024
"""How many bytes a password has at most."""

UNREGISTERED_MAX_FRAME: Final = 2048
"""The longest frame of a client that has not joined or logged in, in bytes.

A name, a password and the id of a room need no more.
"""


class RoomCreators(StrEnum):
    """The users that may create rooms; the administrator always may."""

    EVERYONE = "everyone"
    ACCOUNTS = "accounts"
    NOBODY = "nobody"


class Registrants(StrEnum):
    """The users that may register an account; the administrator always may."""

    EVERYONE = "everyone"
    NOBODY = "nobody"


@dataclass(frozen=True)
class RoomPolicy:
    """The rules for rooms.

    `rooms_per_client` is how many rooms a user may be in at once, `rooms_per_account` how many
    rooms an account may own, 0 for any number. With `require_login`, guests may not join rooms.
    """

    rooms_per_client: int = 1
    rooms_per_account: int = 20
    room_creators: RoomCreators = RoomCreators.EVERYONE
    require_login: bool = False


@dataclass(frozen=True)
class Limits:
    """How much of the server a connection, an address and an account may use.

    `max_frame`, `max_message` and `send_queue` are bytes, `rate` is frames a second, `burst` frames
    at once, `byte_rate` and `byte_burst` are the same in bytes, `first_frame` and `idle_timeout`
    are seconds, the others connections. 0 is no limit, except for `max_frame`, `max_message`,
    `send_queue` and `sessions_per_account`, which have to be positive. `max_message` is that of
    `max_frame` if it is None, and `byte_rate` is `BYTE_RATE`, or no limit if `rate` is none.
    """

    max_frame: int = 16384
    max_message: int | None = None
    send_queue: int = 1048576
    rate: int = 5
    burst: int = 20
    byte_rate: int | None = None
    byte_burst: int = 32768
    first_frame: int = 60
    idle_timeout: int = 0
    max_clients: int = 10000
    max_per_address: int = 64
    sessions_per_account: int = 8

    @property
    def bytes_per_second(self) -> int:
        """How many bytes a second a connection may send; 0 is no limit."""
        if not self.byte_burst:
            return 0
        if self.byte_rate is None:
            return BYTE_RATE if self.rate else 0
        return self.byte_rate

    @property
    def message(self) -> int:
        """The longest message, in bytes."""
        return self.max_frame if self.max_message is None else self.max_message

    def frame(self, registered: bool) -> int:
        """Return the longest frame that is accepted, in bytes.

        `registered` tells whether the client has joined or logged in.
        """
        return self.max_frame if registered else min(self.max_frame, UNREGISTERED_MAX_FRAME)

    def queue(self, registered: bool) -> int:
        """Return how much output may wait for one client, in bytes."""
        return self.send_queue if registered else self.send_queue // 2


_TLS_PORT: Final = re.compile(r"(?:haproxy:)?ssl:(?:.*?:)??(?:port=)?([0-9]+)(?::|$)")


@dataclass(frozen=True)
class Irc:
    """The IRC gateway: the endpoints where it listens, and its options.

    `name` is that of the server, "" for the name of the machine; `rooms` is how many rooms a user
    may be in. With `plaintext_login` passwords are taken from other machines without TLS. For `sts`
    seconds a client uses TLS alone that has connected with it, 0: as it likes.
    """

    listen: tuple[str, ...] = ()
    name: str = ""
    network: str = "chatd"
    rooms: int = 100
    plaintext_login: bool = False
    sts: int = 0

    @property
    def tls_port(self) -> str:
        """The port of the first endpoint with TLS, "" if there is none."""
        found = map(_TLS_PORT.match, self.listen)
        return next((each[1] for each in found if each is not None), "")


@dataclass(frozen=True)
class Config:
    """All options, each with its default; `rooms` are pairs of an id and a name."""

    listen: tuple[str, ...] = ("tcp:9999:interface=localhost",)
    store: str = "sqlite:///chatd.db"
    rooms: tuple[tuple[str, str], ...] = ()
    rules: RoomPolicy = field(default_factory=RoomPolicy)
    max_rooms: int = 1000
    registrants: Registrants = Registrants.EVERYONE
    replay: int = 0
    keep: int = 0
    keep_secrets: int = 7
    room_history: int = 0
    hide_addresses: bool = False
    trace: bool = False
    console: bool = True
    admin: str = "chatd-admin.sock"
    motd: str = ""
    metrics: str = ""
    irc: Irc = field(default_factory=Irc)
    min_password: int = MIN_PASSWORD
    limits: Limits = field(default_factory=Limits)
