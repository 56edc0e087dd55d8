"""The rules of the administrator, by operations on a world."""

from dataclasses import replace

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.events import DisconnectReason, Joined, LeaveReason, Left, Moved
from chatd.core.lookalikes import name_keys
from chatd.core.names import typed_name
from chatd.core.records import Ban, BanKind
from chatd.core.world.effects import (
    BanAdded,
    Happened,
    HappenedToUser,
    NameChanged,
    SessionEnded,
    Told,
)
from chatd.core.world.operations import AddBan, EndUser, Leave, Move, RemoveBan
from tests.core.world.harness import NOW, end, join, rename, resume, setting


def ban_name(name, ends=None):
    """Return a ban on a name."""
    return AddBan(Ban(BanKind.NAME, name, reason="spam"), name_keys(name), ends, NOW)


def ban_address(subject):
    """Return a ban on an address."""
    return AddBan(Ban(BanKind.ADDRESS, subject), None, None, NOW)


# -- move


def move(room, leave=None):
    """Return the move of Ann to a room, who may be in two."""
    return Move(typed_name("Ann"), room, leave, 2, NOW)


def test_move(harness, ann):
    """The user is told before the room, and leaves no room while there is place."""
    user, target = harness.user(ann), harness.world.rooms.by_key("2")
    assert harness.do(move("2")) == "Ann"
    assert harness.effects == [
        Told(user, Moved("2", "room 2", None, "Ann", user.address, NOW)),
        Happened(target, Joined("2", "Ann", user.address, NOW), user),
    ]
    harness.do(move("2"))
    assert harness.effects == []
    assert [each.id for each in user.rooms] == ["1", "2"]


@pytest.mark.parametrize(("leave", "stays"), [("1", "2"), (None, "1"), ("9", "1")])
def test_move_without_place(harness, ann, leave, stays):
    """The user leaves the given room, or the one that was joined last."""
    harness.do(join(ann, "2"))
    harness.do(move("3", leave))
    left, told, joined = harness.effects
    gone = {"1": "2", "2": "1"}[stays]
    assert (left.event.room, left.event.reason) == (gone, LeaveReason.GROUPED)
    assert (told.event.left, joined.event.room) == (gone, "3")
    assert [each.id for each in harness.user(ann).rooms] == [stays, "3"]


def test_move_into_a_room_for_invited_users(harness, ann):
    """The user is as one who was invited: it ends when they leave, not with the connection."""
    harness.do(setting("private", True, "2"))
    harness.do(move("2"))
    harness.do(end(ann))
    again = harness.session()
    harness.do(resume(harness, again, ann))
    harness.do(join(again, "2"))
    harness.do(Leave(again, "2", NOW))
    assert harness.refusal(join(again, "2")) == (ErrorCode.NO_SUCH_ROOM, {"room": "2"})


def test_move_refused(harness, ann):
    """The room and the user must be there."""
    assert harness.refusal(move("9")) == (ErrorCode.NO_SUCH_ROOM, {"room": "9"})
    harness.do(rename(ann, "Zoe"))
    assert harness.refusal(move("2")) == (ErrorCode.NO_SUCH_USER, {"name": "Ann"})


# -- bans


def test_ban_of_a_name(harness, ann, room):
    """The room reads that the user left, then the sessions why they end; nobody gets the name."""
    user = harness.user(ann)
    assert harness.do(ban_name("ann")) == 1
    left = Left("1", "Ann", user.address, LeaveReason.BANNED, NOW, has_ended=True)
    assert harness.effects == [
        HappenedToUser({room: left}, user),
        NameChanged(user, "Ann"),
        SessionEnded(ann, DisconnectReason.BANNED, "spam"),
        BanAdded(ban_name("ann").ban),
    ]
    assert (user.closed, harness.find("Ann"), ann in harness.world.sessions) == (True, None, False)
    assert harness.refusal(rename(harness.session(), "Ann"))[0] is ErrorCode.BANNED


def test_ban_of_an_address(harness):
    """All sessions of a user end; those from that address are counted."""
    account = harness.account("amy")
    there = harness.guest("Bob", host="198.51.100.1")
    harness.guest("Cid")
    first, second = harness.log_in(account), harness.log_in(account)
    harness.world._addresses[second] = ("198.51.100.1", 2)
    assert harness.do(ban_address("203.0.113.0/24")) == 2
    ended = [each.session for each in harness.effects if isinstance(each, SessionEnded)]
    assert ended[1:] == [first, second]
    assert list(harness.world.sessions) == [there]


def test_the_end_of_a_ban(harness):
    """It ends with its time, or is removed; to remove it again changes nothing."""
    harness.do(ban_name("Bob", 60.0))
    harness.seconds = 60.0
    harness.guest("Bob")
    harness.do(ban_name("Zoe"))
    assert harness.refusal(rename(harness.session(), "zoe"))[0] is ErrorCode.BANNED
    for _ in range(2):
        harness.do(RemoveBan(Ban(BanKind.NAME, "Zoe", reason="spam"), name_keys("ZOE")))
    harness.guest("Zoe")
    assert [ban.subject for ban in harness.world.bans] == ["Bob"]


def test_the_end_of_a_ban_that_was_renewed(harness):
    """A server that removes the ban which it found expired leaves the new one alone."""
    expired, renewed = ban_name("Bob", 60.0), ban_name("Bob")
    renewed = replace(renewed, ban=replace(renewed.ban, created=NOW))
    harness.do(expired)
    harness.do(renewed)
    harness.do(RemoveBan(expired.ban, expired.keys))
    assert list(harness.world.bans) == [renewed.ban]


# -- end a user


def test_end_user(harness, ann):
    """The rooms read who did it and why, once; the user reads why."""
    room = harness.world.rooms.by_key("1")
    assert harness.do(EndUser(typed_name("ann"), "Zoe", "spam", NOW)) == "Ann"
    told, *_, ended = harness.effects
    assert isinstance(told, HappenedToUser)
    left = told.events[room]
    assert (left.reason, left.by, left.text, left.has_ended) == (
        *(LeaveReason.KICKED, "Zoe", "spam", True),
    )
    assert ended == SessionEnded(ann, DisconnectReason.REMOVED, "spam")
    assert harness.world.find_user("Ann") is None
    again = EndUser(typed_name("Ann"), "Zoe", "", NOW)
    assert harness.refusal(again)[0] is ErrorCode.NO_SUCH_USER
