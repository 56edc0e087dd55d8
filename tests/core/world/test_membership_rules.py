"""The rules of roles and invitations in rooms, by operations on a world."""

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.names import typed_name
from chatd.core.room_events import Invited, MemberInvited, MessageDeleted, ReadUpTo, RoleChanged
from chatd.core.rooms import Role
from chatd.core.world.account_operations import LogOut
from chatd.core.world.effects import Happened, HappenedToUser, RoomRead, Told
from chatd.core.world.operations import By, Leave, SetIgnored
from chatd.core.world.rights import Rank, lists, rank_of
from chatd.core.world.room_operations import DeleteMessage, MarkRead, MemberRef
from tests.core.world.club import NAMES, RANKS, Club
from tests.core.world.harness import NOW, invite, join, kick, rename, set_role, setting

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
    if actor == target and former is not None:
        own = {Rank.OPERATOR: Role.OPERATOR, Rank.VOICE: Role.VOICE}.get(rank)
        return None if own is former else ErrorCode.NO_SUCH_ROLE
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
    """Owners make operators, and operators voices; no command but `deop` lowers a role.

    Operators and voices may give up their own.
    """
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
    actor = club.member("opal").ref
    changed = RoleChanged("club", "mia", "voice", "opal", NOW, "room club", actor=actor)
    assert club.effects == [Happened(club.club, changed, club.member("mia"))]
    club.leave("mia")
    club.do(set_role("mia", Role.NONE, Role.VOICE, "club"))
    changed = RoleChanged(
        "club", "mia", "none", "Amy", NOW, "room club", former="voice", is_member=False
    )
    assert club.effects == [Happened(club.club, changed)]


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


# -- invitations


def test_invite(club):
    """The user is told, by whom and with the account; then the other members."""
    stranger = club.user(club.guest("Stranger"))
    for name, account in (("mia", club.accounts["mia"].id), ("guest", None)):
        outcome = club.do(invite("STRANGER", "club", club.by(name)))
        assert outcome == MemberRef("Stranger", "club")
        invited = Invited("club", "room club", name, NOW, account, "Stranger")
        told = MemberInvited("club", "Stranger", NOW, club.member(name).ref)
        assert club.effects == [
            Told(stranger, invited),
            HappenedToUser({club.club: told}, club.member(name), club.by(name).session),
        ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("moderated", [False, True])
def test_who_invites(club, name, moderated):
    """All members, but in a moderated room operators alone; administrators from elsewhere."""
    club.do(setting("moderated", moderated, "club"))
    club.guest("Stranger")
    operation = invite("Stranger", "club", club.by(name))
    if moderated and RANKS[name] < Rank.OPERATOR:
        assert club.refusal(operation)[0] is ErrorCode.NOT_OPERATOR
    else:
        club.do(operation)
    club.leave(name)
    if RANKS[name] < Rank.ADMINISTRATOR:
        assert club.refusal(operation) == (ErrorCode.NOT_IN_ROOM, {"room": "club"})
    else:
        club.do(operation)


def test_invite_refused(club):
    """Nobody is invited who does not exist, or is in the room."""
    by = club.by("mia")
    assert club.refusal(invite("Zoe", "club", by)) == (ErrorCode.NO_SUCH_USER, {"name": "Zoe"})
    for name in ("mia", "guest"):
        labels = {"room": "club", "room_name": "room club"}
        refused = (ErrorCode.MEMBER_ALREADY, {"name": name, **labels})
        assert club.refusal(invite(name.upper(), "club", by)) == refused
    assert club.refusal(invite("Zoe", "9", by)) == (ErrorCode.NO_SUCH_ROOM, {"room": "9"})


def test_an_invitation_opens_a_room_once(club):
    """The key is not needed; the limit holds, and so do bans."""
    club.do(setting("private", True, "club"))
    club.do(setting("key", "sesame", "club"))
    stranger = club.guest("Stranger")
    club.do(invite("Stranger", "club", club.by("mia")))
    club.do(setting("limit", len(club.club.members), "club"))
    assert club.refusal(join(stranger, "club"))[0] is ErrorCode.ROOM_FULL
    club.do(setting("limit", 0, "club"))
    club.do(join(stranger, "club"))
    club.do(Leave(stranger, "club", NOW))
    assert club.refusal(join(stranger, "club", key="sesame"))[0] is ErrorCode.NO_SUCH_ROOM


IGNORED = {
    "an account by an account": ("mia", "vic"),
    "an account by a guest": ("mia", "Stranger"),
    "a guest by an account": ("guest", "vic"),
    "a guest by a guest": ("guest", "Stranger"),
}
"""For each case the user who invites, and the one who is invited and ignores that user."""


@pytest.mark.parametrize("who", IGNORED)
@pytest.mark.parametrize("is_renamed", [False, True])
def test_the_invitation_of_an_ignored_user(club, who, is_renamed):
    """It is dropped, under whatever name and at whatever time; who is ignored learns nothing."""
    inviting, name = IGNORED[who]
    club.leave("vic")
    club.do(setting("private", True, "club"))
    club.do(set_role("vic", Role.NONE, Role.VOICE, "club"))
    session = club.keys["vic"] if name == "vic" else club.guest("Stranger")
    account = club.accounts.get(inviting)
    club.do(SetIgnored(session, None, typed_name(inviting), account, True))
    if is_renamed and account is None:
        club.do(rename(club.keys[inviting], "Another"))
    outcome = club.do(invite(name, "club", club.by(inviting)))
    assert (outcome, club.effects) == (MemberRef(name, "club"), [])
    assert not lists(club.world, club.user(session), club.club)
    if name == "vic" and account is not None:
        club.do(LogOut(session, NOW))
        assert club.do(invite(name, "club", club.by(inviting))) == MemberRef(name, "club")
        session = club.log_in(club.accounts["vic"])
        assert not lists(club.world, club.user(session), club.club)
    club.do(invite(name, "club", club.by("owen")))
    assert lists(club.world, club.user(session), club.club)


# -- messages


def test_delete_message(club):
    """The room is told, also if the user has left it meanwhile; the room must be there."""
    mia = club.member("mia").ref
    club.leave("mia")
    club.do(DeleteMessage(mia, "club", 7, NOW, "spam"))
    deleted = MessageDeleted("club", 7, "mia", NOW, "spam", mia)
    assert club.effects == [Happened(club.club, deleted)]
    refused = (ErrorCode.NO_SUCH_ROOM, {"room": "9"})
    assert club.refusal(DeleteMessage(mia, "9", 7, NOW)) == refused


def test_mark_read(club):
    """All servers note it, and the other sessions of the account, which must be in the room."""
    session, mia = club.keys["mia"], club.member("mia")
    club.do(MarkRead(session, "club", 7))
    assert club.effects == [
        RoomRead(mia.account, club.world.rooms.by_key("club"), 7),
        Told(mia, ReadUpTo("club", 7), session),
    ]
    refused = (ErrorCode.LOGIN_FIRST, {})
    assert club.refusal(MarkRead(club.keys["guest"], "club", 7)) == refused
    for room in ("hall", "9"):
        refused = (ErrorCode.NOT_IN_ROOM, {"room": room})
        assert club.refusal(MarkRead(session, room, 7)) == refused
