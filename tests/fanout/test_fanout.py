"""The fan-out, as an algorithm: batches and holes must read like one write per member and message."""

from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.core.chat import Chat, Rules
from chatd.core.errors import ChatError
from chatd.core.events import Closed, Joined, Left, Notice, Reason
from chatd.core.rooms import Chatter
from chatd.fanout.buffer import Listener
from chatd.fanout.bus import LocalBus
from chatd.fanout.fanout import Delivery
from chatd.protocol.codec import json_dialect, text_dialect
from chatd.protocol.framing import Framing
from chatd.server.directory import LocalRegistry
from chatd.server.eventlog import Journal
from chatd.storage.history import History
from chatd.storage.memory import MemoryStore
from chatd.storage.writer import Recorder
from chatd.testing import MemoryOutlet

DIALECTS = [
    text_dialect(Framing.NUL, True),
    text_dialect(Framing.LF, True),
    text_dialect(Framing.CRLF, False),
    json_dialect(Framing.NUL, True),
]


class NaiveDelivery:
    """The model: whatever happens is written at once, to each member by itself."""

    def __init__(self):
        self._listeners = {}
        self._rooms = {}

    def attach(self, who, listener):
        self._listeners[who] = listener
        self._rooms[listener] = set()

    def detach(self, who):
        del self._listeners[who]

    def speak(self, listener, dialect):
        listener.spoken = dialect

    def send(self, listener, message):
        dialect = listener.spoken.tagged(len(self._rooms[listener]))
        listener.outlet.write(dialect.encode(message))

    def tell(self, who, event):
        if who in self._listeners:
            self.send(self._listeners[who], event)

    def said(self, room, said, by):
        self.published(room, said, by)

    def published(self, room, event, by):
        mine = self._listeners.get(by)
        if isinstance(event, Left):
            self._rooms[mine].discard(room)
        for listener, rooms in self._rooms.items():
            if room in rooms and listener is not mine:
                self.send(listener, event)
        if isinstance(event, Joined):
            self._rooms[mine].add(room)
        if isinstance(event, Closed):
            for rooms in self._rooms.values():
                rooms.discard(room)


def chat_over(bus, rooms_per_client):
    """Return a chat whose rooms are on `bus`."""
    store = MemoryStore()
    recorder = Recorder(store, Clock(), lambda *_: None, Journal())
    history = History(store, recorder, Clock())
    return Chat(LocalRegistry(store), bus, history, Rules(rooms_per_client=rooms_per_client))


class Town:
    """Some people and rooms over one delivery; carries out steps and keeps what everybody reads."""

    def __init__(self, delivery, people=4, rooms_per_client=2):
        self.delivery = delivery
        bus = LocalBus(delivery)
        self.chat = chat_over(bus, rooms_per_client)
        self.people = [Chatter(("127.0.0.1", port)) for port in range(people)]
        self.listeners = []
        for number, who in enumerate(self.people):
            dialect = DIALECTS[number % len(DIALECTS)]
            listener = Listener(who.address, MemoryOutlet(), dialect, lambda _: None)
            self.listeners.append(listener)
            delivery.attach(who, listener)

    def do(self, step, number, room, other):
        """Carry out a step as person `number`; what is refused changes nothing."""
        with suppress(ChatError):
            getattr(self, step)(self.people[number], str(room), self.people[other], number)

    def read(self):
        """Return all that everybody has read."""
        return [b"".join(listener.outlet.blobs) for listener in self.listeners]

    def join(self, who, room, _, number):
        done = Deferred.fromCoroutine(self.chat.enter(who, room, f"chatter{number}", 0))
        done.addCallback(lambda _: self.answer(who, room, None, number))
        done.addErrback(lambda failure: failure.trap(ChatError))

    def leave(self, who, room, _, number):
        self.chat.leave(who, self.chat.own_room(who, room), Reason.QUIT, 0)
        self.answer(who, room, None, number)

    def lose(self, who, *_):
        self.chat.leave_all(who, Reason.LOST, 0)

    def say(self, who, *_):
        self.chat.say(who, self.chat.own_room(who), ["said\nin two lines", "and again"], 0)

    def broadcast(self, who, room, *_):
        self.chat.say(who, self.chat.own_room(who, room), ["broadcast"], 0)

    def whisper(self, who, _, other, __):
        self.chat.whisper(who, other.name, "psst", 0)

    def answer(self, _, room, __, number):
        self.delivery.send(self.listeners[number], Notice("Server", f"answer {room}", 0))

    def announce(self, _, room, *__):
        self.chat.announce(room, "hear hear", 0)

    def kick(self, _, room, other, __):
        self.chat.kick(other.name, room, 0)

    def group(self, _, room, other, __):
        self.chat.group(other.name, self.chat.room(room), 0)

    def end(self, _, room, *__):
        Deferred.fromCoroutine(self.chat.end(room, 0)).addErrback(lambda f: f.trap(ChatError))

    def speak(self, _, room, __, number):
        self.delivery.speak(self.listeners[number], DIALECTS[int(room) % len(DIALECTS)])


TALK = ["say", "say", "say", "broadcast", "broadcast", "whisper", "answer", "announce"]
MOVES = ["join", "join", "join", "leave", "lose", "kick", "group", "end", "speak", "turn"]
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
    town = Town(Delivery(clock), rooms_per_client=rooms_per_client)
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
    town = Town(Delivery(clock))
    traced = {}
    town.delivery.trace = lambda address, text: traced.setdefault(address, []).append(text)
    model = Town(NaiveDelivery())
    for step, number, room, other in steps:
        if step == "turn":
            clock.advance(0)
        elif step != "speak":
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

    def __init__(self, dialect):
        self._dialect = dialect
        self.encoded = 0

    def encode(self, event):
        self.encoded += 1
        return self._dialect.encode(event)

    def tagged(self, _):
        return self


def crowd(members: int) -> tuple[Clock, Town, CountingDialect]:
    """Return a room full of people who all speak one dialect."""
    clock = Clock()
    town = Town(Delivery(clock), people=members, rooms_per_client=1)
    dialect = CountingDialect(DIALECTS[0])
    for number, who in enumerate(town.people):
        town.delivery.speak(town.listeners[number], dialect)
        town.join(who, "1", None, number)
    clock.advance(0)
    dialect.encoded = 0
    for listener in town.listeners:
        listener.outlet.blobs.clear()
    return clock, town, dialect


def blobs(listeners: Iterable[Listener]) -> list[list[bytes]]:
    """Return what was written to each."""
    return [listener.outlet.blobs for listener in listeners]


@pytest.mark.parametrize("dialects", [1, 3])
@pytest.mark.parametrize(("members", "messages"), [(10, 1), (10, 50), (200, 50)])
def test_a_turn_costs_messages_and_members(members, messages, dialects):
    """Each message is encoded once in each dialect, each member gets one write: not one for each message."""
    clock, town, first = crowd(members)
    spoken = [first, *(CountingDialect(dialect) for dialect in DIALECTS[1:dialects])]
    for number, listener in enumerate(town.listeners):
        town.delivery.speak(listener, spoken[number % dialects])
    for number in range(messages):
        town.say(town.people[number % 5])
    clock.advance(0)
    assert [dialect.encoded for dialect in spoken] == [messages] * dialects
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
    assert all(not batch.events for batch in town.delivery._batches.values())
    assert town.delivery._touched == {}
    assert clock.getDelayedCalls() == []


def test_numbers_are_the_rooms_own():
    """Each room counts its messages from 1, without gaps, and goes on when started again."""
    seen = []

    class Hearer:
        def said(self, _, burst, __):
            seen.append((burst.room, burst.id, burst.last))

        def published(self, *_):
            pass

    bus = LocalBus(Delivery(Clock()), [Hearer()])
    chat = chat_over(bus, 2)
    who = Chatter("unix")
    for room in ("a", "b"):
        Deferred.fromCoroutine(chat.enter(who, room, "Ann", 0))
    for room in ("a", "a", "b", "a"):
        chat.say(who, chat.own_room(who, room), ["x", "y"], 0)
    Deferred.fromCoroutine(chat.end("a", 0))
    Deferred.fromCoroutine(chat.enter(who, "A", None, 0))
    chat.say(who, chat.own_room(who, "a"), ["x", "", "y"], 0)
    assert seen == [("a", 1, 2), ("a", 3, 4), ("b", 1, 2), ("a", 5, 6), ("A", 7, 8)]
