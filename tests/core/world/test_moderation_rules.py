"""The rules of moderation in rooms, by operations on a world."""

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.events import Kicked, LeaveReason, Left, Muted, Unmuted
from chatd.core.world.account_operations import EndSession
from chatd.core.world.effects import Happened, Told
from chatd.core.world.operations import Say
from chatd.core.world.rights import Rank
from chatd.core.world.room_operations import MemberRef
from tests.core.world.club import ACCOUNTS, NAMES, RANKS, Club
from tests.core.world.harness import NOW, ban, join, kick, lift, mute


@pytest.fixture
def ann(harness):
    """Return the session of the guest Ann in room 1."""
    return harness.guest("Ann", "1")


@pytest.fixture
def room(harness):
    """Return room 1."""
    return harness.world.rooms.by_key("1")


def say(session):
    """Return a message to room 1."""
    return Say(session, "1", ("hi",), NOW)


# -- kick


def test_kick(harness, ann, room):
    """The room reads it, then the user; the user has the name still."""
    user = harness.user(ann)
    room.last_time = NOW + 5
    assert harness.do(kick("ann", reason="spam")) == MemberRef("Ann", "1")
    reason = LeaveReason.KICKED
    left = Left("1", "Ann", user.address, reason, NOW + 5, by="Amy", text="spam")
    kicked = Kicked("1", "room 1", "Ann", user.address, NOW + 5, "Amy", "spam")
    assert harness.effects == [Happened(room, left, user), Told(user, kicked)]
    assert (room.members, harness.find("Ann")) == ({}, (ann,))


@pytest.mark.parametrize(("name", "room_id"), [("Ann", "2"), ("Zoe", "1"), ("Ann", "9")])
@pytest.mark.usefixtures("ann")
def test_kick_refused(harness, name, room_id):
    """The user must be in the room."""
    assert harness.refusal(kick(name, room_id)) == (
        ErrorCode.NO_SUCH_USER,
        {"name": name, "room": room_id},
    )


# -- mutes


def test_mute(harness, ann, room):
    """The room and the user are told; the user talks again after the time, or `Unmute`."""
    assert harness.do(mute("ann", 1, 60.0)) == MemberRef("Ann", "1")
    muted = Muted("1", "Ann", "Amy", NOW, 1, "room 1")
    assert harness.effects == [Happened(room, muted, harness.user(ann))]
    harness.seconds = 59.0
    assert harness.refusal(say(ann))[0] is ErrorCode.MUTED
    harness.seconds = 60.0
    harness.do(say(ann))
    harness.do(mute("Ann"))
    assert harness.refusal(say(ann))[0] is ErrorCode.MUTED
    assert harness.do(lift("ANN")) == MemberRef("Ann", "1")
    unmuted = Unmuted("1", "Ann", "Amy", NOW, "room 1")
    assert harness.effects == [Happened(room, unmuted, harness.user(ann))]
    harness.do(say(ann))
    assert not room.restricts_talk


def test_a_second_mute_replaces_the_first(harness, ann, room):
    """The time is that of the second one."""
    harness.do(mute("Ann"))
    harness.do(mute("Ann", 1, 60.0))
    assert len(room.mutes) == 1
    harness.seconds = 60.0
    harness.do(say(ann))


def test_mute_of_an_account(harness, room):
    """It need not be there, and is muted when it comes back; nobody in the room is meant yet."""
    account = harness.account("amy")
    assert harness.do(mute("AMY")) == MemberRef("amy", "1")
    muted = Muted("1", "amy", "Amy", NOW, None, "room 1")
    assert harness.effects == [Happened(room, muted, None)]
    amy = harness.log_in(account, "1")
    assert harness.refusal(say(amy))[0] is ErrorCode.MUTED
    harness.do(lift("amy"))
    harness.do(say(amy))


def test_unmute_of_a_guest_who_has_gone(harness, ann):
    """By the name; others who are muted stay so."""
    bob = harness.guest("Bob", "1")
    harness.do(mute("Ann"))
    harness.do(mute("Bob"))
    harness.do(EndSession(ann, LeaveReason.QUIT, False, False, NOW))
    assert harness.do(lift("ann")) == MemberRef("Ann", "1")
    assert harness.refusal(say(bob))[0] is ErrorCode.MUTED


def test_mute_refused(harness, ann):
    """The room and the user or account must be there, and the mute to be ended."""
    assert harness.refusal(mute("Zoe")) == (ErrorCode.NO_SUCH_USER, {"name": "Zoe"})
    elsewhere = mute("Ann", room="9")
    assert harness.refusal(elsewhere) == (ErrorCode.NO_SUCH_ROOM, {"room": "9"})
    not_muted = (ErrorCode.NOT_MUTED, {"name": "Ann", "room": "1"})
    assert harness.refusal(lift("Ann")) == not_muted
    harness.do(mute("Ann", 1, 60.0))
    harness.seconds = 60.0
    assert harness.refusal(lift("Ann")) == not_muted
    harness.do(say(ann))


# -- ranks


def refused(actor, target):
    """Return the code with which an operator's act on a user is refused, None if it is not."""
    if RANKS[actor] < Rank.OPERATOR:
        return ErrorCode.NOT_OPERATOR
    return ErrorCode.OUTRANKED if RANKS[actor] <= RANKS[target] else None


def check_ranks(operation, actor, targets, club):
    """Check on which users somebody acts; `club` returns a new club."""
    harness = club()
    for target in targets:
        act, expected = operation(target, room="club", by=harness.by(actor)), refused(actor, target)
        if expected is None:
            assert harness.do(act) == MemberRef(target, "club")
            harness = club()
        else:
            assert (target, harness.refusal(act)[0]) == (target, expected)


@pytest.mark.parametrize("actor", RANKS)
@pytest.mark.parametrize("operation", [kick, mute, ban])
def test_nobody_acts_on_a_user_of_the_same_or_a_higher_rank(operation, actor):
    """Nor on themselves; operators and higher ones act on those below."""
    check_ranks(operation, actor, NAMES, Club)


@pytest.mark.parametrize("actor", ["console", "adam", "owen", "opal", "guesto", "vic"])
@pytest.mark.parametrize("operation", [mute, ban])
def test_accounts_that_are_away_have_their_ranks(operation, actor):
    """A role and the right of an administrator are the account's."""

    def club():
        harness = Club()
        harness.log_out(*(name for name in ACCOUNTS if name != actor))
        return harness

    check_ranks(operation, actor, (name for name in ACCOUNTS if name != actor), club)


@pytest.mark.parametrize("actor", [name for name in RANKS if name != "oscar"])
def test_nobody_lifts_a_mute_of_a_user_of_the_same_or_a_higher_rank(actor):
    """Least of all their own: only administrators do, whom only the console can mute."""
    harness = Club()
    for name in NAMES:
        harness.do(mute(name, room="club"))
    for target in NAMES:
        act, expected = lift(target, room="club", by=harness.by(actor)), refused(actor, target)
        if expected is None or RANKS[actor] is Rank.ADMINISTRATOR:
            assert harness.do(act) == MemberRef(target, "club")
        else:
            assert (target, harness.refusal(act)[0]) == (target, expected)


def test_an_operator_does_not_lift_a_ban_of_another_one(club):
    """Whether the banned operator is present, elsewhere or away."""
    club.do(ban("oscar", room="club", by=club.by("owen")))
    unban = lift("oscar", True, room="club", by=club.by("opal"))
    outranked = (ErrorCode.OUTRANKED, {"name": "oscar"})
    assert club.refusal(unban) == outranked
    club.log_out("oscar")
    assert club.refusal(unban) == outranked
    club.do(lift("oscar", True, room="club", by=club.by("owen")))


@pytest.mark.parametrize("name", [name for name in NAMES if RANKS[name] < Rank.ADMINISTRATOR])
def test_a_ban_holds_whatever_the_rank(club, name):
    """An owner whom an administrator has banned does not come back either."""
    club.do(ban(name, room="club"))
    assert club.refusal(join(club.keys[name], "club"))[0] is ErrorCode.BANNED_FROM_ROOM


def test_an_administrator_joins_in_spite_of_a_ban(club):
    """It may be from before the account was an administrator."""
    club.do(ban("alma", room="club"))
    club.join("alma")


@pytest.mark.parametrize("operation", [kick, mute, ban, lift])
def test_who_acts_is_in_the_room(club, operation):
    """An operator elsewhere does not act; an administrator does."""
    club.leave("opal", "adam")
    act = operation("mia", room="club", by=club.by("opal"))
    assert club.refusal(act) == (ErrorCode.NOT_IN_ROOM, {"room": "club"})
    if operation is not lift:
        club.do(operation("mia", room="club", by=club.by("adam")))
