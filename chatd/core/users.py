"""Users: a guest or the holder of an account, from the first session to the end of the last one.

A user is not a connection: an account's user may have several sessions (`Origin`), which share the
user's name and rooms. Nothing here checks a right or tells anybody anything: that is chat.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Address, DisconnectReason

if TYPE_CHECKING:
    from chatd.core.rooms import Member, Room


class User:
    """A guest or the holder of an account: a name ("" until the first join or login) and rooms.

    `account` is the identity of the account that the user is logged in to; its name is then the
    user's name. `address` is that of the oldest session. `rooms` has the user's membership in each
    room, in the order of joining. A `closed` user has no session any more and can do nothing.
    """

    __slots__ = ("account", "address", "closed", "name", "rooms")

    def __init__(self, address: Address | None) -> None:
        self.name = ""
        self.account: int | None = None
        self.address = address
        self.closed = False
        self.rooms: dict[Room, Member] = {}


class Origin(Protocol):
    """The session that a request comes from: what the rules need of it, nothing of its connection.

    `current_room` is the room that the session's messages go to. `followed_rooms` are the user's
    rooms that another session joined and this one has not joined itself. Both change with the
    user's rooms, by way of the events.
    """

    user: User
    address: Address
    closed: bool
    current_room: Room | None
    followed_rooms: frozenset[Room]

    def disconnect(self, reason: DisconnectReason, /) -> None:
        """Tell the client why, and end the session."""


def ensure_active(origin: Origin) -> None:
    """Raise `ChatError` if the session or its user has ended while a request was carried out."""
    if origin.closed or origin.user.closed:
        raise ChatError(ErrorCode.SESSION_CLOSED)
