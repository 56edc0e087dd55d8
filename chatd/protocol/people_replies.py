"""Replies about users: who is here, who is away. As in `chatd.protocol.replies`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Final

from chatd.core.rooms import Member, Role, User
from chatd.protocol.replies import MAX_MEMBERS, Result

MAX_HERE: Final = 20
"""How many users are named to one who joins a room."""


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """A member of a room: the name, the role there if there is one, and the away message."""

    name: str
    role: str | None = None
    away: str | None = None


@dataclass(frozen=True, slots=True)
class MemberList(Result):
    """The first users of a room, or of all rooms of the reader; `more` users follow."""

    command: ClassVar[str] = "who"
    members: tuple[MemberInfo, ...]
    more: int = 0

    @classmethod
    def of(cls, members: Mapping[User, Member]) -> MemberList:
        """Return the list of the first `MAX_MEMBERS` of `members`."""
        shown = tuple(
            MemberInfo(
                user.name,
                None if member.role is Role.NONE else member.role.value,
                None if user.away is None else user.away.text,
            )
            for user, member in islice(members.items(), MAX_MEMBERS)
        )
        return cls(shown, len(members) - len(shown))


@dataclass(frozen=True, slots=True)
class OthersHere(Result):
    """The names of the first other users of the room that the user has joined; `more` follow."""

    command: ClassVar[str] = "join"
    names: tuple[str, ...]
    more: int = 0

    @classmethod
    def of(cls, members: Collection[User], reader: User) -> OthersHere | None:
        """Return the first `MAX_HERE` of `members` except `reader`, None if nobody else is here."""
        others = (user.name for user in members if user is not reader)
        names = tuple(islice(others, MAX_HERE))
        count = len(members) - (reader in members)
        return cls(names, count - len(names)) if names else None


@dataclass(frozen=True, slots=True)
class AwaySet(Result):
    """The user is away with a message, or back."""

    command: ClassVar[str] = "away"
    away: str | None = None


@dataclass(frozen=True, slots=True)
class Ignored(Result):
    """The user ignores the users `names`: the one asked for, or all."""

    command: ClassVar[str] = "ignore"
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unignored(Result):
    """The user does not ignore the user `name` any more."""

    command: ClassVar[str] = "unignore"
    name: str
