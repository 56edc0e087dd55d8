"""The rules of users, by operations on a world."""

from dataclasses import replace

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.events import (
    AwayChanged,
    LeaveReason,
    MessageKind,
    PrivateMessage,
    ProfileChanged,
    Renamed,
    TagMessage,
)
from chatd.core.names import typed_name
from chatd.core.profiles import Profile
from chatd.core.rooms import SessionKey
from chatd.core.world import users_rules
from chatd.core.world.account_operations import EndSession
from chatd.core.world.effects import (
    HappenedToUser,
    IgnoresChanged,
    KeptMessagesDue,
    NameChanged,
    Told,
    UserChanged,
)
from chatd.core.world.operations import (
    MessageKept,
    Say,
    SendTags,
    SentPrivately,
    SetAway,
    SetIgnored,
    SetProfile,
    Whisper,
)
from tests.core.world.harness import NOW, ban, end, join, mute, rename

STRANGER = SessionKey("there", 99)
PROFILE = Profile("ann", "Ann of the Thousand Days", is_bot=True)


@pytest.fixture
def ann(harness):
    """Return the session of the guest Ann in the rooms 1 and 2."""
    return harness.guest("Ann", "1", "2")


def whisper(session, name):
    """Return the operation by which a session sends a private message."""
    return Whisper(session, typed_name(name), "psst", NOW)


def tags(session, room=None, name=None):
    """Return the operation by which a session tells a room or a user that it is typing."""
    recipient = None if name is None else typed_name(name)
    return SendTags(session, room, recipient, "+typing=active", NOW)


def set_profile(session, profile=PROFILE):
    """Return the operation by which a client tells something about its user."""
    return SetProfile(session, None, profile, NOW)


def ignore(session, name, account=None, ignored=True):
    """Return the operation by which a session ignores somebody, or does so no more."""
    return SetIgnored(session, None, typed_name(name), account, ignored)


# -- names


def test_rename(harness, ann):
    """All rooms read it with one time, that of the newest of them; the former name is free."""
    user, rooms = harness.user(ann), list(harness.user(ann).rooms)
    rooms[1].last_time = NOW + 5
    assert harness.do(rename(ann, "Zoe")) == "Zoe"
    renamed = Renamed("Ann", "Zoe", NOW + 5)
    assert harness.effects == [
        NameChanged(user, "Ann"),
        UserChanged(user, replace(renamed, time=NOW), ann),
        HappenedToUser(dict.fromkeys(rooms, renamed), user, ann),
    ]
    assert [room.last_time for room in rooms] == [NOW + 5] * 2
    assert (harness.find("Ann"), harness.find("zoe")) == (None, (ann,))


def test_rename_to_another_spelling(harness, ann):
    """It is a change; the same spelling is none."""
    harness.do(rename(ann, "ANN"))
    assert harness.user(ann).name == "ANN"
    effects = [type(effect) for effect in harness.effects]
    assert effects == [NameChanged, UserChanged, HappenedToUser]
    assert harness.do(rename(ann, "ANN")) == "ANN"
    assert harness.effects == []


def test_the_first_of_two_gets_the_name(harness, ann):
    """The guest who comes second keeps the name of before."""
    bob = harness.guest("Bob")
    harness.do(rename(ann, "Zoe"))
    assert harness.refusal(rename(bob, "zoe")) == (ErrorCode.NAME_IN_USE, {"name": "Zoe"})
    assert harness.find("Bob") == (bob,)


def test_rename_of_an_account(harness):
    """It has the name of the account."""
    amy = harness.log_in(harness.account("amy"))
    assert harness.refusal(rename(amy, "Zoe")) == (ErrorCode.ACCOUNT_NAME, {})


def test_rename_to_a_banned_name(harness, ann):
    """It is refused in the room that has the ban, and lets the guest be elsewhere."""
    eve, cid = harness.guest("Eve"), harness.guest("Cid", host="198.51.100.1")
    harness.do(ban("Eve", room="2"))
    harness.do(rename(ann, "Zoe"))  # the address of the banned guest does not count
    harness.do(end(eve, keep_token=False, hold_name=False))
    harness.do(join(cid, "1"))
    refused = (ErrorCode.BANNED_FROM_ROOM, {"room": "2", "room_name": "room 2"})
    assert harness.refusal(rename(ann, "EVE")) == refused
    assert harness.do(rename(cid, "Eve")) == "Eve"


def test_a_mute_follows_the_name(harness, ann):
    """The list has the guest's new name; the entry in the store has that of the mute."""
    harness.do(mute("Ann"))
    harness.do(rename(ann, "Zoe"))
    mutes = harness.world.rooms.by_key("1").mutes
    assert [entry.name for entry in mutes.entries(0)] == ["Zoe"]
    assert [muted.entry.name for muted in mutes] == ["Ann"]
    assert harness.refusal(Say(ann, "1", ("hi",), NOW))[0] is ErrorCode.MUTED


# -- private messages


def test_whisper(harness, ann):
    """The recipient's sessions read it, then the sender's others; the outcome has the spelling."""
    bob = harness.guest("Bob")
    message = PrivateMessage("Ann", "psst", NOW, reader="Bob", serial=1)
    assert harness.do(whisper(ann, "BOB")) == SentPrivately("Bob", None, message)
    assert harness.effects == [
        Told(harness.user(bob), message),
        Told(harness.user(ann), replace(message, recipient="Bob"), ann),
    ]


def test_private_messages_are_counted(harness, ann):
    """Two messages of one time have different serials."""
    harness.guest("Bob")
    sent = [harness.do(whisper(ann, "Bob")).message for _ in range(2)]
    assert [message.serial for message in sent] == [1, 2]


def test_whisper_with_tags(harness, ann):
    """Both users read the kind, the tags, and what the sender's client has told about its user."""
    bob = harness.guest("Bob")
    harness.do(set_profile(ann))
    harness.do(replace(whisper(ann, "Bob"), kind=MessageKind.NOTICE, tags="+x=1"))
    message = PrivateMessage("Ann", "psst", NOW, None, reader="Bob", kind=MessageKind.NOTICE)
    message = replace(message, profile=PROFILE, tags="+x=1", serial=1)
    assert harness.effects == [
        Told(harness.user(bob), message),
        Told(harness.user(ann), replace(message, recipient="Bob"), ann),
    ]


def test_whisper_to_oneself(harness):
    """Every session reads it once; it has the account."""
    account = harness.account("amy")
    amy = harness.log_in(account)
    harness.do(whisper(amy, "amy"))
    message = PrivateMessage("amy", "psst", NOW, account=account.id, reader="amy", serial=1)
    assert harness.effects == [Told(harness.user(amy), message)]


def test_whisper_refused(harness, ann):
    """The sender needs a name, the recipient must be there."""
    assert harness.refusal(whisper(harness.session(), "Ann")) == (ErrorCode.IN_NO_ROOM, {})
    assert harness.refusal(whisper(ann, "Zoe")) == (ErrorCode.NO_SUCH_USER, {"name": "Zoe"})
    assert harness.refusal(whisper(STRANGER, "Ann"))[0] is ErrorCode.SESSION_CLOSED


def test_a_message_is_kept(harness, ann):
    """Only the sender's other sessions read it; a user who has logged in since is sent it."""
    account = harness.account("bea")
    kept, copy = (
        MessageKept(ann, account.id, "psst", NOW),
        PrivateMessage("Ann", "psst", NOW, "bea", reader="bea"),
    )
    harness.do(kept)
    told = Told(harness.user(ann), copy, ann)
    assert harness.effects == [told]
    bea = harness.log_in(account)
    harness.do(kept)
    assert harness.effects == [KeptMessagesDue(harness.user(bea)), told]
    harness.do(MessageKept(STRANGER, account.id, "psst", NOW))
    assert harness.effects == [KeptMessagesDue(harness.user(bea))]
    harness.do(MessageKept(ann, 99, "psst", NOW))
    assert harness.effects == []


def test_away(harness, ann):
    """Each sender is told once for each message of absence, and not the user."""
    bob, cid = harness.guest("Bob"), harness.guest("Cid")
    harness.do(SetAway(ann, "lunch", NOW))

    def notes(*senders):
        return [harness.do(whisper(sender, "Ann")).away for sender in senders]

    assert notes(ann, bob, bob, cid) == [None, "lunch", None, "lunch"]
    harness.do(SetAway(ann, "tea", NOW))
    assert notes(bob) == ["tea"]
    harness.do(SetAway(ann, None, NOW))
    assert notes(bob) == [None]
    assert harness.refusal(SetAway(STRANGER, "x", NOW))[0] is ErrorCode.SESSION_CLOSED


def test_the_rooms_of_a_user_who_is_away(harness, ann):
    """They read of each change with one time; the same message, or none again, is no change."""
    user, rooms = harness.user(ann), list(harness.user(ann).rooms)
    rooms[1].last_time = NOW + 5
    for text in ("lunch", "tea", None):
        harness.do(SetAway(ann, text, NOW))
        changed = AwayChanged("Ann", text, NOW)
        late = replace(changed, time=NOW + 5)
        assert harness.effects == [
            UserChanged(user, changed, ann),
            HappenedToUser(dict.fromkeys(rooms, late), user, ann),
        ]
        harness.do(SetAway(ann, text, NOW))
        assert harness.effects == []


# -- profiles


def test_set_profile(harness, ann):
    """The rooms read it with one time; the same profile is no change."""
    user, rooms = harness.user(ann), list(harness.user(ann).rooms)
    rooms[1].last_time = NOW + 5
    harness.do(set_profile(ann))
    changed = ProfileChanged("Ann", NOW, None, PROFILE)
    late = replace(changed, time=NOW + 5)
    assert harness.effects == [
        UserChanged(user, changed, ann),
        HappenedToUser(dict.fromkeys(rooms, late), user, ann),
    ]
    harness.do(set_profile(ann))
    assert (harness.effects, user.profile) == ([], PROFILE)


def test_the_profile_of_a_user_in_no_room(harness):
    """No room reads it; a session that no operation has named may set it."""
    harness.do(set_profile(STRANGER))
    user = harness.user(STRANGER)
    assert harness.effects == [UserChanged(user, ProfileChanged("", NOW, None, PROFILE), STRANGER)]
    harness.do(rename(STRANGER, "Zoe"))
    renamed = Renamed("", "Zoe", NOW, PROFILE)
    assert harness.effects == [NameChanged(user, ""), UserChanged(user, renamed, STRANGER)]


# -- tags without a message


def test_tags_to_a_room(harness, ann, room):
    """The members read them but the session; they have no id, and are in the order of events."""
    room.last_time = NOW + 5
    harness.do(set_profile(ann))
    assert harness.do(tags(ann, "1")) == "1"
    event = TagMessage("1", "Ann", "+typing=active", NOW + 5, None, PROFILE)
    assert harness.effects == [HappenedToUser({room: event}, harness.user(ann), ann)]
    assert room.last_id == 0


def test_tags_to_a_user(harness, ann):
    """The recipient's sessions read them, then the sender's others, each of them once."""
    account = harness.account("bob")
    bob = harness.log_in(account)
    assert harness.do(tags(ann, name="BOB")) == "bob"
    event = TagMessage(None, "Ann", "+typing=active", NOW, reader="bob")
    assert harness.effects == [Told(harness.user(bob), event), Told(harness.user(ann), event, ann)]
    harness.do(tags(bob, name="bob"))
    event = replace(event, sender="bob", account=account.id)
    assert harness.effects == [Told(harness.user(bob), event)]


def test_tags_refused(harness, ann):
    """They are refused as messages are: to absent users, of users outside the room or muted."""
    bob = harness.guest("Bob")
    for operation, expected in (
        (tags(bob, "1"), (ErrorCode.NOT_IN_ROOM, {"room": "1"})),
        (tags(ann, "9"), (ErrorCode.NOT_IN_ROOM, {"room": "9"})),
        (tags(ann, name="Zoe"), (ErrorCode.NO_SUCH_USER, {"name": "Zoe"})),
        (tags(harness.session(), name="Ann"), (ErrorCode.IN_NO_ROOM, {})),
    ):
        assert harness.refusal(operation) == expected
    assert harness.refusal(tags(STRANGER, "1"))[0] is ErrorCode.SESSION_CLOSED
    harness.do(mute("Ann"))
    assert harness.refusal(tags(ann, "1"))[0] is ErrorCode.MUTED
    harness.do(tags(ann, "2"))


# -- ignored users


def test_a_guest_is_ignored(harness, ann):
    """Under any name, until the guest has gone; a second time changes nothing."""
    bob = harness.guest("Bob")
    assert harness.do(ignore(ann, "BOB")) == "Bob"
    assert harness.effects == [IgnoresChanged(harness.user(ann))]
    assert harness.do(ignore(ann, "bob")) == "Bob"
    assert harness.user(ann).ignored.names == ("Bob",)
    harness.do(rename(bob, "Rob"))
    assert harness.user(ann).ignored.names == ("Rob",)
    assert harness.do(ignore(ann, "rob", ignored=False)) == "Rob"
    assert harness.user(ann).ignored is None
    harness.do(ignore(ann, "Rob"))
    harness.do(EndSession(bob, LeaveReason.QUIT, False, False, NOW))
    assert harness.user(ann).ignored.names == ()


def test_an_account_is_ignored(harness, ann):
    """A guest's list ends with the guest, that of an account is there at the next login."""
    amy, bob = harness.account("amy"), harness.account("bob")
    assert harness.do(ignore(ann, "AMY", amy)) == "amy"
    assert harness.user(ann).ignored.names == ("amy",)
    first = harness.log_in(bob)
    harness.do(ignore(first, "amy", amy))
    harness.do(EndSession(first, LeaveReason.QUIT, False, False, NOW))
    again = harness.log_in(bob)
    assert harness.user(again).ignored.names == ("amy",)
    harness.do(ignore(again, "amy", amy, ignored=False))
    assert harness.user(again).ignored is None
    assert harness.world.accounts.ignored_by(bob.id).names == ()


def test_ignore_refused(harness, ann):
    """A guest must be there to be ignored, and ignored to be read again."""
    assert harness.refusal(ignore(ann, "Zoe")) == (ErrorCode.NO_SUCH_USER, {"name": "Zoe"})
    harness.guest("Bob")
    not_ignored = (ErrorCode.NOT_IGNORED, {"name": "bob"})
    assert harness.refusal(ignore(ann, "bob", ignored=False)) == not_ignored


def test_the_list_has_a_limit(harness, ann, monkeypatch):
    """One more is refused, an account as a guest; one who is ignored already is not."""
    monkeypatch.setattr(users_rules, "MAX_IGNORED", 1)
    amy, bob = harness.account("amy"), harness.account("bob")
    harness.guest("Cid")
    harness.do(ignore(ann, "amy", amy))
    harness.do(ignore(ann, "amy", amy))
    for operation in (ignore(ann, "bob", bob), ignore(ann, "Cid")):
        assert harness.refusal(operation) == (ErrorCode.TOO_MANY_IGNORED, {"limit": 1})
