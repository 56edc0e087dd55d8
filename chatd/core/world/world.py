"""The world: the state of the chat, which is equal on all servers that share a log.

It holds the rooms with their members and counts, the users who are present with their sessions, the
names, accounts and bans, and the resume tokens. All parts of the server read it. Operations change
it (`apply.py`), and on a server alone the messages, which need no operation (`Bus.say`). The
changes here are the steps that operations share: each keeps the parts of the state consistent and
emits the effects that follow. Nothing here depends on a clock, on chance, on the order of a set or
on the tables of Unicode, except `load` and the methods that find something by a text that somebody
typed, which no operation calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from chatd.core.bans import BanList
from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.events import (
    Address,
    DisconnectReason,
    Joined,
    LeaveReason,
    Left,
    RoomClosed,
    UserEvent,
)
from chatd.core.lookalikes import NameKeys, name_keys
from chatd.core.names import Name, typed_name
from chatd.core.profiles import UserRef
from chatd.core.records import AccountRef, Ban, BanKind, Snapshot
from chatd.core.rooms import Room, SessionKey, User
from chatd.core.world import access
from chatd.core.world.accounts import KnownAccounts
from chatd.core.world.effects import (
    Effect,
    Happened,
    HappenedToUser,
    KeptMessagesDue,
    NameChanged,
    SessionEnded,
    SessionMoved,
    TokenRevoked,
    UserChanged,
)
from chatd.core.world.ends import Ends
from chatd.core.world.invitations import Invitations
from chatd.core.world.names import UserNames
from chatd.core.world.rooms import KnownRooms
from chatd.core.world.tokens import (
    ACCOUNT_RESUME_SECONDS,
    GUEST_RESUME_SECONDS,
    ParkedSession,
    ResumeState,
)


class World:
    """The state of the chat.

    `seconds` is the time of the last operation, by the clock that measures durations. `newcomer`
    returns the user of a session of this server that no operation has named yet: nobody else knows
    of it, and other servers make a user of their own when one does.
    """

    def __init__(self, newcomer: Callable[[SessionKey], User | None] = lambda _: None) -> None:
        self.seconds = 0.0
        self.rooms = KnownRooms()
        self.names = UserNames()
        self.accounts = KnownAccounts()
        self.bans = BanList()
        self.tokens = ResumeState()
        # The users of all sessions that operations have named, and the addresses of those sessions
        # that are not the oldest of their user.
        self.sessions: dict[SessionKey, User] = {}
        self._addresses: dict[SessionKey, Address | None] = {}
        # The sessions that were ended by somebody else, until their server ends them as well.
        self.disconnecting: set[SessionKey] = set()
        self.ended_nodes: set[str] = set()
        # How many private messages were sent since the start.
        self.private_messages = 0
        self.invitations = Invitations()
        # The rooms by the times at which bans and mutes in them end.
        self.restriction_ends: Ends[Room] = Ends()
        self._newcomer = newcomer
        self.effects: list[Effect] = []

    def load(self, snapshot: Snapshot, now: float, seconds: float) -> None:
        """Load the content of a store; `now` is the wall time, `seconds` that of durations."""
        for account in snapshot.accounts:
            self.accounts.add(account, name_keys(account.name))
        for record in snapshot.rooms:
            room = Room(
                record.id,
                record.name,
                record.last_id,
                record.last_time,
                record.owner,
                record.permanent,
                record.created,
                record.used,
                settings=record.settings,
            )
            self.rooms.open(room)
            for entry in record.access:
                access.load(self, room, entry, now, seconds)
        for key, owner in snapshot.ended_private:
            self.rooms.reserve(key, owner)
        for account_id in snapshot.admins:
            self.accounts.set_admin(account_id, True)
        for account_id, ignored in snapshot.ignores:
            self.accounts.set_ignored(account_id, ignored, True)
        for ban in snapshot.bans:
            ends = None if ban.until is None else seconds + ban.until - now
            self.bans.add(ban, self.ban_keys(ban), ends)

    def pass_time(self, seconds: float) -> None:
        """Let names that are held, bans, mutes and invitations end that lasted until `seconds`."""
        self.seconds = seconds
        self.names.end_holds(seconds)
        access.end_restrictions(self, seconds)
        self.invitations.pass_time(seconds)

    # -- reading

    def find_user(self, name: str) -> User | None:
        """Return the user who has a name, or one that counts as the same."""
        return self.names.find(typed_name(name).keys)

    def find_account(self, name: str) -> AccountRef | None:
        """Return the account with a name, or with one that counts as the same."""
        return self.accounts.find(typed_name(name).keys)

    def user_of(self, account: AccountRef) -> User | None:
        """Return the user who is logged in to an account, if there is one."""
        if self.accounts.by_id(account.id) is None:
            return None
        user = self.names.find(self.accounts.keys(account.id))
        return user if user is not None and user.account == account.id else None

    def account_of_token(self, digest: str) -> AccountRef | None:
        """Return the account of a session that a token stands for, None for that of a guest."""
        session, parked = self.tokens.present(digest), self.tokens.parked(digest, self.seconds)
        if session is not None:
            account = self.sessions[session].account
        else:
            account = None if parked is None else parked.account
        return None if account is None else self.accounts.by_id(account)

    def ban_keys(self, ban: Ban) -> NameKeys | None:
        """Return the keys of the name that is banned, None for an address."""
        return name_keys(ban.subject) if ban.kind is BanKind.NAME else None

    # -- sessions

    def find_session(self, session: SessionKey) -> User:
        """Return the user of a session that an operation has named; raise `ChatError` if none."""
        user = self.sessions.get(session)
        if user is None:
            raise ChatError(ErrorCode.SESSION_CLOSED)
        return user

    def address_of(self, session: SessionKey) -> Address | None:
        """Return the address of the client of a session that an operation has named."""
        return self._addresses.get(session, self.sessions[session].address)

    def session_user(self, session: SessionKey, address: Address | None) -> User:
        """Return the user of a session, which is known from now on.

        Raises `ChatError` if the session was ended by another operation that its server had not
        applied when it submitted this one.
        """
        user = self.sessions.get(session)
        if user is None:
            if session in self.disconnecting:
                raise ChatError(ErrorCode.SESSION_CLOSED)
            user = self.sessions[session] = self._newcomer(session) or User(address)
            user.sessions = (session,)
        return user

    def move_session(self, session: SessionKey, user: User) -> bool:
        """Make a session one of `user`'s; return whether it was the last of its former user."""
        address = self.address_of(session)
        was_last = self._detach(session)
        self.sessions[session] = user
        if user.sessions:
            self._addresses[session] = address
        else:
            user.address = address
        user.sessions = (*user.sessions, session)
        self.emit(SessionMoved(session, user))
        return was_last

    def _detach(self, session: SessionKey) -> bool:
        """Remove a session from its user; return whether it was the last one."""
        user = self.sessions.pop(session)
        self._addresses.pop(session, None)
        was_oldest = session == user.sessions[0]
        user.sessions = tuple(other for other in user.sessions if other != session)
        if user.sessions and was_oldest:
            user.address = self._addresses.pop(user.sessions[0], user.address)
            self.emit(KeptMessagesDue(user))
        return not user.sessions

    def end_session(
        self,
        session: SessionKey,
        reason: LeaveReason,
        now: float,
        *,
        hold_name: bool = False,
        text: str | None = None,
    ) -> None:
        """End a session whose token is parked or revoked; its user leaves if it was the last.

        `hold_name` and `text` are those of `remove_user`.
        """
        user = self.find_session(session)
        self.names.release(session)
        self.tokens.drop(session)
        if self._detach(session):
            self.remove_user(user, reason, now, hold_name=hold_name, text=text)

    def disconnect(self, session: SessionKey, reason: DisconnectReason, now: float) -> None:
        """End a session for good: it is told why, and cannot be resumed."""
        self.revoke_token(session)
        self.disconnecting.add(session)
        self.emit(SessionEnded(session, reason))
        self.end_session(session, LeaveReason.LOST, now)

    def disconnect_user(
        self,
        user: User,
        leave: LeaveReason,
        reason: DisconnectReason,
        now: float,
        text: str = "",
        *,
        by: str | None = None,
    ) -> int:
        """End a user with all their sessions; return how many these were.

        The user is told the `text` of the administrator, and if `by` is given, the name of the
        administrator, the rooms of the user are told both.
        """
        sessions = user.sessions
        user.sessions = ()
        for session in sessions:
            self.names.release(session)
            self.tokens.drop(session)
            del self.sessions[session]
            self._addresses.pop(session, None)
        self.remove_user(user, leave, now, text=(text or None) if by else None, by=by)
        for session in sessions:
            self.disconnecting.add(session)
            self.emit(SessionEnded(session, reason, text))
        return len(sessions)

    # -- resume tokens

    def park_token(self, session: SessionKey) -> bool:
        """Keep the token of a session that ends; return whether it can be resumed."""
        user = self.find_session(session)
        if user.keys is None:
            return False
        valid = GUEST_RESUME_SECONDS if user.account is None else ACCOUNT_RESUME_SECONDS
        name = Name(user.name, user.keys)
        parked = ParkedSession(name, user.account, user, self.seconds + valid)
        return self.tokens.park(session, parked, self.seconds)

    def revoke_token(self, session: SessionKey) -> None:
        """Make the token of a session invalid."""
        digest = self.tokens.drop(session)
        user = self.sessions.get(session)
        if digest is not None and user is not None and user.account is not None:
            self.emit(TokenRevoked(digest, session.node))

    # -- names

    def check_name(
        self, name: Name, session: SessionKey | None, seconds: float, *users: User
    ) -> None:
        """Raise `ChatError` unless a guest can take a name that at most `users` have.

        `seconds` is the time now, by the clock that measures durations.
        """
        self.check_unused(name, session, seconds, *users)
        self.check_not_banned(name, seconds)

    def check_unused(
        self, name: Name, session: SessionKey | None, seconds: float, *users: User
    ) -> None:
        """Raise `ChatError` if others than `users` have a name, or it is that of an account."""
        self.names.check_free(name, session, seconds, *users)
        for owner in self.accounts.find_all(name.keys):
            raise ChatError(ErrorCode.NAME_NEEDS_LOGIN, name=owner.name)

    def check_not_banned(self, name: Name, seconds: float) -> None:
        """Raise `BannedError` if a name is banned at the time `seconds`."""
        if (ban := self.bans.name_ban(name.keys, seconds)) is not None:
            raise BannedError(ban.reason)

    def assign_name(self, user: User, name: Name, now: float) -> None:
        """Give a guest a name that is free."""
        self.set_name(user, name)
        user.note_name(name.text, now)

    def set_name(self, user: User, name: Name | None) -> None:
        """Give a user a name that is free, or none; all parts that watch names are told."""
        former = user.name
        self.names.assign(user, name)
        if user.name != former:
            self.emit(NameChanged(user, former))

    # -- rooms

    def add_member(
        self, user: User, room: Room, now: float, session: SessionKey | None = None
    ) -> None:
        """Make `user` a member of `room`; `session` is the one that joins it."""
        room.add(user, now)
        joined = Joined(
            room.id,
            user.name,
            user.address,
            now,
            account=user.account,
            profile=user.profile,
            role=user.rooms[room].role.value,
            away=None if user.away is None else user.away.text,
        )
        self.emit(Happened(room, room.in_order(joined), user, session))

    def remove_member(
        self,
        user: User,
        room: Room,
        reason: LeaveReason,
        now: float,
        session: SessionKey | None = None,
        *,
        by: str | None = None,
        text: str | None = None,
        actor: UserRef | None = None,
    ) -> None:
        """End the membership of `user` in `room`; `session` is the one that leaves it.

        `by`, `text` and `actor` are those of `Left`.
        """
        room.remove(user)
        left = self._left(room, user, reason, now, by=by, text=text, actor=actor)
        self.emit(Happened(room, room.in_order(left), user, session))

    def _left(self, room: Room, user: User, reason: LeaveReason, now: float, **more: Any) -> Left:
        """Return the event that a user has left a room; `more` are further fields of it."""
        account, profile = user.account, user.profile
        return Left(
            room.id, user.name, user.address, reason, now, account=account, profile=profile, **more
        )

    def remove_user(
        self,
        user: User,
        reason: LeaveReason,
        now: float,
        *,
        hold_name: bool = False,
        text: str | None = None,
        by: str | None = None,
    ) -> None:
        """End a user: they leave all rooms, lose name and account, and are `closed`.

        With `hold_name` nobody else gets the name for a while. `text` and `by` are those of `Left`.
        """
        user.closed = True
        rooms = list(user.rooms)
        for room in rooms:
            room.remove(user)
        if rooms:
            newest = _newest_time(rooms)
            left = {
                room: room.in_order(
                    self._left(room, user, reason, now, text=text, by=by, has_ended=True), newest
                )
                for room in rooms
            }
            self.emit(HappenedToUser(left, user))
        user.note_name("", now)
        if hold_name:
            former = user.name
            self.names.hold(user, self.seconds)
            if former:
                self.emit(NameChanged(user, former))
            access.keep_invitations(self, user, rooms)
        else:
            access.end_stay(self, user, rooms, reason, now)
            user.account = None
            self.set_name(user, None)

    def tell_rooms(self, user: User, event: UserEvent, session: SessionKey | None) -> None:
        """Tell all who share a room with a user of an event about the user, each once."""
        self.emit(UserChanged(user, event, session))
        if user.rooms:
            # It has the same time in all rooms, or a session would read it more than once.
            newest = _newest_time(user.rooms)
            events = {room: room.in_order(event, newest) for room in user.rooms}
            self.emit(HappenedToUser(events, user, session))

    def close_room(self, room: Room, node: str, now: float) -> None:
        """End a room with its members in it."""
        self.emit(Happened(room, room.in_order(RoomClosed(room.id, now))))
        for member in list(room.members):
            room.remove(member)
        self.rooms.end(room, node)

    # -- effects

    def emit(self, effect: Effect) -> None:
        """Add an effect to those of the operation that is applied."""
        self.effects.append(effect)


def _newest_time(rooms: Iterable[Room]) -> float:
    """Return the time of the newest event in any of the rooms."""
    return max(room.last_time for room in rooms)
