"""The rights in rooms after any operations: nobody gets one that nobody above has given."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.core.errors import ChatError
from chatd.core.events import LeaveReason
from chatd.core.lookalikes import name_keys
from chatd.core.names import new_name
from chatd.core.records import RoomRecord, Snapshot
from chatd.core.rooms import Role, User
from chatd.core.world import access, rights
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world import room_operations as room_ops
from chatd.core.world.apply import apply
from chatd.core.world.rights import Rank
from chatd.core.world.world import World
from tests.core.world.acts import Acts
from tests.core.world.harness import NOW, WorldHarness
from tests.core.world.samples import ACCOUNTS, ADDRESSES, SESSIONS

ENDS = room_ops.Kick | room_ops.Restrict | ops.Leave | ops.Move | account_ops.LogOut
"""The operations by which users leave rooms for good."""

SEEDS = st.integers(0, 2**32)
STEPS = 300


def populated_world():
    """Return a world with room 1 of the account amy, and room 2; some users are in them."""
    harness = WorldHarness()
    for account in ACCOUNTS:
        harness.do(account_ops.AddAccount(account, name_keys(account.name)))
    harness.start("1", owner=ACCOUNTS[0].id)
    harness.start("2")
    for session, who in zip(SESSIONS, ("Ann", "Bob", *ACCOUNTS), strict=False):
        address, digest = ADDRESSES[session], f"{session.node} {session.number} a"
        harness.do(account_ops.IssueToken(session, address, digest))
        if who in ACCOUNTS:
            harness.do(account_ops.LogIn(session, address, who, 2, (), NOW))
        else:
            harness.do(ops.Rename(session, address, new_name(who), NOW))
        harness.do(ops.Join(session, address, "1", "1", None, None, 2, NOW))
    return harness.world


def identity(user):
    """Return what stays of a user who renames or resumes: the account, or the guest."""
    return (user.guest_names or user) if user.account is None else user.account


class Watch:
    """The rights in a world before an operation.

    `known` has the rooms with those who may join them although they are for invited users: they
    are invited, or members who may lose the connection. `excused` has those whom an administrator
    has let in.
    """

    def __init__(self, world):
        self.world = world
        self.known = set()
        self.excused = set()

    def users(self):
        """Return the users who are present."""
        return list(dict.fromkeys(self.world.sessions.values()))

    def ranks(self):
        """Return the ranks in all rooms of those who are present, and of the accounts."""
        world = self.world
        ranks = {
            (room, account.id): rights.rank_of_account(world, account.id, room)
            for room in world.rooms
            for account in ACCOUNTS
        }
        for user in self.users():
            for room in world.rooms:
                ranks[room, identity(user)] = rights.rank_of(world, user, room)
        return ranks

    def actor_rank(self, by, room):
        """Return the rank of the user who acts, in a room."""
        user = None if by.session is None else self.world.sessions.get(by.session)
        is_gone = by.session is not None and user is None
        return Rank.NONE if is_gone or room is None else rights.rank_of(self.world, user, room)

    def is_banned(self, user, room):
        """Tell whether the account or the guest is banned, not only the name or the address."""
        return any(
            user.account == each.entry.account
            if each.entry.account is not None
            else each.guest is not None and each.guest is user.guest_names
            for each in room.bans.active(self.world.seconds)
        )

    def apply(self, operation, seconds):
        """Apply an operation; check which rights it has changed."""
        world = self.world
        world.pass_time(seconds)
        user = world.sessions.get(getattr(operation, "session", None))
        was = None if user is None else identity(user)
        room = world.rooms.by_key(getattr(operation, "room", ""))
        before, members = self.ranks(), {each: set(each.members) for each in world.rooms}
        pairs = {(each, identity(member)) for each in world.rooms for member in each.members}
        by = getattr(operation, "by", None)
        rank = Rank.NONE if by is None else self.actor_rank(by, room)
        invite_only = room is not None and room.settings.invite_only
        outcome = apply(world, operation, seconds).outcome
        is_done = not isinstance(outcome, ChatError)
        if user is not None and operation.session in world.sessions:
            self._follow(was, identity(world.sessions[operation.session]), before)
        if is_done:
            self._note(operation, room, pairs)
        if isinstance(operation, room_ops.SetSetting) and is_done:
            assert rank >= Rank.OPERATOR
            if room.settings.invite_only and not invite_only:
                self.known |= {(room, identity(member)) for member in room.members}
        self._check_ranks(before, operation, rank)
        self._check_members(members, operation)
        return outcome

    def _follow(self, was, now, before):
        """Let an account have the rights of its guest, or a guest who is named first."""
        if was != now:
            for pairs in (self.known, self.excused):
                pairs |= {(room, now) for room, known in pairs if known == was}
            for room in self.world.rooms:
                ranks = (before.get((room, each), Rank.NONE) for each in (was, now))
                before[room, now] = max(ranks)

    def _note(self, operation, room, before):
        """Note who is invited, and whose invitation has ended; `before` has the members so far."""
        members = {(each, identity(user)) for each in self.world.rooms for user in each.members}
        is_end = isinstance(operation, account_ops.EndSession)
        if (is_end and operation.reason is not LeaveReason.LOST) or isinstance(operation, ENDS):
            self.known -= before - members
        if isinstance(operation, room_ops.Restrict) and operation.is_ban:
            self.known.discard((room, self._named(operation)))
        is_loss = isinstance(operation, room_ops.SetRole) and operation.role is Role.NONE
        if isinstance(operation, room_ops.Invite) or (
            (is_loss or isinstance(operation, ops.Move)) and room.settings.invite_only
        ):
            self.known.add((room, self._named(operation)))

    def _named(self, operation):
        user = self.world.names.find(operation.name.keys)
        account = self.world.accounts.find(operation.name.keys)
        return account.id if user is None else identity(user)

    def _check_ranks(self, before, operation, rank):
        """Check that a rank rises by an act of a higher one, or because a starter is back."""
        rooms = {room for room, _ in before}
        for (room, who), now in self.ranks().items():
            if room not in rooms or now <= before.get((room, who), Rank.NONE):
                continue
            if isinstance(operation, room_ops.SetRole):
                assert rank > now
            elif isinstance(operation, account_ops.Resume):
                assert room.starter is self.world.sessions[operation.session]
            else:
                assert isinstance(operation, account_ops.SetAdmin)

    def _check_members(self, before, operation):
        """Nobody is in a room who is banned there, and nobody has joined whom it is not for."""
        world = self.world
        for room in world.rooms:
            for user in room.members:
                pair = (room, identity(user))
                has_joined = user not in before.get(room, ())
                is_moved = isinstance(operation, ops.Move)
                if has_joined and (is_moved or world.accounts.is_admin(user.account)):
                    self.excused.add(pair)
                if has_joined and room.settings.invite_only and pair not in self.excused:
                    is_known = pair in self.known or room.starter is user
                    assert is_known or rights.rank_of(world, user, room) >= Rank.VOICE
                assert pair in self.excused or not self.is_banned(user, room)
            self.excused = {
                (place, who)
                for place, who in self.excused
                if place is not room or who in map(identity, room.members)
            }


def watched(seed):
    """Yield operations, and the watch of a world to which they are to be applied."""
    watch = Watch(populated_world())
    acts = Acts(Random(seed), watch.world)
    for _ in range(STEPS):
        for session in SESSIONS:
            if session not in watch.world.disconnecting:
                watch.world.session_user(session, ADDRESSES[session])
        yield watch, acts.next(), acts.seconds


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_rights(seed):
    """Ranks rise by acts of higher ones; the banned are out, and so are the uninvited."""
    for watch, operation, seconds in watched(seed):
        watch.apply(operation, seconds)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_acts_are_those_of_higher_ranks(seed):
    """An act on a user that is not refused is that of a user of a higher rank in the room.

    But users may give up a role of their own.
    """
    kinds = room_ops.Kick | room_ops.Restrict | room_ops.SetRole
    for watch, operation, seconds in watched(seed):
        world = watch.world
        world.pass_time(seconds)
        room = world.rooms.by_key(operation.room) if isinstance(operation, kinds) else None
        if room is None:
            apply(world, operation, seconds)
            continue
        target = world.names.find(operation.name.keys)
        rank = watch.actor_rank(operation.by, room)
        other = None if target is None else rights.rank_of(world, target, room)
        is_own = operation.by.session is not None and target is not None
        is_own = is_own and world.sessions.get(operation.by.session) is target
        gives_up = (
            is_own and isinstance(operation, room_ops.SetRole) and operation.role is Role.NONE
        )
        outcome = apply(world, operation, seconds).outcome
        if not isinstance(outcome, ChatError):
            assert gives_up or rank >= Rank.OPERATOR
            assert gives_up or other is None or rank > other


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_lists_of_rooms(seed):
    """A list has one entry of each kind for an account, and nothing that has ended."""
    ended = set()
    for watch, operation, seconds in watched(seed):
        world = watch.world
        apply(world, operation, seconds)
        ended |= {each.room for each in world.rooms.changing.values()}
        for room in world.rooms:
            entries = access.entries(world, room)
            accounts = [entry.subject for entry in entries if entry.account is not None]
            assert len(set(accounts)) == len(accounts)
            assert len(room.bans) == len(room.bans.active(seconds))
            assert len(room.mutes) == len(room.mutes.active(seconds))
        for subject, invitations in world.invitations._by_subject.items():
            assert invitations
            for room, invitation in invitations.items():
                assert invitation.ends is None or invitation.ends > seconds
                if invitation.ends is None:
                    user = subject if isinstance(subject, User) else by_account(world, subject)
                    assert room in ended or (user is not None and room in user.rooms)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_restart_changes_no_right_of_an_account(seed):
    """A server that loads the lists of a world lets the same accounts in, and lets them talk."""
    for watch, operation, seconds in watched(seed):
        apply(watch.world, operation, seconds)
    world, again = watch.world, World()
    records = [
        RoomRecord(
            *(room.id, room.name, room.last_id, room.last_time, room.owner),
            settings=room.settings,
            access=access.entries(world, room),
        )
        for room in world.rooms
    ]
    admins = [each.id for each in ACCOUNTS if world.accounts.is_admin(each.id)]
    again.load(Snapshot(rooms=records, accounts=ACCOUNTS, admins=admins), NOW, seconds)
    for account in ACCOUNTS:
        user = User(None)
        user.account = account.id
        for room in world.rooms:
            loaded = again.rooms.by_key(room.key)
            assert rights.rank_of(world, user, room) is rights.rank_of(again, user, loaded)
            assert rights.sees(world, user, room) == rights.sees(again, user, loaded)
            assert room.bans.has(user, seconds) == loaded.bans.has(user, seconds)
            assert room.mutes.has(user, seconds) == loaded.mutes.has(user, seconds)


def by_account(world, account):
    """Return the user of an account, None if nobody is logged in to it."""
    return world.user_of(world.accounts.by_id(account))
