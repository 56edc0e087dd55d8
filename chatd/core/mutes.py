"""Mutes: users who may not talk in a room, for some minutes or until they may again.

An account is muted as such, and stays so when it leaves and comes back. A guest is muted as the
user, whatever the name; after the guest has gone, a guest with the same name or address counts as
the same one. Mutes are kept in memory: a restart, or the end of the room, ends them. They end by
the clock that measures durations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chatd.core.chat import Chat
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Muted, Unmuted
from chatd.core.lookalikes import name_keys
from chatd.core.network import limit_key
from chatd.core.ports import Directory, IBus
from chatd.core.rooms import Room, User


@dataclass(slots=True)
class Mute:
    """The mute of an account or, if `account` is None, of a guest, until the time `ends`."""

    name: str
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
        return self.is_named(user.name) or (
            limit_key(user.address) is not None
            and limit_key(user.address) == limit_key(guest.address)
        )

    def is_named(self, name: str) -> bool:
        """Tell whether `name` counts as the name of the user who is muted."""
        return bool(name) and name_keys(name).same_as(name_keys(self.name))


class RoomMutes:
    """The mutes of one room, which has this object only while somebody is muted there."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._mutes: list[Mute] = []

    def add(self, mute: Mute) -> None:
        """Add a mute."""
        self._mutes.append(mute)

    def remove(self, mute: Mute) -> None:
        """Remove a mute."""
        self._mutes.remove(mute)

    def active(self) -> list[Mute]:
        """Return the mutes that have not ended; those of guests have their names of now."""
        now = self._seconds()
        self._mutes = [mute for mute in self._mutes if mute.ends is None or mute.ends > now]
        for mute in self._mutes:
            if mute.guest is not None and mute.guest.name:
                mute.name = mute.guest.name
        return self._mutes

    def check(self, user: User, room: Room) -> None:
        """Raise `ChatError` if `user` may not talk in `room`, whose mutes these are."""
        mutes = self.active()
        if not mutes:
            room.mutes = None
        elif any(mute.is_on(user) for mute in mutes):
            raise ChatError(ErrorCode.MUTED, room=room.id, room_name=room.name)


class Mutes:
    """The administrator's power to mute users. `seconds` is the clock that measures durations."""

    def __init__(
        self, directory: Directory, chat: Chat, bus: IBus, seconds: Callable[[], float]
    ) -> None:
        self._directory = directory
        self._chat = chat
        self._bus = bus
        self._seconds = seconds

    def mute(
        self, name: str, room_id: str, minutes: int | None, by: str, now: float
    ) -> tuple[str, Room]:
        """Mute a user or an account in a room; return its name and the room.

        For some minutes or, if None, until `unmute`. A user who is muted already is muted for that
        time instead. The room and the user are told. Raises `ChatError`.
        """
        room = self._chat.room(room_id)
        ends = None if minutes is None else self._seconds() + 60 * minutes
        mute = self._mute_on(name, ends)
        if room.mutes is None:
            room.mutes = RoomMutes(self._seconds)
        former = self._find(room.mutes, mute.name)
        if former is not None:
            room.mutes.remove(former)
        room.mutes.add(mute)
        muted = Muted(room.id, mute.name, by, now, minutes, room.name)
        self._bus.publish(room, muted, self._member(mute, room))
        return mute.name, room

    def unmute(self, name: str, room_id: str, by: str, now: float) -> tuple[str, Room]:
        """Let a user or an account talk again; return its name and the room.

        The room and the user are told. Raises `ChatError`.
        """
        room = self._chat.room(room_id)
        mute = None if room.mutes is None else self._find(room.mutes, name)
        if room.mutes is None or mute is None:
            raise ChatError(ErrorCode.NOT_MUTED, name=name, room=room.id)
        room.mutes.remove(mute)
        if not room.mutes.active():
            room.mutes = None
        unmuted = Unmuted(room.id, mute.name, by, now, room.name)
        self._bus.publish(room, unmuted, self._member(mute, room))
        return mute.name, room

    def _mute_on(self, name: str, ends: float | None) -> Mute:
        user = self._chat.find_user(name)
        if user is not None:
            guest = user if user.account is None else None
            return Mute(user.name, user.account, guest, ends)
        account = self._directory.find_account(name)
        if account is None:
            raise ChatError(ErrorCode.NO_SUCH_USER, name=name)
        return Mute(account.name, account.id, None, ends)

    def _find(self, mutes: RoomMutes, name: str) -> Mute | None:
        """Return the mute of the user or the account `name`, or of a guest who had that name."""
        user, account = self._chat.find_user(name), self._directory.find_account(name)
        for mute in mutes.active():
            if user is not None and mute.is_on(user):
                return mute
            if account is not None and mute.account == account.id:
                return mute
            if mute.guest is not None and mute.is_named(name):
                return mute
        return None

    def _member(self, mute: Mute, room: Room) -> User | None:
        """Return the user who is muted, if that is a member of `room`."""
        return next((user for user in room.members if mute.is_on(user)), None)
