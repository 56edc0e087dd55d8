"""Moderation in rooms: what operators do to users there, and who may become a member or operator.

Roles, bans, mutes and invitations of accounts are in the store before they take effect, as are the
bans and mutes of guests. The rules are in `chatd.core.world.moderation_rules` and
`membership_rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.names import new_name, typed_name
from chatd.core.ports import ILog, StoredAccess
from chatd.core.records import AccessChanges, AccessKind, RoomAccess
from chatd.core.rooms import Origin, Role, Room, User
from chatd.core.world import invitations, membership_rules, moderation_rules, rights
from chatd.core.world.operations import By
from chatd.core.world.room_operations import (
    Invite,
    Kick,
    LiftRestriction,
    MemberRef,
    Restrict,
    SetRole,
)
from chatd.core.world.world import World

MAX_REASON: Final = 390
"""How many bytes the reason of a kick or a ban has at most: it is read on one line."""

INVITATION_SECONDS: Final = 24 * 60 * 60
"""For how many seconds an invitation is good that nobody has used."""

_LAST_TIME: Final = 253402300799.0
"""The last second of the year 9999: no later time can be shown."""

_KINDS: Final = {Role.OPERATOR: AccessKind.OPERATOR, Role.VOICE: AccessKind.VOICE}


class RoomModeration:
    """The rights of operators over users; a call raises `ChatError` if it is refused.

    `by` is the user who acts, by the session `origin`, or the administrator, without one. Results
    have the names of users and rooms as they are spelled.
    """

    def __init__(self, world: World, log: ILog, stored: StoredAccess) -> None:
        self._world = world
        self._log = log
        self._stored = stored

    # -- roles

    async def set_role(
        self,
        by: By,
        name: str,
        room: Room,
        role: Role,
        now: float,
        *,
        former: Role | None = None,
        origin: Origin | None = None,
    ) -> MemberRef:
        """Give a user or an account a role in a room; if `former` is given, they must have that."""
        operation = SetRole(by, room.key, typed_name(name), role, former, now)

        def changes() -> AccessChanges:
            _, target = membership_rules.check_set_role(self._world, operation)
            if target.account is None:  # a guest has the role while they stay
                return AccessChanges()
            account, author = target.account, rights.actor_name(self._world, by)
            entries = {
                kind: RoomAccess(kind, account.name, account.id, by=author, created=now)
                for kind in _KINDS.values()
            }
            added = [entries.pop(_KINDS[role])] if role in _KINDS else []
            return AccessChanges(added, list(entries.values()))

        return await self._stored.change_access(room, operation, changes, origin)

    # -- kick, mute, ban

    async def kick(
        self, by: By, name: str, room: Room, reason: str, now: float, origin: Origin | None = None
    ) -> MemberRef:
        """Remove a user from a room; the user and the room read who did it, and the reason."""
        kick = Kick(by, room.key, room.id, typed_name(name), one_line(reason), now)
        return await self._log.submit(kick, origin)

    async def mute(
        self,
        by: By,
        name: str,
        room: Room,
        minutes: int | None,
        now: float,
        origin: Origin | None = None,
    ) -> MemberRef:
        """Mute a user or an account in a room, for some minutes or, if None, until `unmute`."""
        return await self._restrict(by, name, room, minutes, "", now, origin, is_ban=False)

    async def ban(
        self,
        by: By,
        name: str,
        room: Room,
        minutes: int | None,
        reason: str,
        now: float,
        origin: Origin | None = None,
        *,
        of_name: bool = False,
    ) -> MemberRef:
        """Ban a user or an account from a room, for some minutes or, if None, until `unban`.

        If nobody has the name, `of_name` bans whoever takes it.
        """
        return await self._restrict(
            by, name, room, minutes, reason, now, origin, is_ban=True, of_name=of_name
        )

    async def unmute(
        self, by: By, name: str, room: Room, now: float, origin: Origin | None = None
    ) -> MemberRef:
        """Let a user or an account talk in a room again."""
        return await self._lift(by, name, room, now, origin, is_ban=False)

    async def unban(
        self, by: By, name: str, room: Room, now: float, origin: Origin | None = None
    ) -> MemberRef:
        """Let a user or an account join a room again."""
        return await self._lift(by, name, room, now, origin, is_ban=True)

    def restrictions(self, by: By, room: Room) -> Sequence[RoomAccess]:
        """Return the bans and mutes of a room, for its operators."""
        rights.check_rank(self._world, by, room, rights.Rank.OPERATOR)
        seconds = self._log.seconds()
        return [*room.bans.entries(seconds), *room.mutes.entries(seconds)]

    async def _restrict(
        self,
        by: By,
        name: str,
        room: Room,
        minutes: int | None,
        reason: str,
        now: float,
        origin: Origin | None,
        *,
        is_ban: bool,
        of_name: bool = False,
    ) -> MemberRef:
        ends = None if minutes is None else self._log.seconds() + 60 * minutes
        until = None if minutes is None else min(now + 60 * minutes, _LAST_TIME)
        wanted, reason = typed_name(name), one_line(reason)
        is_known = self._world.find_user(name) or self._world.find_account(name)
        if of_name and not is_known:
            wanted = new_name(name)
        operation = Restrict(
            by, room.key, wanted, is_ban, minutes, ends, until, reason, now, of_name
        )

        def changes() -> AccessChanges:
            seconds = self._log.seconds()
            _, _, entry, former = moderation_rules.check_restrict(self._world, operation, seconds)
            # The name of a guest may have changed: the store knows the former entry by its name.
            return AccessChanges([entry], [] if former is None else [former.entry])

        return await self._stored.change_access(room, operation, changes, origin)

    async def _lift(
        self, by: By, name: str, room: Room, now: float, origin: Origin | None, *, is_ban: bool
    ) -> MemberRef:
        operation = LiftRestriction(by, room.key, typed_name(name), is_ban, now)

        def changes() -> AccessChanges:
            current, lifted, _ = moderation_rules.check_lift(self._world, operation)
            entry = lifted.entry
            # The store has one entry for the guests who were restricted under the same name.
            others = moderation_rules.restrictions_of(current, is_ban=is_ban).removing(lifted)
            same = [each.entry for each in others if each.entry.subject == entry.subject]
            return AccessChanges(same[-1:], [entry])

        return await self._stored.change_access(room, operation, changes, origin)

    # -- invitations

    async def invite(self, origin: Origin, name: str, room: Room, now: float) -> MemberRef:
        """Let a user or an account join a room once; the user is told."""
        ends, until = self._log.seconds() + INVITATION_SECONDS, now + INVITATION_SECONDS
        operation = Invite(By(origin.key), room.key, typed_name(name), ends, until, now)

        def changes() -> AccessChanges:
            _, target, entry = membership_rules.check_invite(self._world, operation)
            is_stored = target.account is not None and not membership_rules.is_ignored(
                self._world, operation, target
            )
            return AccessChanges([entry] if is_stored else [])

        return await self._stored.change_access(room, operation, changes, origin)

    def invitations_of(self, user: User) -> Sequence[Room]:
        """Return the rooms to which a user is invited and has not joined since."""
        subject = invitations.subject_of(user)
        return self._world.invitations.rooms_of(subject, self._log.seconds())


def one_line(reason: str) -> str:
    """Return a reason on one line; raise `ChatError` if it is too long."""
    reason = " ".join(reason.split())
    if len(reason.encode()) > MAX_REASON:
        raise ChatError(ErrorCode.REASON_TOO_LONG, limit=MAX_REASON)
    return reason
