"""The rules of roles and invitations in rooms, by operations on a world."""

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.events import RoleChanged
from chatd.core.rooms import Role
from chatd.core.world.effects import Happened
from chatd.core.world.operations import By, Leave
from chatd.core.world.rights import Rank, rank_of
from chatd.core.world.room_operations import MemberRef
from tests.core.world.club import NAMES, RANKS, Club
from tests.core.world.harness import NOW, join, kick, set_role

# -- roles

GIVEN = {
    "op": (Role.OPERATOR, None),
    "deop": (Role.NONE, Role.OPERATOR),
    "voice": (Role.VOICE, None),
    "devoice": (Role.NONE, Role.VOICE),
}
"""For each command the role that it gives, and the one that the user must have."""


def refused(actor, target, command):
    """Return the code with which a command on a user is refused, None if it is not."""
    rank, other = RANKS[actor], RANKS[target]
    role, former = GIVEN[command]
    if command in {"op", "deop"} and rank < Rank.OWNER:
        return ErrorCode.NOT_OWNER
    if rank < Rank.OPERATOR:
        return ErrorCode.NOT_OPERATOR
    if rank <= other:
        return ErrorCode.OUTRANKED
    in_room = Rank.NONE if other is Rank.ADMINISTRATOR else other
    if former is not None:
        has_former = in_room is {Role.OPERATOR: Rank.OPERATOR, Role.VOICE: Rank.VOICE}[former]
        return None if has_former else ErrorCode.NO_SUCH_ROLE
    lowers = in_room > (Rank.OPERATOR if role is Role.OPERATOR else Rank.VOICE)
    return ErrorCode.OUTRANKED if lowers else None


@pytest.mark.parametrize("actor", RANKS)
@pytest.mark.parametrize("command", GIVEN)
def test_who_gives_roles_to_whom(command, actor):
    """Owners make operators, and operators voices; no command but `deop` lowers a role."""
    role, former = GIVEN[command]
    club = Club()
    for target in NAMES:
        operation = set_role(target, role, former, "club", club.by(actor))
        expected = refused(actor, target, command)
        if expected is None:
            assert club.do(operation) == MemberRef(target, "club")
            assert club.member(target).rooms[club.club].role is role
            club = Club()
        else:
            assert (target, club.refusal(operation)[0]) == (target, expected)


def test_the_room_is_told(club):
    """The members read the role; the user reads it as one about themselves."""
    club.do(set_role("mia", Role.VOICE, room="club", by=club.by("opal")))
    changed = RoleChanged("club", "mia", "voice", "opal", NOW, "room club")
    assert club.effects == [Happened(club.club, changed, club.member("mia"))]
    club.leave("mia")
    club.do(set_role("mia", Role.NONE, Role.VOICE, "club"))
    assert club.effects[0].user is None


@pytest.mark.parametrize("leave", [Club.leave, Club.log_out])
def test_the_role_of_an_account_stays(club, leave):
    """It has the role when it comes back, or got it meanwhile."""
    leave(club, "opal", "mia")
    club.do(set_role("mia", Role.OPERATOR, room="club", by=club.by("owen")))
    for name in ("opal", "mia"):
        session = club.keys[name]
        if leave is Club.log_out:
            session = club.log_in(club.accounts[name])
        club.do(join(session, "club"))
        assert rank_of(club.world, club.user(session), club.club) is Rank.OPERATOR


@pytest.mark.parametrize("name", ["guesto", "guestv"])
def test_the_role_of_a_guest_ends(club, name):
    """When the guest leaves; a guest who is not in the room gets none."""
    club.leave(name)
    club.join(name)
    assert rank_of(club.world, club.member(name), club.club) is Rank.NONE
    club.leave(name)
    operation = set_role(name, Role.VOICE, room="club")
    assert club.refusal(operation) == (ErrorCode.NO_SUCH_USER, {"name": name, "room": "club"})


def test_set_role_refused(club):
    """For each reason with its code."""
    for operation, expected in (
        (set_role("zoe", Role.VOICE, room="club"), (ErrorCode.NO_SUCH_USER, {"name": "zoe"})),
        (set_role("mia", Role.VOICE, room="9"), (ErrorCode.NO_SUCH_ROOM, {"room": "9"})),
        (
            set_role("MIA", Role.NONE, Role.VOICE, "club"),
            (ErrorCode.NO_SUCH_ROLE, {"name": "mia", "role": "voice", "room": "club"}),
        ),
        (
            set_role("vic", Role.OPERATOR, room="club", by=club.by("opal")),
            (ErrorCode.NOT_OWNER, {"room": "club", "room_name": "room club"}),
        ),
        (
            set_role("mia", Role.VOICE, room="hall", by=club.by("opal")),
            (ErrorCode.NOT_IN_ROOM, {"room": "hall"}),
        ),
    ):
        assert club.refusal(operation) == expected


def test_an_operator_who_was_kicked_or_demoted_acts_no_more(club):
    """The right is that of the moment."""
    club.do(kick("oscar", "club", club.by("owen")))
    assert club.refusal(kick("mia", "club", club.by("oscar")))[0] is ErrorCode.NOT_IN_ROOM
    club.do(set_role("opal", Role.NONE, Role.OPERATOR, "club", club.by("owen")))
    assert club.refusal(kick("mia", "club", club.by("opal")))[0] is ErrorCode.NOT_OPERATOR
    club.do(Leave(club.keys["owen"], "club", NOW))
    assert club.refusal(kick("mia", "club", By(club.keys["owen"])))[0] is ErrorCode.NOT_IN_ROOM
