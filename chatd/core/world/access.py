"""Access to rooms: the steps that rules share which change bans, mutes, roles and invitations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from chatd.core.events import LeaveReason
from chatd.core.lookalikes import name_keys
from chatd.core.records import AccessKind, AccountRef, RoomAccess
from chatd.core.restrictions import Restriction
from chatd.core.rooms import Role, Room, User
from chatd.core.world.effects import InvitationChanged, RoomSettled
from chatd.core.world.invitations import Invitation, subject_of
from chatd.core.world.tokens import ACCOUNT_RESUME_SECONDS, GUEST_RESUME_SECONDS

if TYPE_CHECKING:
    from chatd.core.world.world import World

ROLES: Final = {AccessKind.OPERATOR: Role.OPERATOR, AccessKind.VOICE: Role.VOICE}
"""The roles that the entries of a room's access list give."""


def end_restrictions(world: World, seconds: float) -> None:
    """Remove the bans and mutes that have ended until `seconds`."""
    for room in world.restriction_ends.take_ended(seconds):
        room.bans, room.mutes = room.bans.active(seconds), room.mutes.active(seconds)
        room.note_restrictions()


def load(world: World, room: Room, entry: RoomAccess, now: float, seconds: float) -> None:
    """Load an entry of a room's access list from the store, where times are by the wall clock.

    `now` is the wall time, `seconds` that of durations.
    """
    ends = None if entry.until is None else seconds + entry.until - now
    if entry.kind in {AccessKind.BAN, AccessKind.MUTE}:
        restrict(world, room, Restriction(entry, name_keys(entry.name), ends=ends))
    elif entry.account is None:
        return
    elif entry.kind in {AccessKind.INVITATION, AccessKind.MEMBER}:
        if ends is None:  # the connection is lost now
            ends = seconds + ACCOUNT_RESUME_SECONDS
        world.invitations.add(room, entry.account, Invitation(entry, ends))
    else:
        room.roles[entry.account] = ROLES[entry.kind]


def entries(world: World, room: Room) -> list[RoomAccess]:
    """Return the access list of a room, as the store has it."""
    restrictions = (*room.bans.active(world.seconds), *room.mutes.active(world.seconds))
    kinds = {role: kind for kind, role in ROLES.items()}
    roles = [
        RoomAccess(kinds[role], ref.name, account)
        for account, role in room.roles.items()
        if (ref := world.accounts.by_id(account)) is not None
    ]
    return [
        *(each.entry for each in restrictions),
        *roles,
        *world.invitations.entries(room, world.seconds),
    ]


# -- bans and mutes


def restrict(world: World, room: Room, restriction: Restriction) -> None:
    """Add a ban or a mute to a room."""
    if restriction.entry.kind is AccessKind.BAN:
        room.bans = room.bans.adding(restriction)
    else:
        room.mutes = room.mutes.adding(restriction)
    room.note_restrictions()
    if restriction.ends is not None:
        world.restriction_ends.add(restriction.ends, room)


def lift(room: Room, restriction: Restriction) -> None:
    """Remove a ban or a mute from a room."""
    room.bans, room.mutes = room.bans.removing(restriction), room.mutes.removing(restriction)
    room.note_restrictions()


# -- invitations


def settle_room(world: World, key: str, *, stored: bool, last_id: int = 0) -> Room | None:
    """Settle a room as `KnownRooms.settle` does; the invitations to one that has ended end."""
    changing = world.rooms.changing.get(key)
    room = world.rooms.settle(key, stored, last_id)
    if changing is not None and room is not changing.room:
        world.invitations.remove_room(changing.room)
    world.emit(RoomSettled(key))
    return room


def use_invitation(world: World, user: User, room: Room) -> None:
    """Let the invitation of a user who joins a room last until the user leaves."""
    invitation = world.invitations.find(room, subject_of(user), world.seconds)
    if invitation is not None and invitation.ends is not None:
        if not invitation.is_used:
            world.emit(InvitationChanged(room.id, invitation.entry, True))
        invitation.ends = None
        invitation.entry = replace(invitation.entry, kind=AccessKind.MEMBER, until=None)
        world.emit(InvitationChanged(room.id, invitation.entry, False))


def admit(world: World, room: Room, user: User, by: str, now: float) -> None:
    """Let a member of a room for invited users come back after a lost connection.

    Does nothing in another room. `by` is the name under which somebody let the member in.
    """
    subject = subject_of(user)
    invitation = world.invitations.find(room, subject, world.seconds)
    if not room.settings.invite_only or (invitation is not None and invitation.ends is None):
        return
    entry = RoomAccess(AccessKind.MEMBER, user.name, user.account, None, None, by, now)
    end_invitation(world, room, subject)
    world.invitations.add(room, subject, Invitation(entry, None))
    world.emit(InvitationChanged(room.id, entry, False))


def end_invitation(world: World, room: Room, subject: int | User) -> None:
    """End the invitation of an account or a guest to a room, if there is one."""
    invitation = world.invitations.remove(room, subject)
    if invitation is not None:
        world.emit(InvitationChanged(room.id, invitation.entry, True))


def end_stay(
    world: World, user: User, rooms: Iterable[Room], reason: LeaveReason, now: float
) -> None:
    """End the invitations that a user who leaves all rooms for `reason` does not need any more.

    An account that has lost its connection may come back for as long as it can be resumed.
    """
    if user.account is None:
        world.invitations.remove_subject(user)
        return
    for room in rooms:
        if reason is not LeaveReason.LOST:
            end_invitation(world, room, user.account)
            continue
        ends = world.seconds + ACCOUNT_RESUME_SECONDS
        invitation = world.invitations.end_by(room, user.account, ends)
        if invitation is not None:
            until = now + ACCOUNT_RESUME_SECONDS
            invitation.entry = replace(invitation.entry, until=until)
            world.emit(InvitationChanged(room.id, invitation.entry, False))


def keep_invitations(world: World, guest: User, rooms: Iterable[Room]) -> None:
    """Let the invitations last of a guest who leaves `rooms` for a while."""
    for room in rooms:
        world.invitations.end_by(room, guest, world.seconds + GUEST_RESUME_SECONDS)


def continue_guest(world: World, former: User, user: User) -> None:
    """Give what rooms grant to a guest to the user as whom the guest has come back."""
    keep_invitations(world, former, former.rooms)
    for room, invitation in world.invitations.take(former):
        world.invitations.add(room, user, invitation)
    world.rooms.continue_starter(former, user)


def give_invitations(world: World, guest: User, account: AccountRef) -> None:
    """Give the invitations of a guest to the account that the guest has logged in to."""
    for room, invitation in world.invitations.take(guest):
        invitation.entry = replace(invitation.entry, account=account.id, name=account.name)
        world.invitations.add(room, account.id, invitation)
        world.emit(InvitationChanged(room.id, invitation.entry, False))
