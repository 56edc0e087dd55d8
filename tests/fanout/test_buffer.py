"""Buffers: the slices that are cut from the events of a turn, and how several are merged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.events import DisconnectReason, Notice
from chatd.core.rooms import User
from chatd.fanout.buffer import EncodedBuffer, RoomBuffer, Subscriber, merge
from chatd.fanout.testing import MemorySession
from chatd.protocol.codec import text_codec
from chatd.protocol.framing import Framing

CODEC = text_codec(Framing.LF, True)


def encoded(**events):
    """Return a buffer with events, named by their places: `_3=b"x"`."""
    buffer = EncodedBuffer([int(place[1:]) for place in events])
    buffer.extend(list(events.values()))
    return buffer


@pytest.mark.parametrize(
    ("cursor", "own_events", "expected"),
    [
        (0, [], b"abc"),
        (0, [0], b"bc"),
        (0, [0, 2, 5], b""),
        (0, [2], b"ac"),
        (1, [], b"bc"),
        (3, [5], b""),
        (0, [1, 3, 4], b"abc"),
        (6, [], b""),
    ],
)
def test_slices(cursor, own_events, expected):
    """A slice has the events from the cursor on, less the own ones, which may be of other rooms."""
    assert encoded(_0=b"a", _2=b"b", _5=b"c").slice_for(cursor, own_events) == expected


@given(st.lists(st.binary(max_size=3), max_size=8), st.integers(0, 9), st.sets(st.integers(0, 8)))
def test_a_slice_is_what_a_loop_over_events_gives(chunks, cursor, own_events):
    """Bisection finds the same events as a loop."""
    buffer = EncodedBuffer(list(range(len(chunks))))
    buffer.extend(chunks)
    expected = [
        chunk for place, chunk in enumerate(chunks) if place >= cursor and place not in own_events
    ]
    assert buffer.slice_for(cursor, sorted(own_events)) == b"".join(expected)


def test_merge_is_in_the_order_of_the_places():
    """Events from before the cursor are left out."""
    merged = merge([encoded(_0=b"a", _2=b"b", _3=b"c"), encoded(_1=b"x")])
    assert (merged.whole(), merged.sequence) == (b"axbc", [0, 1, 2, 3])
    assert merge([encoded(_0=b"a", _2=b"b"), encoded(_1=b"x")], cursor=1).whole() == b"xb"


def test_merge_drops_equal_events_at_one_place():
    """One fact in several rooms is there once, and once for each where the rooms differ."""
    merged = merge([encoded(_4=b"QUIT"), encoded(_4=b"QUIT", _5=b"QUIT"), encoded(_4=b"[2]")])
    assert merged.chunks == [b"QUIT", b"[2]", b"QUIT"]


def test_one_buffer_is_not_copied():
    """A session in one room with events reads the buffer of that room."""
    buffer = encoded(_0=b"a")
    assert merge([buffer]) is buffer


def test_whole_is_one_object_until_an_event_is_added():
    """Queues share what waits for slow readers."""
    buffer = encoded(_0=b"a", _1=b"b")
    assert buffer.whole() is buffer.whole()
    buffer.extend([b"c"])
    assert buffer.whole() == b"abc"


def test_a_room_encodes_each_event_once():
    """Events that come later are added to what is encoded; after the turn all is forgotten."""
    room = RoomBuffer()
    for place, text in enumerate(("one", "two")):
        room.events.append(Notice("Server", text, 0, "1"))
        room.sequence.append(place)
        assert room.encoded(CODEC) is room.encoded(CODEC)
    assert room.whole(CODEC) == b"Server: one\nServer: two\n"
    room.clear()
    assert room.whole(CODEC) == b""


def test_subscribers_are_grouped_by_codec():
    """A codec that nobody uses any more has no group."""
    room, session = RoomBuffer(), MemorySession(User("unix"), CODEC)
    room.add(session)
    assert room.subscribers == {CODEC: {session: None}}
    assert room.all_subscribers() == [session]
    room.events.append(Notice("Server", "one", 0, "1"))
    room.sequence.append(0)
    room.encoded(CODEC)
    room.remove(session)
    assert room.subscribers == {}
    assert room.encoded_buffers == {}


def test_disconnect_is_the_sessions():
    """A subscriber alone cannot end a connection."""
    session = MemorySession(User("unix"), CODEC)
    with pytest.raises(NotImplementedError):
        Subscriber.disconnect(session, DisconnectReason.IDLE)
