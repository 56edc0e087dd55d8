"""Random frames and random users cause no failure; `python -m bench.fuzz` runs more of them."""

import random
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.python.failure import Failure

from bench.fuzz import LoggedErrors, frames, in_memory
from bench.random_users import RandomUsers
from chatd.core.errors import ChatError
from chatd.protocol.codec import json_codec, text_codec
from chatd.protocol.framing import FrameReceiver, Framing, UnknownProtocolError
from chatd.testing import MemoryServer

SEEDS = st.integers(0, 2**32)
PIECES = [
    b"\0",
    b"\n",
    b"\r",
    b"\xff",
    b"\xfa",
    b"\xf0",
    b"\xfb",
    b"x",
    b"`list",
    b"\x16\x03",
    b"y" * 60,
]
BYTES = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=3)), max_size=30)
FRAMES = st.lists(st.binary(max_size=40), max_size=10)


@pytest.fixture(autouse=True)
def errors():
    """Check at the end that no traceback was logged."""
    errors = LoggedErrors()
    with errors.counting():
        yield
    assert errors.count == 0


def taken(receiver):
    """Return all frames that are buffered, None for one that was too long."""
    frames = []
    while receiver.framing is not None:
        found = receiver.peek(3)
        if not (found or receiver.oversized):
            break
        frames += found or [None]
        receiver.consume(len(found) or 1)
    return frames


@given(st.sampled_from([b"\0", b"\n", b"\r\n"]), BYTES)
def test_frames_do_not_depend_on_the_reads(first, reads):
    """The frames do not depend on the cuts between reads, and at most one frame is held."""
    whole, cut = FrameReceiver(50), FrameReceiver(50)
    for receiver in (whole, cut):
        receiver.feed(first)
        taken(receiver)
    whole.feed(b"".join(reads))
    found = []
    for data in reads:
        cut.feed(data)
        found += taken(cut)
        assert cut.buffered <= 51
    assert found == taken(whole)


@given(BYTES)
def test_first_bytes(reads):
    """First bytes are held up to the limit, or are refused as TLS or HTTP."""
    receiver = FrameReceiver(50)
    with suppress(UnknownProtocolError):
        for data in reads:
            receiver.feed(data)
            taken(receiver)
            assert receiver.buffered <= 51


def test_the_longest_line_with_its_end_cut_in_two():
    """The carriage return does not count for the limit."""
    receiver = FrameReceiver(50)
    receiver.feed(b"\r\n")
    taken(receiver)
    receiver.feed(b"x" * 50 + b"\r")
    assert taken(receiver) == []
    receiver.feed(b"\n")
    assert taken(receiver) == [b"x" * 50]


@given(st.binary(max_size=60))
def test_requests(frame):
    """Any frame is a request or is refused, and the trace can show it."""
    for make in (text_codec, json_codec):
        codec = make(Framing.NUL, True)
        with suppress(ChatError):
            codec.decode(frame)
        assert isinstance(codec.describe_frame(frame), str)


@settings(max_examples=20)
@given(SEEDS)
def test_frames(seed):
    """A server takes many random frames."""
    in_memory(200, random.Random(seed))


@given(SEEDS, st.sampled_from([b"", b"\0", b"\n", b"`format json\0"]))
def test_frames_that_come_all_at_once(seed, before):
    """A server with a trace takes random frames in one read."""
    server = MemoryServer(trace=True, rooms=(("1", "tea"),))
    client = server.connect()
    stream = frames(random.Random(seed))
    client.send_bytes(before + b"".join(next(stream) for _ in range(50)))
    assert b"fault" not in client.read_bytes()


@settings(max_examples=20)
@given(SEEDS)
@example(1208)  # an attempt to log in ends within the end of the one before
def test_random_users(seed):
    """Random users do all that they can, on a store that is slow and fails."""
    crowd = RandomUsers(random.Random(seed))
    for _ in range(200):
        crowd.step()
    crowd.end()


def test_a_failure_is_noticed():
    """The fixture sees a failure: otherwise these tests would show nothing."""
    errors = LoggedErrors()
    errors({"log_failure": Failure(ZeroDivisionError())})
    assert errors.count == 1
