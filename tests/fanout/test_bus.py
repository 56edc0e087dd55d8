"""The bus: ids of messages, and which parts get which effects."""

import pytest
from twisted.internet.task import Clock

from chatd.core.events import (
    DisconnectReason,
    LeaveReason,
    Left,
    MessageBatch,
    MessageKind,
    Notice,
    ReceiptRequest,
    Renamed,
)
from chatd.core.ignorelist import IgnoreList
from chatd.core.profiles import Profile
from chatd.core.rooms import Room, SessionKey, User
from chatd.core.world.effects import (
    Happened,
    HappenedToUser,
    IgnoresChanged,
    RoomSettled,
    Said,
    SessionEnded,
    SessionMoved,
    Told,
)
from chatd.fanout.bus import Bus
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router
from chatd.fanout.testing import MemorySession
from chatd.protocol.codec import text_codec
from chatd.protocol.framing import Framing


class RecordingPart:
    """A part that keeps the events it gets."""

    def __init__(self):
        self.events = []
        self.messages = []

    def on_event(self, room, event):
        self.events.append((room.id, event))

    def on_messages(self, room, messages, receipt):
        self.messages.append((room.id, messages, receipt))


class BusHarness:
    """A bus with a part that gets messages and one that gets the other events alone."""

    def __init__(self):
        self.clock = Clock()
        self.parts = RecordingPart(), RecordingPart()
        fanout = Fanout(self.clock)
        self.router = Router(fanout, "here", self.clock)
        self.bus = Bus(fanout, self.router, [self.parts[0]], [self.parts[1]])
        self.room = Room("1", "tea", last_id=4)

    def session(self, name, account=None):
        """Return the session of a new user in the room."""
        user = User("unix")
        user.name, user.account = name, account
        session = MemorySession(user, text_codec(Framing.NUL, True), lambda: self.clock.advance(0))
        self.room.add(user, 0)
        self.router.attach(session)
        return session


@pytest.fixture
def harness():
    """Return a bus with its parts."""
    return BusHarness()


@pytest.fixture
def ann(harness):
    """Return the session of the user of an account."""
    return harness.session("ann", 7)


@pytest.fixture
def bob(harness):
    """Return the session of a guest."""
    return harness.session("bob")


def test_say(harness, ann, bob):
    """Messages get the next ids of the room, and the account of their sender."""
    receipt = ReceiptRequest(ann, "tag")
    harness.bus.say(harness.room, ann, ["a", "b"], 5.0, receipt)
    harness.bus.say(harness.room, ann, ["c"], 6.0)
    batches = [
        ("1", MessageBatch("1", 5, "ann", ["a", "b"], 5.0, 7), receipt),
        ("1", MessageBatch("1", 7, "ann", ["c"], 6.0, 7), None),
    ]
    messages, events = harness.parts
    assert messages.messages == batches
    assert (events.messages, harness.room.last_id, harness.bus.messages) == ([], 7, 3)
    assert (ann.read(), bob.read()) == ([], ["ann: a", "ann: b", "ann: c"])


def test_say_with_all_that_is_said_about_the_messages(harness, ann):
    """The kind, the tags, the cuts and the profile of the user are those of the batch."""
    ann.user.profile = profile = Profile("ann")
    harness.bus.say(harness.room, ann, ["ab"], 5.0, None, MessageKind.NOTICE, "+x=1", (1,))
    batch = MessageBatch("1", 5, "ann", ["ab"], 5.0, 7, MessageKind.NOTICE, profile, "+x=1", (1,))
    assert harness.parts[0].messages == [("1", batch, None)]


def test_said(harness, ann, bob):
    """Messages that the log has numbered keep their ids; a session that is not here reads them."""
    receipt = ReceiptRequest(ann, "tag")
    messages = harness.room.number_messages(ann.user, ["a"], 5.0, MessageKind.TEXT, "")
    harness.bus.deliver([Said(harness.room, messages, ann.key)], receipt)
    assert (ann.read(), bob.read()) == ([], ["ann: a"])
    harness.bus.deliver([Said(harness.room, messages, SessionKey("elsewhere", 1))])
    assert (ann.read(), bob.read()) == (["ann: a"], ["ann: a"])
    assert harness.parts[0].messages == [("1", messages, receipt), ("1", messages, None)]
    assert (harness.room.last_id, harness.bus.messages) == (5, 2)


def test_happened(harness, ann, bob):
    """Sessions and both parts get events, in their order."""
    left = Left("1", "bob", None, LeaveReason.QUIT, 0)
    events = [Notice("Server", "hear", 0, "1"), left]
    harness.bus.deliver(
        [
            Happened(harness.room, events[0]),
            Happened(harness.room, events[1], bob.user, bob.key),
        ]
    )
    assert ann.read() == ["Server: hear", "Server: bob quitted."]
    assert bob.read() == ["Server: hear"]
    for part in harness.parts:
        assert part.events == [("1", event) for event in events]


def test_happened_to_user(harness, ann):
    """A fact about a user is an event of each of the rooms."""
    renamed = Renamed("ann", "bob", 0)
    rooms = {Room(key, "x"): renamed for key in "12"}
    harness.bus.deliver([HappenedToUser(rooms, ann.user)])
    for part in harness.parts:
        assert part.events == [("1", renamed), ("2", renamed)]


def test_effects_on_sessions(harness, ann, bob):
    """The router acts on them, and no part gets them."""
    ann.user.ignored = IgnoreList({9: "zoe"})
    codec = ann.codec
    harness.bus.deliver(
        [
            Told(bob.user, Notice("Server", "hear", 0)),
            SessionMoved(bob.key, ann.user),
            SessionEnded(ann.key, DisconnectReason.REPLACED),
            IgnoresChanged(ann.user),
        ]
    )
    assert bob.read() == ["Server: hear"]
    assert list(ann.user.origins) == [ann, bob]
    assert (ann.reason, bob.reason) == (DisconnectReason.REPLACED, None)
    assert ann.codec is not codec
    assert [part.events for part in harness.parts] == [[], []]


def test_handlers(harness):
    """An effect for which nobody is there is dropped; one of a class goes to its function."""
    settled = []
    harness.bus.deliver([RoomSettled("1")])
    harness.bus.handle({RoomSettled: settled.append})
    harness.bus.deliver([RoomSettled("2"), Told(User("unix"), Notice("Server", "hear", 0))])
    assert settled == [RoomSettled("2")]
