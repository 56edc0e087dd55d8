"""The fan-out, as an algorithm: batches and holes must read like one write per member and message."""

from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.config import RoomPolicy
from chatd.core.chat import Chat
from chatd.core.errors import ChatError
from chatd.core.events import Joined, LeaveReason, Left, Notice, RoomClosed
from chatd.core.rooms import User
from chatd.fanout.buffer import Subscriber
from chatd.fanout.bus import LocalBus
from chatd.fanout.fanout import Fanout
from chatd.protocol.codec import json_codec, text_codec
from chatd.protocol.framing import Framing
from chatd.server.directory import Directory
from chatd.server.eventlog import EventLog
from chatd.storage.history import History
from chatd.storage.memory import MemoryStore
from chatd.storage.writer import HistoryWriter
from chatd.testing import MemorySendQueue

DIALECTS = [
    text_codec(Framing.NUL, True),
    text_codec(Framing.LF, True),
    text_codec(Framing.CRLF, False),
    json_codec(Framing.NUL, True),
]


class NaiveDelivery:
    """The model: whatever happens is written at once, to each member by itself."""

    def __init__(self):
        self._subscribers = {}
        self._rooms = {}

    def attach(self, user, subscriber):
        self._subscribers[user] = subscriber
        self._rooms[subscriber] = set()

    def detach(self, user):
        del self._subscribers[user]

    def set_codec(self, subscriber, codec):
        subscriber.base_codec = codec

    def send(self, subscriber, message):
        codec = subscriber.base_codec.for_room_count(len(self._rooms[subscriber]))
        subscriber.send_queue.write(codec.encode(message))

    def send_to(self, user, event):
        if user in self._subscribers:
            self.send(self._subscribers[user], event)

    def on_messages(self, room, said, actor, _):
        self.on_event(room, said, actor)

    def on_event(self, room, event, actor):
        mine = self._subscribers.get(actor)
        if isinstance(event, Left):
            self._rooms[mine].discard(room)
        for subscriber, rooms in self._rooms.items():
            if room in rooms and subscriber is not mine:
                self.send(subscriber, event)
        if isinstance(event, Joined):
            self._rooms[mine].add(room)
        if isinstance(event, RoomClosed):
            for rooms in self._rooms.values():
                rooms.discard(room)


def chat_over(bus, rooms_per_client):
    """Return a chat whose rooms are on `bus`."""
    store = MemoryStore()
    writer = HistoryWriter(store, Clock(), lambda *_: None, EventLog())
    history = History(store, writer, Clock())
    return Chat(Directory(store), bus, history, RoomPolicy(rooms_per_client=rooms_per_client))


class Town:
    """Some people and rooms over one delivery; carries out steps and keeps what everybody reads."""

    def __init__(self, fanout, people=4, rooms_per_client=2):
        self.fanout = fanout
        bus = LocalBus(fanout)
        self.chat = chat_over(bus, rooms_per_client)
        self.people = [User(("127.0.0.1", port)) for port in range(people)]
        self.listeners = []
        for number, user in enumerate(self.people):
            codec = DIALECTS[number % len(DIALECTS)]
            subscriber = Subscriber(user.address, MemorySendQueue(), codec, lambda _: None)
            self.listeners.append(subscriber)
            fanout.attach(user, subscriber)

    def do(self, step, number, room, other):
        """Carry out a step as person `number`; what is refused changes nothing."""
        with suppress(ChatError):
            getattr(self, step)(self.people[number], str(room), self.people[other], number)

    def read(self):
        """Return all that everybody has read."""
        return [b"".join(subscriber.send_queue.blobs) for subscriber in self.listeners]

    def join(self, user, room, _, number):
        done = Deferred.fromCoroutine(self.chat.join_or_create(user, room, f"chatter{number}", 0))
        done.addCallback(lambda _: self.answer(user, room, None, number))
        done.addErrback(lambda failure: failure.trap(ChatError))

    def leave(self, user, room, _, number):
        self.chat.leave(user, self.chat.joined_room(user, room), LeaveReason.QUIT, 0)
        self.answer(user, room, None, number)

    def lose(self, user, *_):
        self.chat.leave_all(user, LeaveReason.LOST, 0)

    def say(self, user, *_):
        self.chat.say(user, self.chat.joined_room(user), ["said\nin two lines", "and again"], 0)

    def broadcast(self, user, room, *_):
        self.chat.say(user, self.chat.joined_room(user, room), ["broadcast"], 0)

    def send_private(self, user, _, other, __):
        self.chat.send_private(user, other.name, "psst", 0)

    def answer(self, _, room, __, number):
        self.fanout.send(self.listeners[number], Notice("Server", f"answer {room}", 0))

    def announce(self, _, room, *__):
        self.chat.announce(room, "hear hear", 0)

    def kick(self, _, room, other, __):
        self.chat.kick(other.name, room, 0)

    def group(self, _, room, other, __):
        self.chat.move_user(other.name, self.chat.room(room), 0)

    def end(self, _, room, *__):
        Deferred.fromCoroutine(self.chat.delete_room(room, 0)).addErrback(
            lambda f: f.trap(ChatError)
        )

    def set_codec(self, _, room, __, number):
        self.fanout.set_codec(self.listeners[number], DIALECTS[int(room) % len(DIALECTS)])


TALK = ["say", "say", "say", "broadcast", "broadcast", "send_private", "answer", "announce"]
MOVES = ["join", "join", "join", "leave", "lose", "kick", "group", "end", "set_codec", "turn"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(TALK + MOVES), st.integers(0, 3), st.integers(1, 3), st.integers(0, 3)
    ),
    max_size=80,
)


@settings(max_examples=400, deadline=None)
@given(steps=STEPS, rooms_per_client=st.integers(1, 3))
def test_everybody_reads_what_the_naive_model_writes(steps, rooms_per_client):
    """For random comings, goings and talk, each reads to the byte what one write per member gives."""
    clock = Clock()
    town = Town(Fanout(clock), rooms_per_client=rooms_per_client)
    model = Town(NaiveDelivery(), rooms_per_client=rooms_per_client)
    for step, number, room, other in steps:
        if step == "turn":
            clock.advance(0)
            assert town.read() == model.read()
        else:
            town.do(step, number, room, other)
            model.do(step, number, room, other)
    clock.advance(0)
    assert town.read() == model.read()


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_the_trace_changes_nothing(steps):
    """With the trace on everybody reads the same, and each frame read was traced, in order."""
    clock = Clock()
    town = Town(Fanout(clock))
    traced = {}
    town.fanout.trace = lambda address, text: traced.setdefault(address, []).append(text)
    model = Town(NaiveDelivery())
    for step, number, room, other in steps:
        if step == "turn":
            clock.advance(0)
        elif step != "set_codec":
            town.do(step, number, room, other)
            model.do(step, number, room, other)
    clock.advance(0)
    assert town.read() == model.read()
    frames = model.read()[0].split(b"\0")[:-1]
    shown = [frame.decode().removeprefix("Server: ") for frame in frames]
    trace = [text.removeprefix("Server: ") for text in traced.get(("127.0.0.1", 0), [])]
    hidden = [text if "(secret)" not in text else text.partition("psst")[0] + "…" for text in shown]
    assert trace == hidden


class CountingDialect:
    """Encodes as another dialect does, and counts."""

    def __init__(self, codec):
        self._dialect = codec
        self.encoded = 0

    def encode(self, event):
        self.encoded += 1
        return self._dialect.encode(event)

    def for_room_count(self, _):
        return self


def crowd(members: int) -> tuple[Clock, Town, CountingDialect]:
    """Return a room full of people who all speak one dialect."""
    clock = Clock()
    town = Town(Fanout(clock), people=members, rooms_per_client=1)
    codec = CountingDialect(DIALECTS[0])
    for number, user in enumerate(town.people):
        town.fanout.set_codec(town.listeners[number], codec)
        town.join(user, "1", None, number)
    clock.advance(0)
    codec.encoded = 0
    for subscriber in town.listeners:
        subscriber.send_queue.blobs.clear()
    return clock, town, codec


def blobs(listeners: Iterable[Subscriber]) -> list[list[bytes]]:
    """Return what was written to each."""
    return [subscriber.send_queue.blobs for subscriber in listeners]


@pytest.mark.parametrize("codecs", [1, 3])
@pytest.mark.parametrize(("members", "messages"), [(10, 1), (10, 50), (200, 50)])
def test_a_turn_costs_messages_and_members(members, messages, codecs):
    """Each message is encoded once in each dialect, each member gets one write: not one for each message."""
    clock, town, first = crowd(members)
    base_codec = [first, *(CountingDialect(codec) for codec in DIALECTS[1:codecs])]
    for number, subscriber in enumerate(town.listeners):
        town.fanout.set_codec(subscriber, base_codec[number % codecs])
    for number in range(messages):
        town.say(town.people[number % 5])
    clock.advance(0)
    assert [codec.encoded for codec in base_codec] == [messages] * codecs
    assert all(len(written) == 1 for written in blobs(town.listeners[5:]))
    assert all(len(written) <= 1 for written in blobs(town.listeners[:5]))


def test_most_get_the_very_same_bytes():
    """Who has no hole gets the same object, so that slow readers share what waits for them."""
    clock, town, _ = crowd(50)
    town.say(town.people[0])
    clock.advance(0)
    assert len({id(written[0]) for written in blobs(town.listeners[1:])}) == 1


def test_a_turn_is_flushed_once():
    """However much is said, the reactor is asked for one call."""
    clock, town, _ = crowd(3)
    for _ in range(10):
        town.say(town.people[0])
    assert len(clock.getDelayedCalls()) == 1


def test_nothing_is_kept_after_a_turn():
    """What was said is forgotten when it is written."""
    clock, town, _ = crowd(3)
    town.say(town.people[0])
    clock.advance(0)
    assert all(not batch.events for batch in town.fanout._buffers.values())
    assert town.fanout._reset_after_flush == {}
    assert clock.getDelayedCalls() == []


def test_numbers_are_the_rooms_own():
    """Each room counts its messages from 1, without gaps, and goes on when started again."""
    seen = []

    class MessageSubscriber:
        def on_messages(self, _, burst, *__):
            seen.append((burst.room, burst.id, burst.last))

        def on_event(self, *_):
            pass

    bus = LocalBus(Fanout(Clock()), [MessageSubscriber()])
    chat = chat_over(bus, 2)
    user = User("unix")
    for room in ("a", "b"):
        Deferred.fromCoroutine(chat.join_or_create(user, room, "Ann", 0))
    for room in ("a", "a", "b", "a"):
        chat.say(user, chat.joined_room(user, room), ["x", "y"], 0)
    Deferred.fromCoroutine(chat.delete_room("a", 0))
    Deferred.fromCoroutine(chat.join_or_create(user, "A", None, 0))
    chat.say(user, chat.joined_room(user, "a"), ["x", "", "y"], 0)
    assert seen == [("a", 1, 2), ("a", 3, 4), ("b", 1, 2), ("a", 5, 6), ("A", 7, 8)]
