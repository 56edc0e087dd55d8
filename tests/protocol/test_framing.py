"""How bytes become frames (spec section 2)."""

import sys
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatd.protocol.framing import FrameReceiver, Framing, UnknownProtocolError

TOO_LONG = None


def take_all(receiver, count=50):
    """Return all frames, consumed one by one; TOO_LONG stands for one that was too long."""
    taken = []
    while receiver.framing is not None:
        frames = receiver.peek(count)
        assert len(frames) <= count
        if not frames and not receiver.oversized:
            break
        taken.append(frames[0] if frames else TOO_LONG)
        receiver.consume(1)
    return taken


def receive(*chunks, limit=100):
    """Return the receiver, and the frames it made of the chunks."""
    receiver = FrameReceiver(limit)
    frames = []
    for chunk in chunks:
        receiver.feed(chunk)
        frames += take_all(receiver)
    return receiver, frames


def cut(data, places):
    """Return `data` in pieces."""
    ends = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(ends)]


@pytest.mark.parametrize(
    ("data", "framing", "frames"),
    [
        (b"`list\0hi\nyou\0", Framing.NUL, [b"`list", b"hi\nyou"]),
        (b"`list\nhi\r\n", Framing.LF, [b"`list", b"hi"]),
        (b"`list\r\nhi\n", Framing.CRLF, [b"`list", b"hi"]),
        (b"first\nsecond\0", Framing.NUL, [b"first\nsecond"]),
        (b"\xff\xfd\x03`list\r\n", Framing.CRLF, [b"`list"]),
        (b"\xff\xfd\x03`list\n", Framing.LF, [b"`list"]),
        (b"\xff\xfd\x03\0x\n", Framing.LF, [b"\0x"]),
        (b"\x16\0", Framing.NUL, [b"\x16"]),
        (b"\0", Framing.NUL, [b""]),
        (b"\n", Framing.LF, [b""]),
        (b"I like HTTP/1.1\0", Framing.NUL, [b"I like HTTP/1.1"]),
        (b"HTTP/1.1 is old\n", Framing.LF, [b"HTTP/1.1 is old"]),
        (b"\xef\xbb\xbf`list\0\xef\xbb\xbfhi\0", Framing.NUL, [b"`list", b"\xef\xbb\xbfhi"]),
        (b"\xef\xbb\xbf`list\nhi\n", Framing.LF, [b"`list", b"hi"]),
        (b"\xef\xbb\xbf`list\r\n\xef\xbb\xbf\r\n", Framing.CRLF, [b"`list", b"\xef\xbb\xbf"]),
        (b"\xff\xfd\x03\xef\xbb\xbf`list\r\n", Framing.CRLF, [b"`list"]),
        (b"\xff\xfd\x03`list\r\0hi\r\0", Framing.CRLF, [b"`list", b"hi"]),
    ],
)
def test_first_bytes_decide(data, framing, frames):
    """The first bytes decide in the order of the spec."""
    receiver, received = receive(data)
    assert (receiver.framing, received) == (framing, frames)


@pytest.mark.parametrize("data", [b"half a li", b"\x16", b"\xff\xfb\x01half"])
def test_undecided(data):
    """The framing is not known until a frame has ended."""
    receiver, frames = receive(data)
    assert receiver.framing is None
    assert frames == []


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\0\x01",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /x HTTP/1.0\n\n`join 1 x\n\0",
        b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
def test_not_chat(data, size):
    """TLS and HTTP are recognised, in whatever pieces they come; no frame comes of them."""
    with pytest.raises(UnknownProtocolError):
        receive(*(data[i : i + size] for i in range(0, len(data), size)))


@given(
    st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\0", b"")), min_size=1),
    st.lists(st.integers(0, 1000)),
)
def test_nul_frames_survive_any_cut(frames, places):
    """However the network cuts NUL frames, the same frames come out."""
    frames = [b"`begin", *frames]
    _, received = receive(*cut(b"".join(f + b"\0" for f in frames), places))
    assert received == frames


@given(
    st.lists(st.text("ab \t`é😄", max_size=12), min_size=1),
    st.sampled_from([b"\n", b"\r\n"]),
    st.lists(st.integers(0, 1000)),
)
def test_lines_survive_any_cut(lines, end, places):
    """However the network cuts lines, the same lines come out, and the ending is known."""
    frames = [line.encode() for line in lines]
    receiver, received = receive(*cut(b"".join(f + end for f in frames), places))
    assert received == frames
    assert receiver.framing is (Framing.LF if end == b"\n" else Framing.CRLF)


NEGOTIATION = st.sampled_from(
    [b"\xff\xfb\x01", b"\xff\xfd\x03", b"\xff\xf1", b"\xff\xfa\x18\0a\xff\xff\n\xff\xf0"]
)


@given(
    st.lists(st.one_of(NEGOTIATION, st.sampled_from([b"a", b"bc", b"\n"]))),
    st.lists(st.integers(0, 200)),
)
def test_telnet_negotiation_is_stripped_in_every_split(parts, places):
    """Negotiation anywhere, cut anywhere, leaves the lines as they were typed."""
    data = b"\xff\xfd\x03" + b"".join(parts) + b"end\n"
    typed = b"".join(p for p in parts if not p.startswith(b"\xff")) + b"end\n"
    _, received = receive(*cut(data, places), limit=1000)
    assert received == typed.split(b"\n")[:-1]


@given(st.lists(st.integers(0, 12)))
def test_a_return_alone_ends_a_line_of_telnet(places):
    """Telnet sends a carriage return as CR NUL; a NUL behind anything else is a byte."""
    _, received = receive(b"`list\r\n", *cut(b"hi\r\0a\0b\r\nc\r\0", places))
    assert received == [b"`list", b"hi", b"a\0b", b"c"]


@pytest.mark.parametrize(
    ("data", "answers"),
    [
        # Ctrl-C in `telnet`, which shows no output until the timing mark is answered.
        (b"\xff\xf4\xff\xfd\x06", b"\xff\xfb\x06"),
        (b"\xff\xfd\x01\xff\xfb\x18", b"\xff\xfc\x01\xff\xfe\x18"),
        (b"\xff\xfc\x01\xff\xfe\x18", b""),
        (b"\xff\xf6", b"[Yes]\r\n"),
        (b"\xff\xf1\xff\xf3\xff\xf5\xff\xec", b""),
        (b"\xff\xfa\x18\x00\xff\xfd\x01vt\xff\xf0\xff\xff", b""),
        (b"\xff\xfd\xff", b"\xff\xfc\xff"),
        (b"\xff\xfb\x01" * 1000, b"\xff\xfe\x01"),
    ],
)
def test_requests_of_telnet_are_answered(data, answers):
    """Options are refused; equal requests in one read are answered once."""
    assert FrameReceiver(100).feed(data + b"hi\n") == answers
    receiver = FrameReceiver(100)
    receiver.feed(b"hi\n")
    assert receiver.feed(data) == answers


@given(st.lists(st.sampled_from([b"\xff\xfd\x06", b"\xff\xf6", b"\xff\xfb\x01"])), st.data())
def test_requests_of_telnet_are_answered_in_every_split(requests, data):
    """A request that is cut is answered with its last byte."""
    sent = b"\xff\xf1" + b"".join(requests)
    places = data.draw(st.lists(st.integers(0, len(sent))))
    receiver = FrameReceiver(100)
    answers = b"".join(receiver.feed(part) for part in cut(sent, places))
    alone = FrameReceiver(100)
    alone.feed(b"\xff\xf1")
    assert {alone.feed(request) for request in requests} == {
        answer for answer in (b"\xff\xfb\x06", b"[Yes]\r\n", b"\xff\xfe\x01") if answer in answers
    }


def test_escaped_iac_is_a_byte():
    """IAC IAC is the byte 0xFF itself."""
    assert receive(b"\xff\xf1a\xff\xffb\n")[1] == [b"a\xffb"]


@pytest.mark.parametrize("size", [1, 3, 64, 1000])
def test_too_long_is_dropped_and_told(size):
    """A frame past the limit is dropped up to its end; those around it are served."""
    data = b"one\0" + b"x" * 500 + b"\0two\0"
    _, received = receive(*(data[i : i + size] for i in range(0, len(data), size)))
    assert received == [b"one", TOO_LONG, b"two"]


def test_too_long_is_never_held():
    """A gigabyte without an end takes no more memory than one frame and one read."""
    receiver, frames = receive(b"x\0")
    for _ in range(100):
        receiver.feed(b"x" * 65536)
        frames += take_all(receiver)
        assert receiver.buffered <= receiver.limit
    assert frames == [b"x", TOO_LONG]
    receiver.feed(b"\0y\0")
    assert take_all(receiver) == [b"y"]


def test_too_long_before_the_framing_is_known():
    """An oversized first frame is reported once the framing is known."""
    receiver, frames = receive(b"x" * 200, b"y" * 200, b"z\nnext\n")
    assert frames == [TOO_LONG, b"next"]
    assert receiver.framing is Framing.LF


def test_limit_is_of_the_frame_without_its_end():
    """A frame of exactly the limit passes, with any ending."""
    assert receive(b"x" * 100 + b"\0")[1] == [b"x" * 100]
    assert receive(b"x" * 100 + b"\r\n")[1] == [b"x" * 100]
    assert receive(b"x" * 101 + b"\0")[1] == [TOO_LONG]


def test_limit_may_rise_between_frames():
    """A client that joins has the larger limit for the next frame of the same read."""
    receiver = FrameReceiver(10)
    receiver.feed(b"join\0" + b"x" * 50 + b"\0")
    assert receiver.peek(1) == [b"join"]
    receiver.consume(1)
    receiver.limit = 100
    assert receiver.peek(50) == [b"x" * 50]


def test_peeked_frames_stay_until_they_are_consumed():
    """`peek` returns the same frames again, and `consume` says whether anything is left."""
    receiver = FrameReceiver(10)
    receiver.feed(b"1\x002\x003\x004\0")
    assert receiver.peek(3) == receiver.peek(3) == [b"1", b"2", b"3"]
    assert receiver.peek(1) == [b"1"]
    assert receiver.buffered == 8
    assert receiver.consume(2)
    assert receiver.peek(3) == [b"3"]
    assert receiver.buffered == 4
    assert receiver.consume(1)
    assert receiver.peek(3) == [b"4"]
    assert not receiver.consume(1)
    assert receiver.peek(3) == []


def test_frames_are_cut_once():
    """A frame that is peeked at again is the same object, and is not cut from the buffer again."""
    receiver = FrameReceiver(100)
    receiver.feed(b"`list\0" * 50)
    first = receiver.peek(50)[1]
    receiver.consume(1)
    assert receiver.peek(49)[0] is first


def test_a_frame_keeps_its_own_carriage_returns_beside_an_oversized_one():
    """Frames that are cut again behind an oversized one lose only their line ends."""
    _, frames = receive(b"a\r\r\n" + b"x" * 101 + b"\r\nb\r\r\n")
    assert frames == [b"a\r", TOO_LONG, b"b\r"]


def test_clear():
    """Nothing that was buffered comes out later."""
    receiver = FrameReceiver(10)
    receiver.feed(b"1\x002\x003\0half")
    receiver.peek(2)
    receiver.clear()
    receiver.consume(1)
    assert (receiver.buffered, receiver.peek(9)) == (0, [])


@given(st.lists(st.binary(max_size=50)))
@example([b"x" * 20 + b"\r"])
def test_buffered_bytes_are_counted(chunks):
    """The buffer holds no more than what came, and all whole frames can be consumed."""
    receiver = FrameReceiver(20)
    for chunk in [b"x\0", *chunks]:
        receiver.feed(chunk)
    assert receiver.buffered <= 2 + sum(map(len, chunks))
    assert receiver.has_frames
    take_all(receiver, 2)
    assert not receiver.has_frames
    assert receiver.buffered <= receiver.limit


def test_many_small_frames_take_no_more_than_their_bytes():
    """A flood of tiny frames is buffered as it came."""
    receiver = FrameReceiver(1000)
    receiver.feed(b"a\0" * 30_000)
    assert receiver.peek(50) == [b"a"] * 50
    receiver.consume(50)
    assert sys.getsizeof(receiver._buffer) < receiver.buffered + 100
    assert receiver.buffered == 2 * 29_950


@pytest.mark.parametrize(
    ("framing", "wire"),
    [(Framing.NUL, b"a\nb\0"), (Framing.LF, b"a\nb\n"), (Framing.CRLF, b"a\r\nb\r\n")],
)
def test_encode(framing, wire):
    """Newlines within a frame are sent as the ending of the first line."""
    assert framing.encode("a\nb") == wire
    assert framing.encode("a\nb\0a\nb") == wire * 2
