"""The rules of accounts and sessions, by operations on a world."""

from dataclasses import replace

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.events import DisconnectReason, LeaveReason
from chatd.core.lookalikes import name_keys
from chatd.core.names import new_name
from chatd.core.profiles import Profile
from chatd.core.records import AccountRef, Ban, BanKind
from chatd.core.rooms import SessionKey
from chatd.core.world import account_operations as account_ops
from chatd.core.world import operations as ops
from chatd.core.world.effects import (
    HappenedToUser,
    IgnoresChanged,
    KeptMessagesDue,
    NameChanged,
    RoomSettled,
    SessionEnded,
    SessionMoved,
    TokenRevoked,
)
from chatd.core.world.names import HOLD_SECONDS
from tests.core.world.harness import HOST, NOW, end, join, left, rename, resume, start, who

REPLACED = DisconnectReason.REPLACED


@pytest.fixture
def amy(harness):
    """Return the account amy."""
    return harness.account("amy")


def log_in(session, account, max_sessions=9, silent=()):
    """Return the operation by which a session logs in."""
    return account_ops.LogIn(session, (HOST, session.number), account, max_sessions, silent, NOW)


def ban(harness, name):
    """Ban a name."""
    harness.do(ops.AddBan(Ban(BanKind.NAME, name), name_keys(name), None, NOW))


# -- reservations and accounts


def test_the_first_of_two_reserves_a_name(harness):
    """Others can neither reserve nor take it until it is released; the session can."""
    one, two = harness.session(), harness.session(node="there")
    harness.do(account_ops.ReserveName(one, new_name("Zoe")))
    in_use = (ErrorCode.NAME_IN_USE, {"name": "ZOE"})
    assert harness.refusal(account_ops.ReserveName(two, new_name("ZOE"))) == in_use
    assert harness.refusal(join(two, "1", "ZOE")) == in_use
    harness.do(rename(one, "Zoe"))
    harness.do(rename(one, "Ann"))
    harness.do(account_ops.ReleaseName(one))
    harness.do(join(two, "1", "ZOE"))


@pytest.mark.usefixtures("amy")
def test_reserve_refused(harness):
    """A name that another user or an account has, and by a user in a room; the own one is free."""
    bob, ann = harness.guest("Bob"), harness.guest("Ann", "1")
    assert (
        harness.refusal(account_ops.ReserveName(bob, new_name("ann")))[0] is ErrorCode.NAME_IN_USE
    )
    assert (
        harness.refusal(account_ops.ReserveName(bob, new_name("Amy")))[0]
        is ErrorCode.NAME_NEEDS_LOGIN
    )
    in_room = (ErrorCode.ALREADY_IN_ROOM, {"room": "1"})
    assert harness.refusal(account_ops.ReserveName(ann, new_name("Zoe"))) == in_room
    harness.do(account_ops.ReserveName(bob, new_name("bob")))


def test_an_account_is_removed(harness, amy):
    """Its user leaves, then its sessions end; its rooms have no owner, and no token resumes it."""
    harness.start("4", owner=amy.id)
    lost = harness.log_in(amy)
    harness.do(end(lost))
    sessions = harness.log_in(amy, "1", "2"), harness.log_in(amy)
    user = who(harness, sessions[0])
    harness.do(account_ops.RemoveAccount(amy.id, NOW))
    assert harness.effects == [
        left(harness, user, LeaveReason.LOGOUT, "1", "2", account=amy.id),
        NameChanged(user[2], "amy"),
        *(SessionEnded(session, DisconnectReason.UNREGISTERED) for session in sessions),
    ]
    assert harness.world.rooms.by_key("4").owner is None
    assert harness.world.sessions == {}
    assert harness.world.tokens.parked(harness.token(lost), 0.0) is None
    new = harness.session()
    for former in (lost, sessions[0]):
        assert harness.refusal(resume(harness, new, former))[0] is ErrorCode.NO_SUCH_SESSION
    harness.do(rename(new, "Amy"))
    harness.do(account_ops.RemoveAccount(amy.id, NOW))
    assert harness.effects == []


# -- login and logout


def test_login_of_a_guest(harness, amy):
    """The guest becomes the user of the account and has its list; the guest's name is free."""
    harness.do(ops.SetIgnored(harness.log_in(amy), None, new_name("bob"), AccountRef(9, "b"), True))
    ann = harness.guest("Ann")
    bob = harness.account("bob")
    guest = harness.user(ann)
    assert harness.do(log_in(ann, bob)) == "bob"
    assert harness.effects == [NameChanged(guest, "Ann"), IgnoresChanged(guest)]
    assert (harness.user(ann), guest.name, guest.account) == (guest, "bob", bob.id)
    harness.guest("Ann")


def test_login_under_the_same_name(harness):
    """Those who watch names are told of a guest who has registered, though the name is the same."""
    session = harness.guest("Ann")
    user, account = harness.user(session), harness.account("Ann")
    harness.do(log_in(session, account))
    assert harness.effects == [NameChanged(user, "Ann"), IgnoresChanged(user)]
    assert (user.name, user.account) == ("Ann", account.id)


def test_login_of_a_further_session(harness, amy):
    """It is one of the account's user; the guest is closed, and the guest's name is free."""
    first = harness.log_in(amy, "1")
    ann = harness.guest("Ann")
    user, guest = harness.user(first), harness.user(ann)
    harness.do(log_in(ann, amy))
    assert harness.effects == [SessionMoved(ann, user), NameChanged(guest, "Ann")]
    assert (harness.find("amy"), harness.find("Ann"), guest.closed) == ((first, ann), None, True)


def test_login_refused(harness, amy):
    """A session that is logged in or in a room, and an account that is gone, banned or taken."""
    session, ann = harness.log_in(amy), harness.guest("Ann", "1")
    bob, zoe, guest = harness.account("bob"), harness.guest("Zoe"), harness.session()
    late = harness.account("zoe")
    ban(harness, "bob")
    for operation, expected in (
        (log_in(session, bob), (ErrorCode.LOGGED_IN, {"name": "amy"})),
        (log_in(ann, amy), (ErrorCode.ALREADY_IN_ROOM, {"room": "1"})),
        (log_in(guest, AccountRef(99, "amy")), (ErrorCode.WRONG_PASSWORD, {})),
        (log_in(guest, amy._replace(name="AMY")), (ErrorCode.WRONG_PASSWORD, {})),
        (log_in(guest, bob), (ErrorCode.BANNED, {})),
        (log_in(guest, late), (ErrorCode.NAME_IN_USE, {"name": "Zoe"})),
    ):
        assert harness.refusal(operation) == expected
    harness.do(log_in(zoe, late))


@pytest.mark.parametrize(
    ("max_sessions", "silent", "ended"),
    [(4, (), []), (3, (), [0]), (3, (2, 1), [2]), (2, (1,), [1, 0]), (1, (), [0, 1, 2])],
)
def test_surplus_sessions(harness, amy, max_sessions, silent, ended):
    """Those that are silent end first, then the oldest, before the new one is the user's."""
    sessions = [harness.log_in(amy, *rooms) for rooms in (("1",), (), ())]
    others = harness.guest("Ann")
    new = harness.session()
    keys = (others, *(sessions[number] for number in silent))
    harness.do(log_in(new, amy, max_sessions, keys))
    told = [each.session for each in harness.effects if isinstance(each, SessionEnded)]
    assert told == [sessions[number] for number in ended]
    stays = [session for session in sessions if session not in told]
    assert harness.find("amy") == (*stays, new)
    assert any(isinstance(each, HappenedToUser) for each in harness.effects) is (not stays)
    assert type(harness.effects[-1]) is (SessionMoved if stays else IgnoresChanged)


def test_a_surplus_session_cannot_be_resumed(harness, amy):
    """Its token is revoked before it is told."""
    first = harness.log_in(amy)
    harness.log_in(amy)
    new = harness.session()
    harness.do(log_in(new, amy, 2))
    assert harness.effects == [
        TokenRevoked(harness.token(first), "here"),
        SessionEnded(first, REPLACED),
        KeptMessagesDue(harness.user(new)),
        SessionMoved(new, harness.user(new)),
    ]
    refused = harness.refusal(resume(harness, harness.session(), first))
    assert refused == (ErrorCode.NO_SUCH_SESSION, {})


def test_logout(harness, amy):
    """The session is one of a new guest; the user leaves with the last session."""
    first, second = harness.log_in(amy, "1"), harness.log_in(amy)
    user = who(harness, first)
    assert harness.do(account_ops.LogOut(first, NOW)) == "amy"
    assert harness.effects == [KeptMessagesDue(user[2]), SessionMoved(first, harness.user(first))]
    assert (harness.find("amy"), user[2].address) == ((second,), (HOST, second.number))
    harness.do(account_ops.LogOut(second, NOW))
    user = (user[0], (HOST, second.number), user[2])
    assert harness.effects == [
        SessionMoved(second, harness.user(second)),
        left(harness, user, LeaveReason.LOGOUT, "1", account=amy.id),
        NameChanged(user[2], "amy"),
    ]
    guest = harness.user(second)
    assert (guest.name, guest.account, guest.sessions) == ("", None, (second,))
    assert harness.find("amy") is None
    assert harness.refusal(account_ops.LogOut(second, NOW)) == (ErrorCode.LOGIN_FIRST, {})


# -- the ends of sessions


def test_a_session_ends_twice(harness):
    """The rooms read it once; the name is free."""
    ann = harness.guest("Ann", "1", "2")
    user = who(harness, ann)
    harness.do(end(ann, LeaveReason.QUIT, keep_token=False))
    assert harness.effects == [
        left(harness, user, LeaveReason.QUIT, "1", "2"),
        NameChanged(user[2], "Ann"),
    ]
    again = harness.guest("Ann")
    harness.do(end(ann))
    assert (harness.effects, harness.find("Ann"), user[2].closed) == ([], (again,), True)


def test_a_user_ends_with_last_words(harness):
    """All rooms read them, with one time: that of the newest of the rooms."""
    ann = harness.guest("Ann", "1", "2")
    rooms, user = list(harness.user(ann).rooms), who(harness, ann)
    rooms[1].last_time = NOW + 5
    harness.do(replace(end(ann, LeaveReason.QUIT, keep_token=False), text="bye"))
    told = left(harness, user, LeaveReason.QUIT, "1", "2", text="bye")
    late = {room: replace(event, time=NOW + 5) for room, event in told.events.items()}
    assert harness.effects == [HappenedToUser(late, user[2]), NameChanged(user[2], "Ann")]
    assert [room.last_time for room in rooms] == [NOW + 5] * 2


def test_the_last_words_of_one_of_several_sessions(harness, amy):
    """Nobody reads them: the user stays."""
    one, other = harness.log_in(amy, "1"), harness.log_in(amy)
    harness.do(replace(end(one, LeaveReason.QUIT), text="bye"))
    assert not any(isinstance(each, HappenedToUser) for each in harness.effects)
    assert len(harness.user(other).rooms) == 1


def test_one_of_several_sessions_ends(harness, amy):
    """The user stays; only a token that is not kept is revoked."""
    one, two, three = (harness.log_in(amy, *rooms) for rooms in (("1",), (), ()))
    harness.do(end(two))
    assert harness.effects == []
    harness.do(end(one, keep_token=False))
    due = KeptMessagesDue(harness.user(three))  # the oldest session is another one
    assert harness.effects == [TokenRevoked(harness.token(one), "here"), due]
    assert harness.find("amy") == (three,)


@pytest.mark.parametrize(
    ("options", "has_token", "is_held"),
    [
        ({}, True, True),
        ({"hold_name": False}, True, False),
        ({"keep_token": False}, True, False),
        ({}, False, False),
    ],
)
def test_the_name_of_a_guest_who_is_lost(harness, options, has_token, is_held):
    """It is held for a minute, if there is a token that gets it."""
    ann = harness.guest("Ann")
    if not has_token:
        harness.world.tokens.drop(ann)
    harness.do(end(ann, **options))
    other = harness.session()
    if is_held:
        harness.seconds = HOLD_SECONDS - 1
        in_use = (ErrorCode.NAME_IN_USE, {"name": "ann"})
        assert harness.refusal(rename(other, "ann")) == in_use
        harness.seconds = HOLD_SECONDS
    harness.do(rename(other, "ann"))


def test_sessions_of_an_account_end(harness, amy):
    """Those that are named, and no others; the token of one that was lost stays valid."""
    lost, one, two = (harness.log_in(amy) for _ in range(3))
    harness.do(end(lost))
    ann, revoked = harness.guest("Ann"), DisconnectReason.REVOKED
    reasons = revoked, LeaveReason.LOST
    harness.do(account_ops.EndSessions(amy.id, (two, ann), None, *reasons, NOW))
    assert harness.effects == [
        TokenRevoked(harness.token(two), "here"),
        SessionEnded(two, revoked),
    ]
    assert (harness.find("amy"), harness.find("Ann")) == ((one,), (ann,))
    assert harness.do(resume(harness, harness.session(), lost)) == "amy"
    harness.do(account_ops.EndSessions(99, None, None, *reasons, NOW))
    assert harness.effects == []


def test_all_sessions_of_an_account_but_one_end(harness, amy):
    """No token but that of the session that stays is valid any more."""
    lost, one, two = (harness.log_in(amy, *rooms) for rooms in (("1",), (), ()))
    harness.do(end(lost))
    reason = DisconnectReason.PASSWORD_CHANGED
    harness.do(account_ops.EndSessions(amy.id, None, one, reason, LeaveReason.LOST, NOW))
    assert harness.effects[-1] == SessionEnded(two, reason)
    assert harness.find("amy") == (one,)
    new = harness.session()
    for former in (lost, two):
        assert harness.refusal(resume(harness, new, former))[0] is ErrorCode.NO_SUCH_SESSION
    assert harness.do(resume(harness, new, one)) == "amy"


def test_all_sessions_of_an_account_end(harness, amy):
    """The user leaves for the given reason, after all tokens are revoked."""
    one, two = harness.log_in(amy, "1"), harness.log_in(amy)
    user, reason = who(harness, one), DisconnectReason.PASSWORD_SET
    harness.do(account_ops.EndSessions(amy.id, None, None, reason, LeaveReason.LOGOUT, NOW))
    assert harness.effects == [
        *(TokenRevoked(harness.token(session), "here") for session in (one, two)),
        left(harness, user, LeaveReason.LOGOUT, "1", account=amy.id),
        NameChanged(user[2], "amy"),
        *(SessionEnded(session, reason) for session in (one, two)),
    ]
    assert harness.find("amy") is None


# -- the end of a server


def test_the_sessions_of_a_server_end(harness, amy):
    """Their users leave, unless they have a session elsewhere; names and reservations are free."""
    ann, bob = harness.guest("Ann", "1", node="there"), harness.guest("Bob", "1")
    here, there = harness.log_in(amy, "2"), harness.log_in(amy, node="there")
    harness.do(account_ops.ReserveName(harness.session(node="there"), new_name("Zoe")))
    harness.do(account_ops.ReserveName(SessionKey("there", 99), new_name("Dan")))  # by its console
    user = who(harness, ann)
    harness.do(account_ops.EndNode("there", NOW))
    assert harness.effects == [
        left(harness, user, LeaveReason.LOST, "1"),
        NameChanged(user[2], "Ann"),
    ]
    assert (harness.find("amy"), harness.find("Bob")) == ((here,), (bob,))
    assert there not in harness.world.sessions
    assert harness.world.ended_nodes == {"there"}
    for name in ("Ann", "Zoe", "Dan"):
        harness.guest(name)


def test_a_session_of_a_server_that_has_ended_is_resumed(harness, amy):
    """A guest, if the name is free still, and an account."""
    ann, amys = harness.guest("Ann", node="there"), harness.log_in(amy, node="there")
    harness.do(account_ops.EndNode("there", NOW))
    assert harness.do(resume(harness, harness.session(), ann)) == "Ann"
    assert harness.do(resume(harness, harness.session(), amys)) == "amy"


def test_the_rooms_of_a_server_are_settled(harness):
    """One that it created or ended is gone; others are not concerned."""
    harness.do(start("4", node="there"))
    harness.do(start("5", node="here"))
    harness.do(ops.EndRoom("there", "1", "1", False, NOW))
    harness.do(ops.EndRoom("here", "2", "2", False, NOW))
    harness.do(account_ops.EndNode("there", NOW))
    assert harness.effects == [RoomSettled("4"), RoomSettled("1")]
    assert [room.id for room in harness.world.rooms] == ["3"]
    assert list(harness.world.rooms.changing) == ["5", "2"]
    assert harness.do(ops.SettleRoom("4", True)) is None


def test_the_profile_of_a_user_of_whom_no_client_has_told(harness, amy):
    """It is that of the guest who logs in; a further login does not change it."""
    profiles = [Profile("~amy", "Amy"), Profile("~eve", "Eve")]
    harness.do(log_in(harness.session(), amy))
    for profile in profiles:
        guest = harness.session()
        harness.do(ops.SetProfile(guest, (HOST, guest.number), profile, NOW))
        harness.do(log_in(guest, amy))
        assert harness.world.user_of(amy).profile == profiles[0]
