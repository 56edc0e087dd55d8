"""The names of the users who are present, names that are held, and names that are reserved.

A name is held for a guest whose connection was lost, and who has a resume token: for a minute the
name is for that token alone. Otherwise another user who makes the server abort the connection could
take the name before the guest is back. A name is reserved while its account is being registered.
"""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import Final, NamedTuple

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.lookalikes import NameKeys
from chatd.core.nameindex import NameIndex
from chatd.core.names import Name
from chatd.core.network import limit_key
from chatd.core.rooms import SessionKey, User

HOLD_SECONDS: Final = 60.0
"""How long a name is held."""

MAX_HELD: Final = 10_000
"""How many names are held at once."""

MAX_HELD_PER_ORIGIN: Final = 64
"""How many names are held at once for users from one address."""


class _HeldName(NamedTuple):
    """A name that is held until a time."""

    keys: NameKeys
    until: float


class UserNames:
    """The names that users have, and that nobody else can take.

    Names beyond the limits are not held. Addresses of this machine have no limit of their own.
    """

    def __init__(self) -> None:
        # Also the users who have ended, as long as their names are held.
        self._users: NameIndex[User] = NameIndex()
        self._held: dict[User, _HeldName] = {}
        self._held_by_origin: Counter[str] = Counter()
        self._reservations: NameIndex[SessionKey] = NameIndex()
        self._reserved: dict[SessionKey, Name] = {}

    def count(self, now: float) -> int:
        """Return the number of names that are taken at the time `now`."""
        ended = sum(1 for _ in takewhile(lambda held: held.until <= now, self._held.values()))
        return len(self._users) + len(self._reservations) - ended

    @property
    def present(self) -> int:
        """The number of users who have a name: nobody has one that is held or reserved."""
        return len(self._users) - len(self._held)

    def find(self, keys: NameKeys) -> User | None:
        """Return the user who has a name, or one that counts as the same."""
        user = self._users.find(keys)
        return user if user is not None and user.name else None

    def check_free(self, name: Name, session: SessionKey | None, now: float, *users: User) -> None:
        """Raise `ChatError` if others than `users` have a name, or another session reserves it."""
        for holder in self._users.find_all(name.keys):
            held = self._held.get(holder)
            if holder not in users and (held is None or held.until > now):
                raise ChatError(ErrorCode.NAME_IN_USE, name=holder.name or name.text)
        for other in self._reservations.find_all(name.keys):
            if other != session:
                raise ChatError(ErrorCode.NAME_IN_USE, name=name.text)

    def assign(self, user: User, name: Name | None) -> None:
        """Give a user a name that is free, or none, and release the former one."""
        if user.keys is not None:
            self._users.remove(user.keys, user)
        user.name, user.keys = ("", None) if name is None else name
        if user.keys is not None:
            self._users.add(user.keys, user)

    # -- names that are held

    def hold(self, user: User, now: float) -> None:
        """Take the name from a user who has lost the connection; nobody gets it for a while."""
        origin = limit_key(user.address)
        is_full = len(self._held) >= MAX_HELD
        if is_full or (origin is not None and self._held_by_origin[origin] >= MAX_HELD_PER_ORIGIN):
            self.assign(user, None)
        elif user.keys is not None:
            if origin is not None:
                self._held_by_origin[origin] += 1
            self._held[user] = _HeldName(user.keys, now + HOLD_SECONDS)
            user.name, user.keys = "", None

    def end_hold(self, user: User) -> None:
        """Release the name that is held for a user, if one is."""
        held = self._held.pop(user, None)
        if held is None:
            return
        self._users.remove(held.keys, user)
        origin = limit_key(user.address)
        if origin is not None:
            self._held_by_origin[origin] -= 1
            if not self._held_by_origin[origin]:
                del self._held_by_origin[origin]

    def end_holds(self, now: float) -> None:
        """Release the names that have been held long enough: those that came first."""
        while self._held:
            user = next(iter(self._held))
            if self._held[user].until > now:
                return
            self.end_hold(user)

    # -- names that are reserved

    def reserve(self, session: SessionKey, name: Name) -> None:
        """Reserve a name that is free, and release the one that was reserved before."""
        self.release(session)
        self._reserved[session] = name
        self._reservations.add(name.keys, session)

    def release(self, session: SessionKey) -> None:
        """Release the name that is reserved for a session, if one is."""
        name = self._reserved.pop(session, None)
        if name is not None:
            self._reservations.remove(name.keys, session)

    def release_all(self, node: str) -> None:
        """Release the names that are reserved for sessions of a server."""
        for session in [session for session in self._reserved if session.node == node]:
            self.release(session)
