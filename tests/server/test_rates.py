"""The options `--rate` and `--burst`: a flood is processed at the rate, in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.ratelimit import TokenBucket
from chatd.server.gateway import DRAIN_SECONDS
from chatd.server.inbound import MAX_FRAMES_PER_TURN, READ_LIMIT
from chatd.testing import MemoryServer

A_READ = 65536


@pytest.fixture
def limited():
    """Return a server with the default rate of frames, and no limit on bytes."""
    return MemoryServer(rate=5, burst=20, byte_rate=0)


def said(client):
    """Return the messages of Ann that the client read since the last call."""
    lines = [frame for frame in client.read() if frame.startswith("Ann: ")]
    return [line.removeprefix("Ann: ") for line in lines if not line.endswith("@chatroom 1.")]


def flood(client, frames):
    """Send that many frames in one read; return them."""
    texts = [str(number) for number in range(frames)]
    client.send(*texts)
    return texts


@pytest.mark.parametrize("as_json", [False, True])
def test_a_flood_in_one_read(limited, as_json):
    """Twenty frames are processed at once, then five a second, and none is lost."""
    bob, ann = limited.join("1", "Bob"), limited.join("1", "Ann")
    if as_json:
        ann.ask("`format json")
    limited.turn(60)
    said(bob)
    texts = [str(number) for number in range(100)]
    ann.send(*[f'{{"command":"say","text":"{text}"}}' if as_json else text for text in texts])
    read = said(bob)
    assert read == texts[:20]
    for second in range(1, 17):
        for _ in range(10):
            limited.turn(0.1)
        read += said(bob)
        assert abs(len(read) - (20 + 5 * second)) <= 1
    limited.turn(1)
    assert read + said(bob) == texts


def test_frames_below_the_rate_never_wait(limited):
    """Five frames a second are processed as they come."""
    bob, ann = limited.join("1", "Bob"), limited.join("1", "Ann")
    said(bob)
    for number in range(100):
        limited.turn(0.2)
        ann.send(str(number))
        assert said(bob) == [str(number)]


def test_no_rate():
    """With rate 0 all frames are processed, some in each turn."""
    server = MemoryServer(rate=0)
    bob, ann = server.join("1", "Bob"), server.join("1", "Ann")
    said(bob)
    texts = flood(ann, 10 * MAX_FRAMES_PER_TURN)
    assert said(bob) == texts


@pytest.mark.parametrize("frame", [b"xx\0", b"\0", b"x" * 100 + b"\0", b"x"])
def test_a_flood_is_not_read_for_long(limited, frame):
    """From 64 KiB on the connection is not read."""
    ann = limited.join("1", "Ann")
    flood(ann, 100)
    sent = 0
    while ann.transport.producerState == "producing":
        ann.send_bytes(frame * 1000)
        sent += len(frame) * 1000
        assert sent <= READ_LIMIT + A_READ
    assert sent >= READ_LIMIT


def test_a_paused_connection_is_read_again(limited):
    """The connection is read again when less is buffered; all frames are processed."""
    bob, ann = limited.join("1", "Bob"), limited.join("1", "Ann")
    said(bob)
    texts = [f"{number} {'x' * 10_000}" for number in range(30)]
    ann.send(*texts)
    assert ann.transport.producerState == "paused"
    read = said(bob)
    for _ in range(30):
        limited.turn(0.2)
        read += said(bob)
    assert ann.transport.producerState == "producing"
    assert read == texts


@pytest.mark.parametrize("how", ["half_close", "lose"])
def test_a_flood_before_the_end(limited, how):
    """Buffered frames are processed for ten seconds after the end; then the name is free."""
    bob, ann = limited.join("1", "Bob"), limited.join("1", "Ann")
    said(bob)
    texts = flood(ann, 500)
    getattr(ann, how)()
    read = []
    for _ in range(99):
        read += said(bob)
        limited.turn(0.1)
    read += said(bob)
    assert not limited.reactor.advance(0.2)
    *last, goodbye = bob.read()
    read += [line.removeprefix("Ann: ") for line in last]
    assert goodbye == "Server: Ann quitted."
    assert read == texts[: len(read)]
    # Twenty, less three for joining the room, and five a second.
    assert 17 + 5 * 9 <= len(read) <= 20 + 5 * 10
    assert ann.closed
    assert limited.connect().ask("`join 1 Ann") == ["Server: You join @chatroom 1"]
    limited.turn(60)
    assert bob.read() == ["Ann: joined us @chatroom 1."]


@pytest.mark.parametrize("end", ["kick Ann 1", "ban Ann", "ban 10.0.0.1", "end 1"])
@pytest.mark.parametrize("then", ["stay", "half_close", "lose"])
def test_a_flooder_that_is_removed(limited, end, then):
    """No buffered frame is processed after a kick or a ban."""
    bob, ann = limited.join("1", "Bob"), limited.join("1", "Ann", host="10.0.0.1")
    flood(ann, 500)
    if then != "stay":
        getattr(ann, then)()
    assert len(said(bob)) == 17
    ann.read()
    limited.console(end)
    bob.read()
    for _ in range(100):
        limited.turn(0.2)
        assert said(bob) == []
    if end.startswith("ban"):
        assert ann.closed
    elif then == "stay":
        assert set(ann.read()[1:]) == {"Server: Join a room first!"}


@pytest.mark.parametrize("how", ["half_close", "lose"])
def test_nothing_is_left_of_a_flooder(limited, how):
    """No timer, session or buffered byte is left after the end."""
    before = limited.timers()
    ann = limited.connect(host="10.0.0.1")
    flood(ann, 500)
    getattr(ann, how)()
    limited.turn(DRAIN_SECONDS + 1)
    assert limited.timers() == before
    assert len(limited.service.sessions) == 0
    assert ann.protocol.inbound.receiver.buffered == 0


RATES = st.sampled_from([1, 3, 5, 7, 1000])
STEPS = st.lists(st.tuples(st.floats(0, 10), st.integers(0, 30)), max_size=50)


@given(RATES, st.integers(1, 50), STEPS)
def test_the_bucket(rate, burst, steps):
    """The bucket never allows more than `burst` and `rate`, and one frame after the wait."""
    began = now = 1.8e9
    taken = 0
    bucket = TokenBucket(rate, burst, now)
    for seconds, wanted in steps:
        now += seconds
        served = min(wanted, bucket.available(now))
        bucket.take(served)
        taken += served
        assert taken <= burst + rate * (now - began) + 0.01
        if not bucket.available(now):
            now += bucket.wait()
            assert rate == 1000 or bucket.available(now) == 1


def test_the_bucket_where_sums_are_not_exact():
    """After the wait there is a token although sums of floats are not exact."""
    bucket = TokenBucket(5, 1, 0.0)
    now = 0.0
    for _ in range(1000):
        assert bucket.available(now) == 1
        bucket.take(1)
        now += bucket.wait()
