"""Invitations: which users may join which rooms once, though these are for invited users alone.

An invitation is good for a day. Once it is used it lasts as long as the user stays in the room, and
for some time if the connection is lost: it ends when the user leaves, or is kicked or banned. Times
are those of the clock that measures durations.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatd.core.records import AccessKind, RoomAccess
from chatd.core.rooms import Room, User
from chatd.core.world.ends import Ends


@dataclass(slots=True)
class Invitation:
    """An invitation, as `entry` describes it, until the time `ends`.

    That is None while its user, who has used it, stays in the room.
    """

    entry: RoomAccess
    ends: float | None

    @property
    def is_used(self) -> bool:
        """Whether the user was in the room."""
        return self.entry.kind is AccessKind.MEMBER


class Invitations:
    """The invitations of accounts, by their ids, and of guests, to rooms."""

    def __init__(self) -> None:
        self._by_subject: dict[int | User, dict[Room, Invitation]] = {}
        self._ends: Ends[tuple[int | User, Room]] = Ends()

    def add(self, room: Room, subject: int | User, invitation: Invitation) -> None:
        """Invite an account or a guest to a room, in place of a former invitation."""
        self._by_subject.setdefault(subject, {})[room] = invitation
        self._note_end(room, subject, invitation)

    def find(self, room: Room, subject: int | User, now: float) -> Invitation | None:
        """Return the invitation of an account or a guest to a room."""
        invitation = self._by_subject.get(subject, {}).get(room)
        if invitation is None or (invitation.ends is not None and invitation.ends <= now):
            return None
        return invitation

    def remove(self, room: Room, subject: int | User) -> Invitation | None:
        """Remove and return the invitation of an account or a guest to a room."""
        invitations = self._by_subject.get(subject, {})
        removed = invitations.pop(room, None)
        if not invitations:
            self._by_subject.pop(subject, None)
        return removed

    def remove_subject(self, subject: int | User) -> None:
        """Remove the invitations of an account or a guest that is there no more."""
        self._by_subject.pop(subject, None)

    def remove_room(self, room: Room) -> None:
        """Remove the invitations to a room."""
        for subject in list(self._by_subject):
            self.remove(room, subject)

    def take(self, guest: User) -> list[tuple[Room, Invitation]]:
        """Remove and return the invitations of a guest, with their rooms."""
        return list(self._by_subject.pop(guest, {}).items())

    def end_by(self, room: Room, subject: int | User, ends: float) -> Invitation | None:
        """Let the invitation that a user has used end at a time; return it if there is one."""
        invitation = self._by_subject.get(subject, {}).get(room)
        if invitation is None or invitation.ends is not None:
            return None
        invitation.ends = ends
        self._note_end(room, subject, invitation)
        return invitation

    def pass_time(self, now: float) -> None:
        """Remove the invitations that have ended until `now`."""
        for subject, room in self._ends.take_ended(now):
            if self.find(room, subject, now) is None:
                self.remove(room, subject)

    def entries(self, room: Room, now: float) -> list[RoomAccess]:
        """Return the entries of the invitations of accounts to a room."""
        found = (self.find(room, subject, now) for subject in self._by_subject)
        return [each.entry for each in found if each is not None and each.entry.account is not None]

    def count(self, room: Room) -> int:
        """Return how many invitations to a room there are."""
        return sum(room in invitations for invitations in self._by_subject.values())

    def unused(self, account: int, now: float) -> list[tuple[Room, RoomAccess]]:
        """Return the rooms that an account was invited to and has not joined yet."""
        rooms = self._by_subject.get(account, {})
        found = ((room, self.find(room, account, now)) for room in rooms)
        return [
            (room, invitation.entry)
            for room, invitation in found
            if invitation is not None and not invitation.is_used
        ]

    def rooms_of(self, subject: int | User, now: float) -> list[Room]:
        """Return the rooms to which somebody is invited, and which they have not joined since."""
        rooms = self._by_subject.get(subject, {})
        found = ((room, self.find(room, subject, now)) for room in rooms)
        return [room for room, each in found if each is not None and not each.is_used]

    def _note_end(self, room: Room, subject: int | User, invitation: Invitation) -> None:
        if invitation.ends is not None:
            self._ends.add(invitation.ends, (subject, room))


def subject_of(user: User) -> int | User:
    """Return the subject that stands for a user: the account, or the guest."""
    return user if user.account is None else user.account
