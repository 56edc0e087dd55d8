"""The rules of moderation in rooms, by operations on a world."""

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.events import Kicked, LeaveReason, Left, Muted, Unmuted
from chatd.core.records import AccessKind, RoomAccess
from chatd.core.room_events import RoomBanned, RoomUnbanned
from chatd.core.world import moderation_rules
from chatd.core.world.account_operations import EndSession, RemoveAccount
from chatd.core.world.effects import Happened, Told
from chatd.core.world.moderation_rules import check_restrict
from chatd.core.world.operations import Say
from chatd.core.world.room_operations import MemberRef
from tests.core.world.harness import (
    HOST,
    NOW,
    ban,
    ban_name,
    end,
    join,
    kick,
    lift,
    mute,
    rename,
)


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


# -- bans


def test_ban_of_a_member(harness, ann, room):
    """The room reads it, then the user, who does not come back; the end is told as well."""
    user = harness.user(ann)
    assert harness.do(ban("ann", 5, 300.0, reason="spam")) == MemberRef("Ann", "1")
    left = Left("1", "Ann", user.address, LeaveReason.BANNED, NOW, by="Amy", text="spam")
    kicked = Kicked("1", "room 1", "Ann", user.address, NOW, "Amy", "spam", True)
    assert harness.effects == [Happened(room, left, user), Told(user, kicked)]
    assert room.members == {}
    assert harness.refusal(join(ann, "1"))[0] is ErrorCode.BANNED_FROM_ROOM
    assert harness.do(lift("ANN", True)) == MemberRef("Ann", "1")
    assert harness.effects == [Happened(room, RoomUnbanned("1", "Ann", "Amy", NOW))]
    harness.do(join(ann, "1"))


@pytest.mark.parametrize("is_present", [True, False])
def test_ban_of_a_user_elsewhere(harness, room, is_present):
    """An account or a guest: the room reads it, and the user does not."""
    account = harness.account("amy")
    if is_present:
        harness.log_in(account, "2")
    assert harness.do(ban("AMY", 5, 300.0, reason="spam")) == MemberRef("amy", "1")
    banned = RoomBanned("1", "amy", "Amy", NOW, 5, "spam", account.id)
    assert harness.effects == [Happened(room, banned)]
    session = harness.log_in(account)
    assert harness.refusal(join(session, "1"))[0] is ErrorCode.BANNED_FROM_ROOM
    harness.seconds = 300.0
    harness.do(join(session, "1"))


@pytest.mark.usefixtures("ann")
def test_the_entry_of_a_ban(harness, room):
    """It is what the store keeps and an operator reads; an account that is away has no address."""
    account = harness.account("amy")
    harness.do(ban("Ann", 5, 300.0, reason="spam"))
    harness.do(ban("amy"))
    assert room.bans.entries(0) == [
        RoomAccess(AccessKind.BAN, "Ann", None, f"{HOST}/32", NOW + 300, "Amy", NOW, "spam"),
        RoomAccess(AccessKind.BAN, "amy", account.id, None, None, "Amy", NOW),
    ]


def test_a_second_ban_replaces_the_first(harness, ann, room):
    """Also under another name of the guest; an account of that name has its own."""
    harness.do(ban("Ann"))
    harness.do(rename(ann, "Zoe"))
    harness.do(ban("Zoe", 1, 60.0))
    assert [(entry.name, entry.until) for entry in room.bans.entries(0)] == [("Zoe", NOW + 60)]
    harness.account("ann")
    harness.do(ban("ann"))
    assert len(room.bans) == 2
    harness.do(lift("ann", True))
    assert [entry.name for entry in room.bans.entries(0)] == ["Zoe"]


def test_a_banned_guest_of_several_names(harness, ann):
    """The ban is found by the name of then and of now; then all of it is over."""
    for name in ("Ann", "Zoe", "zoe"):
        harness.do(ban("Zoe" if harness.find("Zoe") else "Ann"))
        harness.do(rename(ann, "Zoe"))
        assert harness.do(lift(name, True)) == MemberRef("Zoe", "1")
        harness.do(join(ann, "1"))


def test_others_at_the_address_of_a_muted_guest(harness, ann):
    """They talk until the guest has gone; then the end of the mute is theirs, by either name."""
    other = harness.guest("Other", "1")
    harness.do(mute("Ann"))
    harness.do(say(other))
    assert harness.refusal(lift("Other"))[0] is ErrorCode.NOT_MUTED
    for name in ("Other", "Ann"):
        harness.do(end(ann, keep_token=False))
        assert harness.refusal(say(other))[0] is ErrorCode.MUTED
        assert harness.do(lift(name)) == MemberRef("Ann", "1")
        harness.do(say(other))
        ann = harness.guest("Ann", "1")
        harness.do(mute("Ann"))


def test_unban_of_a_guest_at_a_banned_address(harness, ann):
    """The ban is that of another guest, and ends."""
    other = harness.guest("Other")
    harness.do(ban("Ann"))
    assert harness.refusal(join(other, "1"))[0] is ErrorCode.BANNED_FROM_ROOM
    assert harness.do(lift("Other", True)) == MemberRef("Ann", "1")
    harness.do(join(other, "1"))
    harness.do(join(ann, "1"))


def test_a_banned_guest_who_registers_the_name(harness, ann):
    """The account is barred as the guest was, until the ban ends; another account is not."""
    harness.do(ban("Ann"))
    harness.do(end(ann, keep_token=False))
    account = harness.log_in(harness.account("ann"))
    assert harness.refusal(join(account, "1"))[0] is ErrorCode.BANNED_FROM_ROOM
    harness.do(join(harness.log_in(harness.account("amy")), "1"))
    assert harness.do(lift("ann", True)) == MemberRef("ann", "1")
    harness.do(join(account, "1"))


@pytest.mark.usefixtures("ann")
def test_too_many_entries(harness, monkeypatch):
    """A room has a limit of each; ended ones do not count, and a subject counts once."""
    monkeypatch.setattr(moderation_rules, "MAX_ENTRIES", 2)
    for name in ("amy", "bea"):
        harness.account(name)
    harness.do(mute("amy"))
    harness.do(mute("Ann", 1, 60.0))
    refused = (ErrorCode.TOO_MANY_ENTRIES, {"room": "1", "room_name": "room 1", "limit": 2})
    assert harness.refusal(mute("bea")) == refused
    harness.do(mute("Ann", 1, 60.0))
    harness.do(ban("bea"))
    check_restrict(harness.world, mute("bea"), 60.0)
    harness.seconds = 60.0
    harness.do(mute("bea"))


def test_ban_of_a_name(harness, ann, room):
    """It bans the next user of the name; if a user has the name, it is a ban like others."""
    for name in ("Zoe", "zoe"):
        harness.do(ban_name(name))
    assert [entry.name for entry in room.bans.entries(0.0)] == ["zoe"]
    assert harness.effects[-1].event == RoomBanned("1", "zoe", "Amy", NOW)
    zoe = harness.guest("ZOE")
    assert harness.refusal(join(zoe, "1"))[0] is ErrorCode.BANNED_FROM_ROOM
    harness.do(lift("Zoe", is_ban=True))
    harness.do(join(zoe, "1"))
    harness.do(ban_name("Ann"))
    assert room not in harness.user(ann).rooms


@pytest.mark.usefixtures("ann")
def test_ban_refused(harness):
    """The user must exist; a ban that is not there, or no more, is not ended."""
    assert harness.refusal(ban("Zoe")) == (ErrorCode.NO_SUCH_USER, {"name": "Zoe"})
    assert harness.refusal(ban("Ann", room="9"))[0] is ErrorCode.NO_SUCH_ROOM
    not_banned = (ErrorCode.NOT_BANNED, {"subject": "Ann"})
    assert harness.refusal(lift("Ann", True)) == not_banned
    harness.do(mute("Ann"))
    assert harness.refusal(lift("Ann", True)) == not_banned
    harness.do(ban("Ann", 1, 60.0))
    harness.seconds = 60.0
    assert harness.refusal(lift("Ann", True)) == not_banned


def test_bans_end_with_their_account(harness, room):
    """The next account of the name is another one."""
    account = harness.account("amy")
    harness.do(ban("amy"))
    harness.do(mute("amy"))
    harness.do(RemoveAccount(account.id, NOW))
    assert (len(room.bans), len(room.mutes), room.restricts_talk) == (0, 0, False)
    harness.do(say(harness.log_in(harness.account("amy"), "1")))
