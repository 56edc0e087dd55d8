"""The fan-out as an algorithm: sessions read what one write per session and event would give."""

from collections.abc import Iterable
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from chatd.core.world.operations import SetAway
from chatd.fanout import joinfolding
from chatd.fanout.buffer import Subscriber
from chatd.fanout.fanout import Fanout
from chatd.fanout.joinfolding import MAX_LINES
from chatd.fanout.testing import MemorySession
from chatd.protocol.codec import Prepared
from tests.fanout.model import CODECS, FanoutHarness, QuitCodec, harness, naive_harness

TALK = ["say", "say", "say", "broadcast", "broadcast", "send_private", "answer", "announce"]
MOVES = ["join"] * 4 + [
    "leave",
    "lose",
    "rename",
    "kick",
    "move",
    "end",
    "set_codec",
    "away",
    "tag",
]
TIMES = {"turn": 0, "wait": 0.6}
"""How many seconds pass in the steps that are for all sessions."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from([*TALK, *MOVES, *TIMES]),
        st.integers(0, 5),
        st.integers(1, 3),
        st.integers(0, 5),
    ),
    min_size=20,  # or most examples have few steps
    max_size=80,
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, rooms_per_client=st.integers(1, 3), lines=st.sampled_from([0, 1, MAX_LINES]))
def test_sessions_read_what_the_naive_model_writes(steps, rooms_per_client, lines):
    """For random steps, each session reads to the byte what one write per session gives."""
    with mock.patch.object(joinfolding, "MAX_LINES", lines):
        compare_with_the_model(steps, rooms_per_client)


def compare_with_the_model(steps, rooms_per_client):
    """Carry out steps over the fan-out and over the model."""
    clock = Clock()
    real = harness(clock, rooms_per_client=rooms_per_client)
    model = naive_harness(clock, rooms_per_client=rooms_per_client)
    for each in (real, model):
        for session in each.sessions[2:5]:
            session.reads_own = True
    for step, number, room, other in steps:
        if step in TIMES:
            clock.advance(TIMES[step])
            assert real.read() == model.read()
        else:
            real.do(step, number, room, other)
            model.do(step, number, room, other)
    clock.advance(1)
    assert real.read() == model.read()
    for session, counterpart in zip(real.sessions, model.sessions, strict=True):
        assert list(session.buffers) == list(session.user.rooms)
        assert getattr(session.current_room, "id", None) == getattr(
            counterpart.current_room, "id", None
        )


@settings(max_examples=100, deadline=None)
@given(steps=STEPS)
def test_trace_changes_nothing(steps):
    """With the trace on each session reads the same, and each frame is traced once, in order."""
    clock = Clock()
    real, model = harness(clock, users=[1] * 3), naive_harness(clock, users=[1] * 3)
    traced = {}
    real.fanout.trace = lambda address, text: traced.setdefault(address, []).append(text)
    for step, number, room, other in steps:
        if step in TIMES:
            clock.advance(TIMES[step])
        elif step != "set_codec":
            real.do(step, number, room, other)
            model.do(step, number, room, other)
    clock.advance(0)
    assert real.read() == model.read()
    frames = model.read()[0].split(b"\0")[:-1]
    shown = [frame.decode().removeprefix("Server: ") for frame in frames]
    trace = [text.removeprefix("Server: ") for text in traced.get(("127.0.0.1", 0), [])]
    masked = [text if "(secret)" not in text else text.partition("psst")[0] + "…" for text in shown]
    assert trace == masked


class CountingCodec:
    """Encodes as another codec does, and counts."""

    is_text = True

    def __init__(self, codec):
        self._codec = codec
        self.encoded = 0

    def encode(self, event):
        self.encoded += 1
        return self._codec.encode(event)

    def for_room_count(self, _):
        return self


def crowd(members: int) -> tuple[Clock, FanoutHarness, CountingCodec]:
    """Return a room full of guests who all use one codec."""
    clock = Clock()
    full = harness(clock, users=[1] * members, rooms_per_client=1)
    codec = CountingCodec(CODECS[0])
    for session in full.sessions:
        full.fanout.set_codec(session, codec)
        full.join(session, "1", None)
    clock.advance(1)  # no join is folded any more
    codec.encoded = 0
    for session in full.sessions:
        session.queue.blobs.clear()
    return clock, full, codec


def blobs(sessions: Iterable[MemorySession]) -> list[list[bytes]]:
    """Return what was written to each session."""
    return [session.queue.blobs for session in sessions]


@pytest.mark.parametrize("codecs", [1, 2])
@pytest.mark.parametrize(("members", "messages"), [(10, 1), (10, 50), (200, 50)])
def test_a_turn_costs_messages_and_members(members, messages, codecs):
    """Each codec encodes each message once, and each session gets one write, not one a message."""
    clock, full, first = crowd(members)
    used = [first, *(CountingCodec(codec) for codec in CODECS[1:codecs])]
    for number, session in enumerate(full.sessions):
        full.fanout.set_codec(session, used[number % codecs])
    for number in range(messages):
        full.say(full.sessions[number % 5])
    clock.advance(0)
    assert [codec.encoded for codec in used] == [messages] * codecs
    assert all(len(written) == 1 for written in blobs(full.sessions[5:]))
    assert all(len(written) <= 1 for written in blobs(full.sessions[:5]))


def test_most_sessions_get_the_same_object():
    """Sessions without own messages get one bytes object, so that queues share what waits."""
    clock, full, _ = crowd(50)
    full.say(full.sessions[0])
    clock.advance(0)
    assert len({id(written[0]) for written in blobs(full.sessions[1:])}) == 1


def test_a_turn_is_flushed_once():
    """However many messages there are, the fan-out asks the reactor for one call."""
    clock, full, _ = crowd(3)
    for _ in range(10):
        full.say(full.sessions[0])
    assert len(clock.getDelayedCalls()) == 1


def test_nothing_is_kept_after_a_turn():
    """The fan-out forgets events once they are written."""
    clock, full, _ = crowd(3)
    full.say(full.sessions[0])
    clock.advance(0)
    assert all(not buffer.events for buffer in full.fanout._buffers.values())
    assert full.fanout._reset_after_flush == {}
    assert clock.getDelayedCalls() == []


def test_nothing_is_written_where_the_codec_tells_nothing():
    """A codec may encode an event as nothing: then there is no write, for nobody in the room."""
    clock = Clock()
    full = harness(clock, users=[1, 1], rooms_per_client=1)
    observer, guest = full.sessions
    full.fanout.set_codec(observer, QuitCodec())
    full.join(observer, "1", None)
    observer.queue.blobs.clear()
    full.join(guest, "1", None)
    clock.advance(0)
    assert observer.queue.blobs == []


def in_three_rooms(full, clock):
    """Let all sessions join three rooms, and forget what they have read."""
    for session in full.sessions:
        for room in ("1", "2", "3"):
            full.join(session, room, None)
    clock.advance(0)
    for session in full.sessions:
        session.queue.blobs.clear()


def test_leaving_several_rooms_is_one_event_where_the_codec_says_so():
    """A session in several rooms of a user who ends reads equal bytes once, others all lines."""
    clock = Clock()
    full = harness(clock, users=[1, 1, 1], rooms_per_client=3)
    text, quits, guest = full.sessions
    full.fanout.set_codec(quits, QuitCodec())
    in_three_rooms(full, clock)
    full.lose(guest)
    clock.advance(0)
    assert quits.sent == b"QUIT guest2\0"
    lines = [f"[{room}] Server: guest2 quitted.\0" for room in "123"]
    assert text.sent == "".join(lines).encode()


@pytest.mark.parametrize("traced", [False, True])
def test_a_user_in_several_rooms_is_away(traced):
    """Text and JSON tell nothing of it, so nothing is written; who is told reads it once."""
    clock = Clock()
    full = harness(clock, users=[1] * 5, rooms_per_client=3)
    text, further, program, other, guest = full.sessions
    for session, codec in ((further, CODECS[1]), (program, CODECS[2]), (other, QuitCodec())):
        full.fanout.set_codec(session, codec)
    in_three_rooms(full, clock)
    shown = []
    if traced:
        full.fanout.trace = lambda _, line: shown.append(line)
    full.log.submit(SetAway(guest.key, "lunch", 0))
    clock.advance(0)
    assert blobs([text, further, program, guest]) == [[], [], [], []]
    assert other.sent == b"AWAY guest4 lunch\0"
    assert shown == (["AWAY guest4 lunch"] if traced else [])


def test_a_session_that_reads_its_own_messages():
    """They come in order with those of others, as they come to a session that says nothing."""
    clock = Clock()
    full = harness(clock, users=[1] * 3, rooms_per_client=1)
    ann, bob, cid = full.sessions
    for session in full.sessions:
        full.fanout.set_codec(session, CODECS[0])
        full.join(session, "1", None)
    clock.advance(1)
    for session in full.sessions:
        session.queue.blobs.clear()
    ann.reads_own = True
    for session in (ann, bob, ann, bob):
        full.say(session)
    clock.advance(0)
    lines = ["guest0: said\n  in two lines\0guest0: and again\0", "guest1: said\n  in two lines\0"]
    assert ann.sent == cid.sent
    assert ann.sent.decode().startswith("".join(lines))
    assert "guest1" not in bob.sent.decode()
    assert is_idle(ann)


def is_idle(subscriber: Subscriber) -> bool:
    """Tell whether a subscriber keeps nothing of a turn."""
    return subscriber.cursor == 0 and not subscriber.own_events


def test_subscribers_are_reset_after_a_turn():
    """No subscriber keeps a place of the last turn, whatever has happened in it."""
    clock = Clock()
    full = harness(clock)
    for step in ("join", "say", "rename", "leave"):
        for number in range(len(full.sessions)):
            full.do(step, number, 1, 0)
        clock.advance(0)
        assert all(map(is_idle, full.sessions))


class OwnFrames(Prepared):
    """Frames that no codec knows."""

    def encode(self):
        """Return the frames."""
        return b"own\n"

    def describe(self):
        """Return what the trace shows."""
        return ["masked"]


@pytest.mark.parametrize("write", [Fanout.send, Fanout.answer])
def test_prepared_frames(write):
    """They are written as they are, after what was said before, and traced as they tell."""
    clock, traced = Clock(), []
    both = harness(clock, users=[1] * 2)
    both.fanout.trace = lambda _, text: traced.append(text)
    session = both.sessions[0]
    write(both.fanout, session, OwnFrames())
    assert session.sent == b"own\n"
    assert traced == ["masked"]
