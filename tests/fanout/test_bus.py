"""The bus: ids of messages, and which parts get which events."""

import pytest

from chatd.core.events import Joined, MessageBatch, Notice, ReceiptRequest, Renamed
from chatd.core.rooms import Room, User
from chatd.fanout.bus import LocalBus
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router
from chatd.fanout.testing import MemorySession
from chatd.protocol.codec import text_codec
from chatd.protocol.framing import Framing
from chatd.testing import MemoryServer


class RecordingPart:
    """A part that keeps the events it gets."""

    def __init__(self):
        self.events = []
        self.messages = []

    def on_event(self, room, event):
        self.events.append((room.id, event))

    def on_messages(self, room, messages, receipt):
        self.messages.append((room.id, messages, receipt))


@pytest.fixture
def parts():
    """Return two parts: one that gets messages, one that gets the other events alone."""
    return RecordingPart(), RecordingPart()


@pytest.fixture
def bus(parts):
    """Return a bus with these parts."""
    fanout = Fanout(MemoryServer().reactor)
    messages, events = parts
    return LocalBus(fanout, Router(fanout), [messages], [events])


@pytest.fixture
def session():
    """Return the session of a user with an account."""
    user = User("unix")
    user.name, user.account = "ann", 7
    return MemorySession(user, text_codec(Framing.NUL, True))


def test_say(bus, parts, session):
    """Messages get the next ids of the room, and the account of their sender."""
    room, receipt = Room("1", "tea", last_id=4), ReceiptRequest(session, "tag")
    bus.say(room, session, ["a", "b"], 5.0, receipt)
    bus.say(room, session, ["c"], 6.0)
    batches = [
        ("1", MessageBatch("1", 5, "ann", ["a", "b"], 5.0, 7), receipt),
        ("1", MessageBatch("1", 7, "ann", ["c"], 6.0, 7), None),
    ]
    messages, events = parts
    assert messages.messages == batches
    assert (events.messages, room.last_id, bus.messages) == ([], 7, 3)


def test_publish(bus, parts, session):
    """Both parts get events."""
    room = Room("1", "tea")
    published = [Notice("Server", "hear", 0, "1"), Joined("1", "ann", None, 0)]
    for event in published:
        bus.publish(room, event, session.user)
    for part in parts:
        assert part.events == [("1", event) for event in published]


def test_publish_of_user(bus, parts, session):
    """A fact about a user is an event of each of the rooms."""
    renamed = Renamed("ann", "bob", 0)
    bus.publish_of_user({Room(key, "x"): renamed for key in "12"}, session.user)
    for part in parts:
        assert part.events == [("1", renamed), ("2", renamed)]
