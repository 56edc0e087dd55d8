"""Ranks: users kick, mute and ban those of lower rank in a room, and lift that again."""

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.world.rights import Rank
from chatd.core.world.room_operations import MemberRef
from tests.core.world.club import ACCOUNTS, NAMES, RANKS, Club
from tests.core.world.harness import ban, join, kick, lift, mute


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
