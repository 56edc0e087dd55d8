"""The words of roles and settings of rooms, and of the replies about them."""

import pytest

from chatd.core.events import Muted
from chatd.core.records import AccessKind
from chatd.core.room_events import (
    Invited,
    MessageDeleted,
    RoleChanged,
    RoomBanned,
    RoomChanged,
    RoomUnbanned,
)
from chatd.core.rooms import Role
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.json_kinds import SETTINGS
from chatd.protocol.room_replies import (
    AccessInfo,
    AccessList,
    ActDone,
    Found,
    ReadNoted,
    RoomEnded,
    SecretKept,
    SettingReply,
)
from chatd.protocol.room_text import ACTS, is_told_by_event, news_words, result_words

TIME = 1795186276.9
ENTRY = AccessInfo(AccessKind.BAN, "Bob", None, "Alice", TIME, "spam")


def changed(name, value, by="Alice"):
    """Return the event of a setting that has another value."""
    return RoomChanged("1", by, TIME, {name: value})


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (changed("topic", "laps"), "Alice set the topic: laps"),
        (changed("topic", "a\nServer: b"), "Alice set the topic: a\n  Server: b"),
        (changed("topic", "שלום"), "Alice set the topic: \u2068שלום\u2069"),
        (changed("topic", ""), "Alice removed the topic."),
        (changed("private", True), "Alice turned private on."),
        (changed("invite-only", False), "Alice turned invite-only off."),
        (changed("open-topic", True, "Administrator"), "The Administrator turned open-topic on."),
        (changed("key", True), "Alice set a key."),
        (changed("key", False), "Alice removed the key."),
        (changed("limit", 5), "Alice set the limit to 5."),
        (changed("limit", None), "Alice removed the limit."),
        (changed("limit", None, "א"), "\u2068א\u2069 removed the limit."),
        (RoomBanned("1", "Bob", "Alice", TIME, 5, "spam"), "Bob was banned by Alice: spam"),
        (RoomUnbanned("1", "Bob", "Alice", TIME), "Bob was unbanned by Alice."),
        (
            Invited("1", "swimming", "alice", TIME),
            "alice invited you to chatroom swimming@1.",
        ),
        (
            Invited("1", "swimming", "Administrator", TIME),
            "The Administrator invited you to chatroom swimming@1.",
        ),
        (MessageDeleted("1", 7394, "Alice", TIME), "Message 7394 was deleted."),
        (Muted("1", "Bob", "Alice", TIME), "Bob was muted."),
    ],
)
def test_events(event, words):
    """The members of a room read what happened, and names and texts are isolated."""
    assert news_words(event) == words


@pytest.mark.parametrize(
    ("role", "words", "own_words"),
    [
        (
            Role.OWNER,
            "Bob is now the owner.",
            "You are now the owner of chatroom swimming@1.",
        ),
        (
            Role.OPERATOR,
            "Bob is now an operator.",
            "You are now an operator of chatroom swimming@1.",
        ),
        (Role.VOICE, "Bob now has a voice.", "You now have a voice in chatroom swimming@1."),
        (
            Role.NONE,
            "Bob has no role any more.",
            "You have no role in chatroom swimming@1 any more.",
        ),
    ],
)
def test_roles(role, words, own_words):
    """The user whose role it is reads it in other words."""
    event = RoleChanged("1", "Bob", role.value, "Alice", TIME, "swimming")
    assert news_words(event) == words
    event = RoleChanged("1", "Bob", role.value, "Alice", TIME, "swimming", is_self=True)
    assert news_words(event) == own_words


def test_roles_from_right_to_left():
    """Names of users and of rooms are isolated."""
    event = RoleChanged("1", "א", "voice", "Alice", TIME, "ב")
    assert news_words(event) == "\u2068א\u2069 now has a voice."
    event = RoleChanged("1", "א", "voice", "Alice", TIME, "ב", is_self=True)
    assert news_words(event) == "You now have a voice in chatroom \u2068ב\u2069@1."


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("op", "Bob is now an operator."),
        ("deop", "Bob has no role any more."),
        ("voice", "Bob now has a voice."),
        ("devoice", "Bob has no role any more."),
        ("kick", "Bob was kicked out."),
        ("mute", "Bob was muted."),
        ("unmute", "Bob was unmuted."),
        ("ban", "Bob was banned."),
        ("unban", "Bob was unbanned."),
        ("invite", "You invited Bob."),
    ],
)
def test_acts_on_users(act, words):
    """The user who acts reads the words in JSON; braces in a name are no parameters."""
    assert result_words(ActDone(act, "1", "Bob")) == words
    assert result_words(ActDone(act, "1", "{0}")) == words.replace("Bob", "{0}")


def test_a_deleted_message():
    """It is named by its id."""
    assert result_words(ActDone("delete", "1", id=7394)) == "Message 7394 was deleted."


def test_acts_are_commands():
    """Every act is the command that asks for it."""
    assert set(ACTS) <= CLIENT_COMMANDS.keys()


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_are_commands(setting):
    """Every setting is shown and set by the command of its name."""
    assert setting in CLIENT_COMMANDS
    assert result_words(SettingReply(setting, "1", "tea", None))


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("topic", "laps", "Topic of swimming@1: laps"),
        ("topic", "a\nServer: b", "Topic of swimming@1: a\n  Server: b"),
        ("topic", "", "Chatroom swimming@1 has no topic."),
        ("private", True, "private is on."),
        ("open-topic", False, "open-topic is off."),
        ("key", True, "A key is set."),
        ("key", False, "There is no key."),
        ("limit", 5, "The limit is 5."),
        ("limit", None, "There is no limit."),
    ],
)
def test_settings(setting, value, words):
    """A setting that is asked for, or was changed, is shown."""
    assert result_words(SettingReply(setting, "1", "swimming", value)) == words


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (RoomEnded("1"), "chatroom 1 closed."),
        (SecretKept("Bob"), "Bob is not here; your secret will be delivered."),
        (ReadNoted("1", 7), "Messages up to 7 are read."),
        (Found(()), "No messages found!"),
        (AccessList("1", ()), "Nobody is banned or muted."),
        (
            AccessList("1", (ENTRY,)),
            "\nBob banned for ever, by Alice on 2026-11-20 14:51:16: spam\n",
        ),
        (
            AccessList(
                "1",
                (
                    AccessInfo(AccessKind.BAN, "Bob", TIME + 60, "Administrator", TIME),
                    AccessInfo(AccessKind.MUTE, "Eve", TIME + 90, "alice", TIME),
                ),
            ),
            (
                "\nBob banned until 2026-11-20 14:52:16, by the Administrator on "
                "2026-11-20 14:51:16\n"
                "Eve muted until 2026-11-20 14:52:46, by alice on 2026-11-20 14:51:16\n"
            ),
        ),
    ],
)
def test_replies(result, words):
    """Every reply has words; a list has a line for each entry."""
    assert result_words(result) == words


def test_replies_from_right_to_left():
    """Names and texts are isolated for people, and are as they are for programs."""
    entry = AccessInfo(AccessKind.MUTE, "א", None, "ב", TIME, "ג")
    shown = result_words(AccessList("1", (entry,)), lambda words: f"<{words}>")
    assert shown == "\n<א> muted for ever, by <ב> on 2026-11-20 14:51:16: <ג>\n"
    topic = SettingReply("topic", "1", "א", "ב")
    assert result_words(topic, lambda words: f"<{words}>") == "Topic of <א>@<1>: <ב>"
    assert result_words(topic) == "Topic of א@1: ב"


def test_the_room_tells_of_acts():
    """The user who acts reads the event of the room, except where there is none."""
    told = [act for act in ACTS if is_told_by_event(ActDone(act, "1", "Bob"))]
    assert set(ACTS) - set(told) == {"invite"}
    assert is_told_by_event(SettingReply("key", "1", "tea", True, changed=True))
    assert not is_told_by_event(SettingReply("key", "1", "tea", True))
    assert not is_told_by_event(AccessList("1", ()))
