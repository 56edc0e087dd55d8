"""Mutes: users who may not talk in a room, for some minutes or until they may again.

An account is muted as such, and stays so when it leaves and comes back. A guest is muted as the
user, whatever the name; after the guest has gone, a guest with the same name or address counts as
the same one. Mutes are kept in memory: a restart, or the end of the room, ends them. They end by
the clock that measures durations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import NameKeys
from chatd.core.network import limit_key
from chatd.core.rooms import Room, User


@dataclass(slots=True)
class Mute:
    """The mute of an account or, if `account` is None, of a guest, until the time `ends`."""

    name: str
    keys: NameKeys
    account: int | None
    guest: User | None
    ends: float | None

    def is_on(self, user: User) -> bool:
        """Tell whether the mute is one of `user`."""
        if self.account is not None:
            return user.account == self.account
        guest = self.guest
        if guest is None or user is guest:
            return user is guest
        if user.account is not None or not guest.closed:
            return False
        origin = limit_key(user.address)
        return (user.keys is not None and self.keys.same_as(user.keys)) or (
            origin is not None and origin == limit_key(guest.address)
        )


class RoomMutes:
    """The mutes of one room, which has this object only while somebody is muted there."""

    def __init__(self) -> None:
        self._mutes: list[Mute] = []

    def __len__(self) -> int:
        return len(self._mutes)

    def add(self, mute: Mute) -> None:
        """Add a mute."""
        self._mutes.append(mute)

    def remove(self, mute: Mute) -> None:
        """Remove a mute."""
        self._mutes.remove(mute)

    def remove_ended(self, now: float) -> None:
        """Remove the mutes that have ended."""
        self._mutes = list(self.active(now))

    def active(self, now: float) -> Iterable[Mute]:
        """Return the mutes that have not ended."""
        return [mute for mute in self._mutes if mute.ends is None or mute.ends > now]

    def note_name(self, user: User) -> None:
        """Let the mutes of a guest have the name that the guest has now."""
        for mute in self._mutes:
            if mute.guest is user and user.keys is not None:
                mute.name, mute.keys = user.name, user.keys

    def check(self, user: User, room: Room, now: float) -> None:
        """Raise `ChatError` if `user` may not talk in `room`, whose mutes these are."""
        if any(mute.is_on(user) for mute in self.active(now)):
            raise ChatError(ErrorCode.MUTED, room=room.id, room_name=room.name)
