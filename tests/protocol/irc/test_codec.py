"""How events of the chat look to IRC clients."""

import gc
from dataclasses import replace

import irctokens
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatd.core import events, room_events
from chatd.core.errors import ErrorCode
from chatd.core.events import (
    ADMINISTRATOR,
    SERVER,
    AwayChanged,
    Joined,
    JoinsFolded,
    Kicked,
    LeaveReason,
    Left,
    Message,
    MessageBatch,
    MessageKind,
    Moved,
    Muted,
    Notice,
    PrivateMessage,
    ProfileChanged,
    Renamed,
    RoomClosed,
    TagMessage,
    Unmuted,
)
from chatd.core.profiles import Profile, UserRef
from chatd.core.room_events import (
    Invited,
    MemberInvited,
    MessageDeleted,
    ReadUpTo,
    RoleChanged,
    RoomBanned,
    RoomChanged,
    RoomUnbanned,
)
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.codec import MAX_CODECS, IrcCodec, IrcCodecs, Lines
from chatd.protocol.replies import ErrorReply

SERVER_NAME = "irc.test"
TIME = 1_795_186_276.5
BOT = Profile("bot", "A bot", is_bot=True)
ANN = UserRef("Ann", 7, Profile("ann", "Ann of chatd"))
ROB = UserRef("Rob", 8, BOT)
PROFILE = Profile("bob", "Bob of chatd")
BOB = {"account": None, "profile": PROFILE}

ann, bob = names.source_of(ANN), names.source("Bob", None, PROFILE)
administrator = f"{ADMINISTRATOR}!chatd@{SERVER_NAME}"

# For each event its lines for a client with all capabilities: source, command and parameters.
EVENTS = [
    (Joined("tea", "Bob", None, TIME, **BOB), [(bob, "JOIN", "#tea", "*", "Bob of chatd")]),
    (
        Joined("tea", "Bob", None, TIME, role="voice", away="lunch", **BOB),
        [
            (bob, "JOIN", "#tea", "*", "Bob of chatd"),
            (SERVER_NAME, "MODE", "#tea", "+v", "Bob"),
            (bob, "AWAY", "lunch"),
        ],
    ),
    (
        Joined("tea", "Ann", None, TIME, account=7, profile=ANN.profile, role="owner"),
        [
            (ann, "JOIN", "#tea", "Ann", "Ann of chatd"),
            (SERVER_NAME, "MODE", "#tea", "+qo", "Ann", "Ann"),
        ],
    ),
    (JoinsFolded("tea", 5, "Bob", TIME), []),
    (Left("tea", "Bob", None, LeaveReason.QUIT, TIME, **BOB), [(bob, "PART", "#tea")]),
    (
        Left("tea", "Bob", None, LeaveReason.QUIT, TIME, text="bye all", **BOB),
        [(bob, "PART", "#tea", "bye all")],
    ),
    (
        Left("tea", "Bob", None, LeaveReason.GROUPED, TIME, **BOB),
        [(bob, "PART", "#tea", "Moved by the Administrator")],
    ),
    (
        Left("tea", "Bob", None, LeaveReason.KICKED, TIME, by="Ann", actor=ANN, **BOB),
        [(ann, "KICK", "#tea", "Bob", "Ann")],
    ),
    (
        Left("tea", "Bob", None, LeaveReason.KICKED, TIME, by=ADMINISTRATOR, text="spam", **BOB),
        [(administrator, "KICK", "#tea", "Bob", "spam")],
    ),
    (
        Left("tea", "Bob", None, LeaveReason.BANNED, TIME, by="Ann", actor=ANN, **BOB),
        [(ann, "MODE", "#tea", "+b", "Bob!*@*"), (ann, "KICK", "#tea", "Bob", "Ann")],
    ),
    *(
        (Left("tea", "Bob", None, reason, TIME, has_ended=True, **BOB), [(bob, "QUIT", words)])
        for reason, words in (
            (LeaveReason.QUIT, "Quit"),
            (LeaveReason.LOST, "Connection lost"),
            (LeaveReason.LOGOUT, "Logged out"),
            (LeaveReason.BANNED, "Banned by the Administrator"),
        )
    ),
    (
        Left("tea", "Bob", None, LeaveReason.QUIT, TIME, text="bye", has_ended=True, **BOB),
        [(bob, "QUIT", "Quit: bye")],
    ),
    (
        Kicked("tea", "Tea house", "Bob", None, TIME, "Ann", "spam", actor=ANN),
        [(ann, "KICK", "#tea", "Bob", "spam")],
    ),
    (
        Kicked("tea", "Tea house", "Bob", None, TIME, ADMINISTRATOR, is_ban=True),
        [(administrator, "KICK", "#tea", "Bob", ADMINISTRATOR)],
    ),
    (
        RoomClosed("tea", TIME),
        [(administrator, "NOTICE", "#tea", "The room is being closed by the Administrator.")],
    ),
    (
        Notice(ADMINISTRATOR, "one\n\ntwo", TIME, "tea"),
        [(administrator, "NOTICE", "#tea", "one"), (administrator, "NOTICE", "#tea", "two")],
    ),
    (Notice(SERVER, "one", TIME, "tea"), [(SERVER_NAME, "NOTICE", "#tea", "one")]),
    (
        MessageBatch("tea", 7, "Bob", ("hi", "ho"), TIME, profile=PROFILE),
        [(bob, "PRIVMSG", "#tea", "hi"), (bob, "PRIVMSG", "#tea", "ho")],
    ),
    (
        Message("tea", 7, "Bob", "waves", TIME, kind=MessageKind.ACTION),
        [("Bob!~u@" + names.host("Bob", None), "PRIVMSG", "#tea", "\1ACTION waves\1")],
    ),
    (
        PrivateMessage("Bob", "psst", TIME, reader="Ann", **BOB),
        [(bob, "PRIVMSG", "Ann", "psst")],
    ),
    (
        TagMessage("tea", "Bob", "+typing=active", TIME, profile=PROFILE),
        [(bob, "TAGMSG", "#tea")],
    ),
    (TagMessage(None, "Bob", "+x", TIME, None, PROFILE, "Ann"), [(bob, "TAGMSG", "Ann")]),
    (Renamed("Bob", "Rob", TIME, PROFILE), [(bob, "NICK", "Rob")]),
    (AwayChanged("Bob", "lunch", TIME, **BOB), [(bob, "AWAY", "lunch")]),
    (AwayChanged("Bob", None, TIME, **BOB), [(bob, "AWAY")]),
    (ProfileChanged("Bob", TIME, None, PROFILE), [(bob, "SETNAME", "Bob of chatd")]),
    (ProfileChanged("Bob", TIME, None, PROFILE, PROFILE._replace(is_bot=True)), []),
    *(
        (RoomChanged("tea", "Ann", TIME, {setting: value}, ANN), [(ann, "MODE", "#tea", *modes)])
        for setting, value, *modes in (
            ("private", True, "+is"),
            ("private", False, "-is"),
            ("invite-only", True, "+i"),
            ("unlisted", True, "+s"),
            ("moderated", False, "-m"),
            ("open-topic", True, "-t"),
            ("open-topic", False, "+t"),
            ("key", True, "+k", "*"),
            ("key", False, "-k", "*"),
            ("limit", 5, "+l", "5"),
            ("limit", None, "-l"),
        )
    ),
    (
        RoomChanged("tea", "Ann", TIME, {"topic": "Tea time"}, ANN),
        [(ann, "TOPIC", "#tea", "Tea time")],
    ),
    (
        RoomChanged("tea", ADMINISTRATOR, TIME, {"topic": ""}),
        [(administrator, "TOPIC", "#tea", "")],
    ),
    *(
        (
            RoleChanged("tea", "Bob", role, "Ann", TIME, former=former, actor=ANN),
            [(ann, "MODE", "#tea", mode, "Bob") for mode in modes],
        )
        for former, role, modes in (
            ("none", "operator", ["+o"]),
            ("operator", "none", ["-o"]),
            ("operator", "voice", ["-o", "+v"]),
            ("voice", "operator", ["-v", "+o"]),
            ("voice", "none", ["-v"]),
            ("voice", "voice", []),
        )
    ),
    (RoleChanged("tea", "Bob", "voice", "Ann", TIME, actor=ANN, is_member=False), []),
    (
        RoomBanned("tea", "Bob", "Ann", TIME, 5, "spam", actor=ANN),
        [(ann, "MODE", "#tea", "+b", "Bob!*@*")],
    ),
    (
        RoomBanned("tea", "bob", "Ann", TIME, account=9, actor=ANN),
        [(ann, "MODE", "#tea", "+b", "$a:bob")],
    ),
    (
        RoomUnbanned("tea", "Bob", ADMINISTRATOR, TIME),
        [(administrator, "MODE", "#tea", "-b", "Bob!*@*")],
    ),
    (Muted("tea", "Bob", "Ann", TIME), [(SERVER_NAME, "NOTICE", "#tea", "Bob was muted.")]),
    (
        Muted("tea", "Bob", "Ann", TIME, 5, "Tea house", is_self=True),
        [(SERVER_NAME, "NOTICE", "#tea", None)],
    ),
    (Unmuted("tea", "Bob", "Ann", TIME), [(SERVER_NAME, "NOTICE", "#tea", "Bob was unmuted.")]),
    (
        Invited("tea", "Tea house", "Ann", TIME, 7, "Bob", ANN.profile),
        [(ann, "INVITE", "Bob", "#tea")],
    ),
    (MemberInvited("tea", "Bob", TIME, ANN), [(ann, "INVITE", "Bob", "#tea")]),
    (MessageDeleted("tea", 7, "Ann", TIME, "", ANN), [(ann, "REDACT", "#tea", "tea/7")]),
    (
        MessageDeleted("tea", 7, "Ann", TIME, "spam", ANN),
        [(ann, "REDACT", "#tea", "tea/7", "spam")],
    ),
    (ReadUpTo("tea", 7), []),
    (Moved("tea", "Tea house", None, "Bob", None, TIME), []),
    (
        ErrorReply(ErrorCode.NOT_STORED, {"room": "tea", "id": 7}),
        [(SERVER_NAME, "FAIL", "PRIVMSG", "NOT_STORED", "#tea", "tea/7", None)],
    ),
]


def read(event, *capabilities):
    """Return the lines of an event for clients with some capabilities."""
    text = IrcCodec(caps.shared(frozenset(capabilities)), SERVER_NAME).encode(event).decode()
    assert not text or text.endswith("\r\n")
    return [irctokens.tokenise(line) for line in text.split("\r\n")[:-1]]


@pytest.mark.parametrize(("event", "expected"), EVENTS)
def test_events(event, expected):
    """Each event has its lines; None stands for words that other tests know."""
    lines = read(event, *caps.SHARED)
    found = [(line.source, line.command, *line.params) for line in lines]
    assert len(found) == len(expected)
    for line, wanted in zip(found, expected, strict=True):
        assert len(line) == len(wanted)
        assert all(b is None or a == b for a, b in zip(line, wanted, strict=True))


def test_every_kind_of_event_is_there():
    """None of the unions of events is forgotten in these tests."""
    tested = {type(event) for event, _ in EVENTS}
    for kind in (*events.RoomEvent.__args__, *events.Event.__args__):
        assert kind in tested
    assert room_events.RoleChanged in tested


def test_one_who_is_muted():
    """The user is told in the channel, in the words that are for them."""
    (line,) = read(Muted("tea", "Bob", "Ann", TIME, 5, "Tea house", is_self=True))
    assert line.params[1].startswith("You may not talk in chatroom")


# -- capabilities


OWN_LINES = {
    caps.AWAY_NOTIFY: {"AWAY"},
    caps.SETNAME: {"SETNAME"},
    caps.MESSAGE_TAGS: {"TAGMSG"},
    caps.REDACTION: {"REDACT"},
}
"""The commands of which clients without a capability are not told."""


@given(st.sets(st.sampled_from(sorted(caps.SHARED))), st.sampled_from([each for each, _ in EVENTS]))
def test_capabilities(capabilities, event):
    """A client reads the lines and tags of its capabilities, and no others, in the same order."""
    whole, lines = read(event, *caps.SHARED), read(event, *capabilities)
    hidden = set().union(*(OWN_LINES[each] for each in OWN_LINES.keys() - capabilities))
    if isinstance(event, MemberInvited) and caps.INVITE_NOTIFY not in capabilities:
        hidden.add("INVITE")
    expected = [line for line in whole if line.command not in hidden]
    assert [line.command for line in lines] == [line.command for line in expected]
    tag_of = {"time": caps.SERVER_TIME, "account": caps.ACCOUNT_TAG}
    for line, full in zip(lines, expected, strict=True):
        assert line.source == full.source
        wanted = {
            name: value
            for name, value in (full.tags or {}).items()
            if tag_of.get(name, caps.MESSAGE_TAGS) in capabilities
        }
        assert (line.tags or {}) == wanted
        if line.command == "JOIN":
            has_more = caps.EXTENDED_JOIN in capabilities
            assert line.params == (full.params if has_more else full.params[:1])
        else:
            assert line.params == full.params


@pytest.mark.parametrize(
    "event",
    [
        Joined("tea", "Rob", None, TIME, account=8, profile=BOT),
        Left("tea", "Rob", None, LeaveReason.QUIT, TIME, account=8, profile=BOT),
        Left("tea", "Bob", None, LeaveReason.KICKED, TIME, actor=ROB),
        Kicked("tea", "Tea", "Bob", None, TIME, actor=ROB),
        AwayChanged("Rob", None, TIME, 8, BOT),
        ProfileChanged("Rob", TIME, 8, BOT),
        RoomChanged("tea", "Rob", TIME, {"topic": "x"}, ROB),
        RoomChanged("tea", "Rob", TIME, {"moderated": True}, ROB),
        RoleChanged("tea", "Bob", "voice", "Rob", TIME, actor=ROB),
        RoomBanned("tea", "Bob", "Rob", TIME, actor=ROB),
        Invited("tea", "Tea", "Rob", TIME, 8, "Bob", BOT),
        MemberInvited("tea", "Bob", TIME, ROB),
        MessageDeleted("tea", 7, "Rob", TIME, "", ROB),
        MessageBatch("tea", 7, "Rob", ("hi",), TIME, 8, profile=BOT),
    ],
)
def test_tags_of_the_user_who_acts(event):
    """The time, the account, and whether it is a bot; without an account there is no such tag."""
    (line,) = read(event, *caps.SHARED)
    assert line.source == names.source_of(ROB)
    tags = dict(line.tags)
    tags.pop("msgid", None)
    assert tags == {"time": "2026-11-20T14:51:16.500Z", "account": "Rob", "bot": ""}


def test_the_server_has_no_account():
    """A mode that the server sets has the time alone."""
    _, mode = read(Joined("tea", "Ann", None, TIME, account=7, role="operator"), *caps.SHARED)
    assert mode.tags == {"time": "2026-11-20T14:51:16.500Z"}


def test_extended_join_without_a_real_name():
    """The name stands for it."""
    (line,) = read(Joined("tea", "Bob", None, TIME), caps.EXTENDED_JOIN)
    assert line.params == ["#tea", "*", "Bob"]


@given(st.text(max_size=600), st.text(max_size=600))
def test_lines_are_short_and_whole(reason, topic):
    """No text makes a line longer than clients take, or a further one."""
    for event in (
        Left("tea", "Bob", None, LeaveReason.QUIT, TIME, text=reason, has_ended=True),
        RoomChanged("tea", "Ann", TIME, {"topic": topic}, ANN),
        AwayChanged("Bob", reason, TIME),
    ):
        data = IrcCodec(frozenset({caps.AWAY_NOTIFY}), SERVER_NAME).encode(event)
        assert data.endswith(b"\r\n")
        assert len(data) <= 512
        assert not set(b"\r\n\0") & set(data[:-2])


def test_describe():
    """The trace has the lines, without keys and private messages."""
    codec = IrcCodec(caps.SHARED, SERVER_NAME)
    (line,) = codec.describe(replace(PrivateMessage("Bob", "psst", TIME, reader="Ann")))
    assert "psst" not in line
    assert Lines("PING x\r\n").encode() == b"PING x\r\n"
    assert Lines("PING x\r\nPING y\r\n").describe() == ["PING x", "PING y"]
    assert Lines(":irc.test 324 Bob #tea +nk key\r\n").describe() == [
        ":irc.test 324 Bob #tea +nk :…"
    ]
    assert codec.describe(Renamed("Bob", "Rob", TIME))[0].endswith("NICK :Rob")
    assert codec.for_room_count(3) is codec


@pytest.mark.parametrize(
    "words", ["Connection lost", "Banned by the Administrator", "Ended by boss: spam", ""]
)
def test_last_words_are_not_those_of_the_server(words):
    """The last words of a user start like no reason that the server gives."""
    left = Left("tea", "Bob", None, LeaveReason.QUIT, TIME, text=words, has_ended=True)
    (line,) = read(left)
    assert line.params == [f"Quit: {words}" if words else "Quit"]
    killed = replace(left, by="boss", text="spam")
    assert read(killed)[0].params == ["Ended by boss: spam"]


# -- codecs


CHOICES = sorted({*caps.SHARED, caps.ECHO_MESSAGE})


@settings(max_examples=30)
@given(
    st.lists(st.integers(0, 2 ** len(CHOICES) - 1), min_size=MAX_CODECS, max_size=MAX_CODECS + 20),
    st.randoms(use_true_random=False),
)
def test_never_more_than_so_many_codecs(numbers, random):
    """Each client gets a codec with capabilities of its own, and all of them if it can be."""
    codecs, held = IrcCodecs(SERVER_NAME), []
    for number in numbers:
        capabilities = frozenset(each for at, each in enumerate(CHOICES) if number >> at & 1)
        before = len(codecs)
        codec = codecs.get(capabilities)
        assert codec.capabilities <= capabilities
        if before < MAX_CODECS - 1:
            assert codec.capabilities == caps.shared(capabilities)
        assert codecs.get(capabilities) is codec
        held.append(codec)
        if random.random() < 0.1:
            held.pop(random.randrange(len(held)))
        assert len(codecs) <= MAX_CODECS


def test_codecs_are_shared_as_long_as_they_are_used():
    """A capability that changes the answers to a client alone makes no other codec."""
    codecs = IrcCodecs(SERVER_NAME)
    codec = codecs.get(frozenset({caps.SERVER_TIME}))
    assert codecs.get(frozenset({caps.SERVER_TIME, caps.ECHO_MESSAGE, caps.SASL})) is codec
    assert codecs.get(frozenset({caps.SERVER_TIME, caps.BATCH})) is codec
    del codec
    gc.collect()
    assert len(codecs) == 0


def test_what_is_given_up_first():
    """News of users are, before what messages need."""
    codecs = IrcCodecs(SERVER_NAME)
    without_news = frozenset({caps.SERVER_TIME, caps.MESSAGE_TAGS})
    held = [codecs.get(without_news), codecs.get(without_news | {caps.AWAY_NOTIFY})]
    others = [caps.ACCOUNT_NOTIFY, caps.SETNAME, caps.INVITE_NOTIFY, caps.REDACTION]
    others += [caps.ACCOUNT_TAG, caps.EXTENDED_JOIN]
    for number in range(1, MAX_CODECS):
        chosen = {each for at, each in enumerate(others) if number >> at & 1}
        if len(codecs) < MAX_CODECS - 1:
            held.append(codecs.get(frozenset({caps.AWAY_NOTIFY, *chosen})))
    wanted = without_news | {caps.AWAY_NOTIFY, caps.REDACTION}
    assert codecs.get(wanted).capabilities == without_news | {caps.AWAY_NOTIFY}
    assert codecs.get(frozenset({caps.MESSAGE_TAGS})).capabilities == frozenset()
