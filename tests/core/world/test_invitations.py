"""Invitations to rooms: how long they last, and what ends them."""

from math import inf

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import DisconnectReason, LeaveReason
from chatd.core.lookalikes import name_keys
from chatd.core.names import typed_name
from chatd.core.records import AccessKind, Ban, BanKind, RoomAccess
from chatd.core.rooms import Room, User
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world.effects import InvitationChanged
from chatd.core.world.invitations import Invitation, Invitations, subject_of
from tests.core.world.harness import (
    NOW,
    ban,
    end,
    invite,
    join,
    kick,
    lift,
    rename,
    resume,
    setting,
)

DAY = 86400.0
TEA, FOOD = Room("1", "tea"), Room("2", "food")


@pytest.fixture
def room(harness):
    """Return room 1, which is private; nobody is in it."""
    harness.do(setting("private", True))
    return harness.world.rooms.by_key("1")


def changes(harness):
    """Return what the last operation has changed for the store: `until` and whether it is over."""
    changed = (each for each in harness.effects if isinstance(each, InvitationChanged))
    return [(each.room, each.entry.until, each.is_over) for each in changed]


def sees(harness, session):
    """Tell whether a session finds room 1: it joins and leaves it, if so."""
    try:
        harness.do(join(session, "1"))
    except ChatError as error:
        assert error.code is ErrorCode.NO_SUCH_ROOM
        return False
    harness.do(ops.Leave(session, "1", NOW))
    return True


# -- the collection


def invitation(ends, account=7):
    """Return an invitation of an account."""
    return Invitation(RoomAccess(AccessKind.INVITATION, "amy", account), ends)


def test_find():
    """An invitation is that of one subject to one room, up to a time."""
    invitations, guest = Invitations(), User(None)
    first, second = invitation(10.0), invitation(None, None)
    invitations.add(TEA, 7, first)
    invitations.add(TEA, guest, second)
    assert invitations.find(TEA, 7, 9.0) is first
    assert invitations.find(TEA, 7, 10.0) is None
    assert invitations.find(FOOD, 7, 9.0) is None
    assert invitations.find(TEA, 8, 9.0) is None
    assert invitations.find(TEA, guest, 1e9) is second
    assert invitations.entries(TEA, 9.0) == [first.entry]  # guests are not in the store
    assert invitations.entries(TEA, 10.0) == []
    third = invitation(20.0)
    invitations.add(TEA, 7, third)
    assert invitations.find(TEA, 7, 10.0) is third


def test_what_has_ended_is_forgotten():
    """An invitation that lasts longer by now stays; what was used does not end by the time."""
    invitations = Invitations()
    for account, ends in ((1, 10.0), (2, 20.0), (3, 10.0), (4, 10.0)):
        invitations.add(TEA, account, invitation(ends))
    invitations.find(TEA, 4, 0).ends = None
    invitations.add(TEA, 3, invitation(30.0))
    invitations.pass_time(10.0)
    assert list(invitations._by_subject) == [2, 3, 4]
    assert invitations.end_by(TEA, 3, 15.0) is None  # it was not used
    assert invitations.end_by(TEA, 4, 15.0).ends == 15.0
    invitations.pass_time(30.0)
    assert (invitations._by_subject, list(invitations._ends.take_ended(inf))) == ({}, [])


def test_remove():
    """By subject and room, by the subject alone, or by the room alone."""
    invitations, guest = Invitations(), User(None)
    for room in (TEA, FOOD):
        for subject in (1, 2, guest):
            invitations.add(room, subject, invitation(10.0))
    invitations.remove_subject(1)
    assert invitations.remove(TEA, 2) == invitation(10.0)
    assert invitations.remove(TEA, 2) is None
    assert [room for room, _ in invitations.take(guest)] == [TEA, FOOD]
    assert invitations.take(guest) == []
    invitations.add(TEA, 3, invitation(10.0))
    invitations.remove_room(TEA)
    assert list(invitations._by_subject) == [2]


def test_subject_of():
    """An account is invited as such, a guest as the user."""
    user = User(None)
    assert subject_of(user) is user
    user.account = 7
    assert subject_of(user) == 7


# -- how they are used


@pytest.mark.parametrize("who", ["account", "guest"])
def test_an_invitation_is_good_once(harness, room, who):
    """For a day; it is over when the user has left the room."""
    account = harness.account("amy")
    session = harness.log_in(account) if who == "account" else harness.guest("Bob")
    name = harness.user(session).name
    assert not sees(harness, session)
    harness.do(invite(name))
    harness.seconds = DAY - 1
    harness.do(join(session, "1"))
    assert changes(harness) == [("1", NOW + DAY, True), ("1", None, False)]
    harness.seconds = 9 * DAY
    assert harness.user(session) in room.members
    harness.do(ops.Leave(session, "1", NOW))
    assert changes(harness) == [("1", None, True)]
    assert not sees(harness, session)
    harness.do(invite(name))
    harness.seconds = 10 * DAY
    assert not sees(harness, session)


def test_an_account_that_is_away_is_invited(harness, room):
    """It finds the room after the login; the one who comes first, in whatever session."""
    account = harness.account("amy")
    harness.do(invite("AMY"))
    assert harness.effects == []
    first, second = harness.log_in(account), harness.log_in(account)
    harness.do(join(second, "1"))
    assert harness.user(first) in room.members


GONE = {
    "quit": lambda session: ops.Leave(session, "1", NOW),
    "exit": lambda session: end(session, LeaveReason.QUIT, keep_token=False),
    "logout": lambda session: account_ops.LogOut(session, NOW),
    "kick": lambda _: kick("amy"),
    "ban": lambda _: ban("amy"),
    "server ban": lambda _: ops.AddBan(Ban(BanKind.NAME, "amy"), name_keys("amy"), 60.0, NOW),
    "group": lambda _: ops.Move(typed_name("amy"), "2", None, 1, NOW),
    "end": lambda _: ops.EndRoom("here", "1", "1", False, NOW),
}
"""The ways of an account out of a room for good."""


@pytest.mark.parametrize("how", GONE)
@pytest.mark.usefixtures("room")
def test_what_ends_it(harness, how):
    """The user leaves in some way, or is removed: the store forgets the invitation as well."""
    account = harness.account("amy")
    harness.do(invite("amy"))
    session = harness.log_in(account, "1")
    harness.do(GONE[how](session))
    if how == "end":
        harness.do(ops.SettleRoom("1", True))
        harness.start("1")
        harness.do(setting("private", True))
    else:
        assert changes(harness) == [("1", None, True)]
    if how == "ban":
        harness.do(lift("amy", True))
    harness.seconds = 60.0
    if session not in harness.world.sessions or how == "logout":
        session = harness.log_in(account)
    assert not sees(harness, session)


@pytest.mark.parametrize("operation", [kick, ban])
@pytest.mark.usefixtures("room")
def test_a_ban_ends_one_that_was_not_used(harness, operation):
    """A kick needs a member."""
    harness.account("amy")
    harness.do(invite("amy"))
    if operation is kick:
        assert harness.refusal(kick("amy"))[0] is ErrorCode.NO_SUCH_USER
        return
    harness.do(ban("amy"))
    assert changes(harness) == [("1", NOW + DAY, True)]


def test_unregister_ends_it(harness, room):
    """The account is gone, and the next one of its name is another one."""
    account = harness.account("amy")
    harness.do(invite("amy"))
    harness.do(account_ops.RemoveAccount(account.id, NOW))
    assert harness.world.invitations._by_subject == {}
    assert not sees(harness, harness.log_in(harness.account("amy")))
    assert room.members == {}


def test_an_end_that_fails_leaves_it(harness, room):
    """The store could not remove the room: it is there again, for those who are invited."""
    amy = harness.log_in(harness.account("amy"))
    harness.do(invite("amy"))
    harness.do(join(amy, "1"))
    harness.do(ops.EndRoom("here", "1", "1", False, NOW))
    harness.do(ops.SettleRoom("1", False))
    assert harness.world.rooms.by_key("1") is room
    harness.do(join(amy, "1"))


# -- lost connections


@pytest.mark.usefixtures("room")
def test_an_account_comes_back_after_a_lost_connection(harness):
    """Within a day; the store has that time."""
    account = harness.account("amy")
    harness.do(invite("amy"))
    harness.do(end(harness.log_in(account, "1")))
    assert changes(harness) == [("1", NOW + DAY, False)]
    harness.seconds = DAY - 1
    session = harness.log_in(account, "1")
    harness.do(end(session))
    harness.seconds = 2 * DAY - 1
    assert not sees(harness, harness.log_in(account))


@pytest.mark.usefixtures("room")
def test_an_account_with_another_session_stays(harness):
    """The user is in the room until the last session ends."""
    account = harness.account("amy")
    harness.do(invite("amy"))
    first = harness.log_in(account, "1")
    harness.log_in(account)
    harness.do(end(first, LeaveReason.QUIT, keep_token=False))
    assert changes(harness) == []


@pytest.mark.usefixtures("room")
def test_sessions_that_are_ended_by_others(harness):
    """Users who set a password come back as after a loss; the administrator ends their stay."""
    account = harness.account("amy")
    for leave, is_over in ((LeaveReason.LOST, False), (LeaveReason.LOGOUT, True)):
        harness.do(invite("amy"))
        harness.log_in(account, "1")
        reason = DisconnectReason.PASSWORD_SET
        harness.do(account_ops.EndSessions(account.id, None, None, reason, leave, NOW))
        assert [each[2] for each in changes(harness)] == [is_over]


@pytest.mark.parametrize("is_noticed", [True, False])
@pytest.mark.parametrize("is_used", [True, False])
@pytest.mark.usefixtures("room")
def test_a_guest_comes_back_after_a_lost_connection(harness, is_noticed, is_used):
    """By the resume token, whether the server has noticed the loss or not, for ten minutes."""
    bob = harness.guest("Bob")
    harness.do(invite("Bob"))
    if is_used:
        harness.do(join(bob, "1"))
    if is_noticed:
        harness.do(end(bob))
    again = harness.session()
    harness.do(resume(harness, again, bob))
    harness.seconds = 599.0
    harness.do(join(again, "1"))
    harness.do(ops.Leave(again, "1", NOW))
    assert not sees(harness, again)


@pytest.mark.parametrize(("is_used", "lasts"), [(True, 600.0), (False, DAY)])
@pytest.mark.usefixtures("room")
def test_a_guest_who_comes_back_late(harness, is_used, lasts):
    """An unused invitation is good for its day, a used one for as long as the token."""
    bob = harness.guest("Bob")
    harness.do(invite("Bob"))
    if is_used:
        harness.do(join(bob, "1"))
    harness.do(end(bob))
    again = harness.session()
    harness.seconds = 10.0
    harness.do(resume(harness, again, bob))
    harness.seconds = lasts - 1
    assert sees(harness, again)
    harness.do(invite("Bob"))
    harness.seconds = lasts + DAY
    assert not sees(harness, again)


@pytest.mark.usefixtures("room")
def test_a_guest_without_a_token(harness):
    """Another guest with the name is not invited."""
    bob = harness.guest("Bob")
    harness.do(invite("Bob"))
    harness.do(end(bob, keep_token=False))
    assert harness.world.invitations._by_subject == {}
    assert not sees(harness, harness.guest("Bob"))


@pytest.mark.usefixtures("room")
def test_a_guest_keeps_it_under_another_name(harness):
    """It is the guest who is invited, whatever the name."""
    bob = harness.guest("Bob")
    harness.do(invite("Bob"))
    harness.do(rename(bob, "Rob"))
    assert not sees(harness, harness.guest("Bob"))
    assert sees(harness, bob)


@pytest.mark.parametrize("is_present", [True, False])
@pytest.mark.usefixtures("room")
def test_a_guest_who_logs_in(harness, is_present):
    """The account is invited then, and the store has it."""
    account = harness.account("amy")
    if is_present:
        harness.log_in(account)
    bob = harness.guest("Bob")
    harness.do(invite("Bob"))
    harness.do(account_ops.LogIn(bob, None, account, 9, (), NOW))
    (changed,) = (each for each in harness.effects if isinstance(each, InvitationChanged))
    assert (changed.entry.name, changed.entry.account, changed.is_over) == (
        "amy",
        account.id,
        False,
    )
    assert list(harness.world.invitations._by_subject) == [account.id]
    assert sees(harness, bob)


def test_only_unused_invitations_are_told(harness, room):
    """A member who has lost the connection may come back, and was not invited meanwhile."""
    account = harness.account("amy")
    session = harness.log_in(account)
    harness.do(invite("amy"))
    invitations = harness.world.invitations
    assert [each for each, _ in invitations.unused(account.id, 0.0)] == [room]
    harness.do(join(session, "1"))
    harness.do(end(session))
    assert invitations.unused(account.id, 0.0) == []
    harness.do(join(harness.log_in(account), "1"))
