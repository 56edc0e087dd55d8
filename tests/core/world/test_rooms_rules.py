"""The rules of rooms, by operations on a world."""

import pytest

from chatd.core.errors import BannedError, ChatError, ErrorCode, NameFlaw
from chatd.core.events import (
    ADMINISTRATOR,
    Joined,
    LeaveReason,
    Left,
    MessageBatch,
    MessageKind,
    Notice,
    RoomClosed,
)
from chatd.core.lookalikes import name_keys
from chatd.core.profiles import Profile
from chatd.core.records import Ban, BanKind
from chatd.core.rooms import SessionKey, User
from chatd.core.world.account_operations import (
    LogIn,
    MessagesStored,
    RemoveAccount,
    SetAdmin,
)
from chatd.core.world.apply import apply
from chatd.core.world.effects import Happened, NameChanged, RoomSettled, Said, StoredUpTo
from chatd.core.world.operations import (
    AddBan,
    Announce,
    EndRoom,
    Leave,
    Say,
    SetProfile,
    SettleRoom,
)
from chatd.core.world.rights import Rank, rank_of
from tests.core.world.harness import (
    HOST,
    NOW,
    end,
    join,
    mute,
    rename,
    resume,
    setting,
    start,
)

STRANGER = SessionKey("there", 99)


# -- messages


def test_say(harness, ann):
    """Messages get the next ids of the room, and a time that is not before the last one."""
    room = harness.world.rooms.by_key("1")
    messages = harness.do(Say(ann, "1", ("a", "b"), NOW + 5))
    assert messages == MessageBatch("1", 1, "Ann", ("a", "b"), NOW + 5)
    assert harness.effects == [Said(room, messages, ann)]
    later = harness.do(Say(ann, "1", ("waves",), NOW, kind=MessageKind.ACTION))
    assert later == MessageBatch("1", 3, "Ann", ("waves",), NOW + 5, None, MessageKind.ACTION)
    assert room.last_id == 3


def test_say_refused(harness, ann):
    """The user must be in the room, and not muted there."""
    assert harness.refusal(Say(ann, "2", ("a",), NOW)) == (ErrorCode.NOT_IN_ROOM, {"room": "2"})
    assert harness.refusal(Say(ann, "9", ("a",), NOW)) == (ErrorCode.NOT_IN_ROOM, {"room": "9"})
    assert harness.refusal(Say(STRANGER, "1", ("a",), NOW))[0] is ErrorCode.SESSION_CLOSED
    harness.do(mute("Ann"))
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
    assert harness.effects == [NameChanged(user, ""), Happened(room, joined, user, bob)]
    assert (list(room.members), list(user.rooms), user.name) == ([user], [room], "Bob")


def test_join_of_an_account(harness):
    """The room reads the account, the role, and what the client has told about the user."""
    amy = harness.account("amy")
    room, session = harness.start("4", owner=amy.id), harness.log_in(amy)
    profile = Profile("amy", "Amy Pond")
    harness.do(SetProfile(session, None, profile, NOW))
    harness.do(join(session, "4"))
    address, about = (HOST, session.number), {"account": amy.id, "profile": profile}
    joined = Joined("4", "amy", address, NOW, role="owner", **about)
    assert harness.effects == [Happened(room, joined, harness.user(session), session)]
    harness.do(Leave(session, "4", NOW))
    left = Left("4", "amy", address, LeaveReason.QUIT, NOW, **about)
    assert harness.effects == [Happened(room, left, harness.user(session), session)]


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


def test_leave_with_last_words(harness, ann, room):
    """The room reads them; the user is still there."""
    user = harness.user(ann)
    harness.do(Leave(ann, "1", NOW, "bye"))
    left = Left("1", "Ann", user.address, LeaveReason.QUIT, NOW, text="bye")
    assert harness.effects == [Happened(room, left, user, ann)]
    assert not left.has_ended


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
    harness.do(mute("Ann"))
    room = harness.world.rooms.find("1")
    assert harness.do(EndRoom("here", "1", "1", False, NOW + 1))
    assert harness.effects == [Happened(room, RoomClosed("1", NOW + 1))]
    assert (room.members, harness.user(ann).rooms) == ({}, {})
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


# -- the guest who starts a room


def rank(harness, session, room):
    """Return the rank of the user of a session in a room."""
    return rank_of(harness.world, harness.user(session), room)


def lose_and_resume(harness, session):
    """Let a guest come back after the server has noticed that the connection is lost."""
    harness.do(end(session))
    return replace_connection(harness, session)


def replace_connection(harness, session):
    """Let a guest come back before the server has noticed that the connection is lost."""
    again = harness.session()
    harness.do(resume(harness, again, session))
    return again


def take_another_name(harness, session):
    """Let a guest take another name."""
    harness.do(rename(session, "Zoe"))
    return session


def log_in(harness, session):
    """Let a guest log in, as whom nobody is present."""
    harness.do(LogIn(session, None, harness.account("amy"), 9, (), NOW))
    return session


@pytest.mark.parametrize(
    "meanwhile",
    [lambda _, bob: bob, take_another_name, lose_and_resume, replace_connection, log_in],
)
@pytest.mark.parametrize("when", ["while it is created", "afterwards"])
def test_a_guest_who_starts_a_room_is_its_operator(harness, meanwhile, when):
    """From the first join, whoever comes first, until leaving."""
    bob = harness.guest("Bob")
    if when == "afterwards":
        room = harness.start("4", starter=bob)
        bob = meanwhile(harness, bob)
    else:
        harness.do(start("4", starter=bob))
        bob = meanwhile(harness, bob)
        room = harness.do(SettleRoom("4", True))
    first = harness.guest("Ann", "4")
    harness.do(join(bob, "4"))
    assert (rank(harness, bob, room), rank(harness, first, room)) == (Rank.OPERATOR, Rank.NONE)
    harness.do(Leave(bob, "4", NOW))
    harness.do(join(bob, "4"))
    assert rank(harness, bob, room) is Rank.NONE


def test_another_guest_of_the_name_is_no_operator(harness):
    """The guest who has started the room is gone."""
    bob = harness.guest("Bob")
    room = harness.start("4", starter=bob)
    harness.do(end(bob, keep_token=False))
    assert rank(harness, harness.guest("Bob", "4"), room) is Rank.NONE


def test_the_guest_who_started_a_room_is_let_in(harness):
    """No setting that somebody else has made meanwhile keeps the guest out."""
    bob = harness.guest("Bob")
    harness.start("4", starter=bob)
    harness.do(setting("private", True, "4"))
    harness.do(join(bob, "4"))


# -- rooms that were private


@pytest.mark.parametrize("settings", [("private",), ("unlisted", "invite-only")])
@pytest.mark.parametrize("owner", [True, False])
def test_the_id_of_a_private_room_stays_taken(harness, settings, owner):
    """After its end, too: only its owner and administrators start it again."""
    amy, zoe = harness.account("amy"), harness.account("zoe")
    harness.start("4", owner=amy.id if owner else None)
    for each in settings:
        harness.do(setting(each, True, "4"))
    sessions = {each.name: harness.log_in(each) for each in (amy, zoe)}
    guest = harness.guest("Bob")
    refused = (ErrorCode.BAD_ROOM_ID, {"room": "4", "reason": NameFlaw.RESERVED})

    def begin(session, account=None):
        return start("4", None if account is None else account.id, starter=session)

    strangers = [begin(guest), begin(sessions["zoe"], zoe)]
    assert [harness.refusal(each) for each in strangers] == [refused] * 2
    exists = harness.refusal(begin(sessions["amy"], amy))
    assert exists[0] is (ErrorCode.ROOM_EXISTS if owner else ErrorCode.BAD_ROOM_ID)
    harness.do(EndRoom("here", "4", "4", False, NOW))
    assert [harness.do(each) for each in strangers] == [False] * 2  # they wait for the store
    harness.do(SettleRoom("4", True))
    assert [harness.refusal(each) for each in strangers] == [refused] * 2
    if owner:
        assert harness.do(begin(sessions["amy"], amy))
        harness.do(SettleRoom("4", False))
    else:
        assert harness.refusal(begin(sessions["amy"], amy)) == refused
    harness.do(SetAdmin(zoe.id, True))
    assert harness.do(begin(sessions["zoe"], zoe))
    harness.do(SettleRoom("4", True))
    assert harness.refusal(begin(guest)) == (ErrorCode.ROOM_EXISTS, {"room": "4"})
    harness.do(EndRoom("here", "4", "4", False, NOW))
    harness.do(SettleRoom("4", True))
    assert harness.do(begin(guest))


def test_a_private_room_that_could_not_be_removed(harness):
    """It is there again, and the id is free once it ends as a public one."""
    guest = harness.guest("Bob")
    harness.do(setting("private", True))
    harness.do(EndRoom("here", "1", "1", False, NOW))
    harness.do(SettleRoom("1", False))
    harness.do(setting("invite-only", False))
    harness.do(EndRoom("here", "1", "1", False, NOW))
    harness.do(SettleRoom("1", True))
    assert harness.do(start("1", starter=guest))


def test_the_owner_of_a_private_room_is_removed(harness):
    """Then nobody but administrators starts it again, whoever gets the name."""
    amy = harness.account("amy")
    harness.start("4", owner=amy.id)
    harness.do(setting("private", True, "4"))
    harness.do(EndRoom("here", "4", "4", False, NOW))
    harness.do(SettleRoom("4", True))
    harness.do(RemoveAccount(amy.id, NOW))
    again = harness.account("amy")
    begin = start("4", again.id, starter=harness.log_in(again))
    assert harness.refusal(begin)[0] is ErrorCode.BAD_ROOM_ID
    assert harness.do(start("4"))


def test_the_end_of_a_room_by_its_owner(club):
    """Operators may not; administrators may, wherever they are."""
    for name in ("opal", "vic", "guest"):
        operation = EndRoom("here", "club", "club", False, NOW, club.by(name))
        assert club.refusal(operation)[0] is ErrorCode.NOT_OWNER
    club.leave("owen", "adam")
    operation = EndRoom("here", "club", "club", False, NOW, club.by("owen"))
    assert club.refusal(operation) == (ErrorCode.NOT_IN_ROOM, {"room": "club"})
    assert club.do(EndRoom("here", "club", "club", False, NOW, club.by("adam")))
    assert club.do(SettleRoom("club", False)) is club.club
    club.join("owen")
    assert club.do(EndRoom("here", "club", "club", False, NOW, club.by("owen")))
