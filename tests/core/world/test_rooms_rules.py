"""The rules of rooms, by operations on a world."""

import pytest

from chatd.core.errors import BannedError, ChatError, ErrorCode
from chatd.core.events import (
    ADMINISTRATOR,
    Joined,
    LeaveReason,
    Left,
    MessageBatch,
    Notice,
    RoomClosed,
)
from chatd.core.lookalikes import name_keys
from chatd.core.names import typed_name
from chatd.core.records import Ban, BanKind
from chatd.core.rooms import SessionKey, User
from chatd.core.world.account_operations import MessagesStored
from chatd.core.world.apply import apply
from chatd.core.world.effects import Happened, RoomSettled, Said, StoredUpTo
from chatd.core.world.operations import AddBan, Announce, EndRoom, Leave, Mute, Say, SettleRoom
from tests.core.world.harness import HOST, NOW, join, start

STRANGER = SessionKey("there", 99)


@pytest.fixture
def ann(harness):
    """Return the session of the guest Ann in room 1."""
    return harness.guest("Ann", "1")


# -- messages


def test_say(harness, ann):
    """Messages get the next ids of the room, and a time that is not before the last one."""
    room = harness.world.rooms.by_key("1")
    messages = harness.do(Say(ann, "1", ("a", "b"), NOW + 5))
    assert messages == MessageBatch("1", 1, "Ann", ("a", "b"), NOW + 5)
    assert harness.effects == [Said(room, messages, ann)]
    later = harness.do(Say(ann, "1", ("waves",), NOW, action=True))
    assert later == MessageBatch("1", 3, "Ann", ("waves",), NOW + 5, None, True)
    assert room.last_id == 3


def test_say_refused(harness, ann):
    """The user must be in the room, and not muted there."""
    assert harness.refusal(Say(ann, "2", ("a",), NOW)) == (ErrorCode.NOT_IN_ROOM, {"room": "2"})
    assert harness.refusal(Say(ann, "9", ("a",), NOW)) == (ErrorCode.NOT_IN_ROOM, {"room": "9"})
    assert harness.refusal(Say(STRANGER, "1", ("a",), NOW))[0] is ErrorCode.SESSION_CLOSED
    harness.do(Mute(typed_name("Ann"), "1", None, None, "Amy", NOW))
    assert harness.refusal(Say(ann, "1", ("a",), NOW))[0] is ErrorCode.MUTED


def test_announce(harness):
    """The room reads the words of the administrator."""
    room = harness.world.rooms.by_key("1")
    harness.do(Announce("1", "hear", NOW))
    assert harness.effects == [Happened(room, Notice(ADMINISTRATOR, "hear", NOW, "1"))]
    assert harness.refusal(Announce("9", "hear", NOW)) == (ErrorCode.NO_SUCH_ROOM, {"room": "9"})


def test_messages_stored(harness):
    """The position goes to the parts of the server."""
    harness.do(MessagesStored("a", 7))
    assert harness.effects == [StoredUpTo("a", 7)]


# -- joining and leaving


def test_join(harness):
    """A guest gets the name and is a member; the room is told but the session."""
    bob = harness.session()
    room = harness.do(join(bob, "1", "Bob"))
    user = harness.user(bob)
    joined = Joined("1", "Bob", (HOST, bob.number), NOW)
    assert harness.effects == [Happened(room, joined, user, bob)]
    assert (list(room.members), list(user.rooms), user.name) == ([user], [room], "Bob")


def test_the_first_of_two_gets_the_name(harness):
    """The second guest who asks for it has no name and is in no room."""
    first, second = harness.session(), harness.session(node="there")
    harness.do(join(first, "1", "Bob"))
    assert harness.refusal(join(second, "1", "BOB")) == (ErrorCode.NAME_IN_USE, {"name": "Bob"})
    assert (harness.user(second).name, harness.find("Bob")) == ("", (first,))


def test_join_by_a_session_that_no_operation_has_named(harness):
    """It is known from then on, also if it is refused; this server's user is the one it has."""
    stranger, user = SessionKey("here", 99), User((HOST, 1))
    harness.newcomers[stranger] = user
    with pytest.raises(ChatError):
        harness.do(join(stranger, "9", "Bob"))
    assert harness.user(stranger) is user
    harness.do(join(stranger, "1", "Bob"))
    assert (user.name, harness.find("Bob")) == ("Bob", (stranger,))


def test_join_refused(harness, ann):
    """For each reason with its code; the guest keeps name and rooms."""
    harness.account("amy")
    guest = harness.session()
    for operation, expected in (
        (join(ann, "9"), (ErrorCode.NO_SUCH_ROOM, {"room": "9"})),
        (join(ann, "1"), (ErrorCode.ALREADY_IN_ROOM, {"room": "1"})),
        (join(ann, "2", "Bob"), (ErrorCode.ALREADY_IN_ROOM, {"room": "1"})),
        (join(ann, "2", max_rooms=1), (ErrorCode.ALREADY_IN_ROOM, {"room": "1"})),
        (join(guest, "1"), (ErrorCode.USAGE, {})),
        (join(guest, "1", "Amy"), (ErrorCode.NAME_NEEDS_LOGIN, {"name": "amy"})),
    ):
        assert harness.refusal(operation) == expected


def test_join_under_a_name_that_is_banned(harness):
    """The error has the reason of the ban."""
    ban = Ban(BanKind.NAME, "Bob", reason="spam")
    harness.do(AddBan(ban, name_keys("Bob"), 60.0, NOW))
    outcome = apply(harness.world, join(harness.session(), "1", "Bob"), 59.0).outcome
    assert isinstance(outcome, BannedError)
    assert outcome.reason == "spam"
    harness.seconds = 60.0
    harness.do(join(harness.session(), "1", "Bob"))


def test_leave(harness, ann):
    """The room is told but the session; the user has the name still."""
    room, user = harness.world.rooms.by_key("1"), harness.user(ann)
    harness.do(Leave(ann, "1", NOW))
    left = Left("1", "Ann", user.address, LeaveReason.QUIT, NOW)
    assert harness.effects == [Happened(room, left, user, ann)]
    assert (room.members, user.rooms, harness.find("Ann")) == ({}, {}, (ann,))
    assert harness.refusal(Leave(ann, "1", NOW)) == (ErrorCode.NOT_IN_ROOM, {"room": "1"})


# -- the creation and end of rooms


def test_a_room_is_created(harness):
    """It is there once the store has it; those who wait for it are told."""
    assert harness.do(start("4"))
    assert harness.effects == []
    assert harness.refusal(join(harness.session(), "4", "Bob"))[0] is ErrorCode.NO_SUCH_ROOM
    assert not harness.do(start("4", node="there"))
    room = harness.do(SettleRoom("4", True, 7))
    assert (room.last_id, harness.world.rooms.by_key("4")) == (7, room)
    assert harness.effects == [RoomSettled("4")]
    assert harness.refusal(start("4")) == (ErrorCode.ROOM_EXISTS, {"room": "4"})


def test_a_room_ends(harness, ann):
    """Its members read it and are in the room no more; its mutes end with it."""
    harness.do(Mute(typed_name("Ann"), "1", None, None, "Amy", NOW))
    room = harness.world.rooms.find("1")
    assert harness.do(EndRoom("here", "1", "1", False, NOW + 1))
    assert harness.effects == [Happened(room, RoomClosed("1", NOW + 1))]
    assert (room.members, harness.user(ann).rooms) == ({}, {})
    assert harness.world.muted_rooms == {}
    assert harness.refusal(EndRoom("here", "1", "1", False, NOW))[0] is ErrorCode.NO_SUCH_ROOM
    assert harness.do(SettleRoom("1", True)) is None
    assert harness.effects == [RoomSettled("1")]


def test_only_an_unneeded_room_ends(harness, ann):
    """A room with a member, an owner or a message stays."""
    harness.start("4", owner=7)
    harness.do(join(ann, "2"))
    harness.do(Say(ann, "2", ("hi",), NOW))
    harness.do(Leave(ann, "2", NOW))
    for room in ("1", "2", "4"):
        assert not harness.do(EndRoom("here", room, room, True, NOW))
        assert (harness.effects, harness.world.rooms.find(room).id) == ([], room)
    assert harness.do(EndRoom("here", "3", "3", True, NOW))
