"""Presence: which users somebody can see, and which of them are away."""

from __future__ import annotations

from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.ports import ILog
from chatd.core.profiles import Profile
from chatd.core.rooms import Member, Origin, User
from chatd.core.world import rights
from chatd.core.world.operations import SetAway, SetProfile
from chatd.core.world.world import World

MAX_AWAY: Final = 400
"""How many bytes an away message has at most: a list of members shows many of them."""


class Presence:
    """The rules of `who` and `away`."""

    def __init__(self, world: World, log: ILog) -> None:
        self._world = world
        self._log = log

    def members(self, user: User, room_id: str | None) -> dict[User, Member]:
        """Return the members of a room in the order of joining.

        Without `room_id` these are all users that share a room with `user`, who is one of them.
        Raises `ChatError` if there is no such room for the user, or the user is in none.
        """
        if room_id is not None:
            return rights.require_listed(self._world, room_id, user).members
        if not user.rooms:
            raise ChatError(ErrorCode.IN_NO_ROOM)
        seen: dict[User, Member] = {}
        for room in user.rooms:
            for other, member in room.members.items():
                seen.setdefault(other, member)
        return seen

    async def set_away(self, origin: Origin, text: str | None, now: float) -> None:
        """Let the user of `origin` be away with the message `text`, or present if it is blank."""
        if not origin.user.name:
            raise ChatError(ErrorCode.IN_NO_ROOM)
        text = (text or "").strip()
        if len(text.encode()) > MAX_AWAY:
            raise ChatError(ErrorCode.TOO_LONG, limit=MAX_AWAY)
        await self._log.submit(SetAway(origin.key, text or None, now), origin)

    async def set_profile(self, origin: Origin, profile: Profile, now: float) -> None:
        """Note what the client of `origin` tells about its user."""
        await self._log.submit(SetProfile(origin.key, origin.address, profile, now), origin)
