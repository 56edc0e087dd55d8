"""The options `--byte-rate` and `--byte-burst`: all input counts, waits, and is not lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from chatd.config import Limits
from chatd.server.byterate import FRAME_BYTES, LIMITED_READ_BYTES, ORIGIN_FACTOR, ByteLimits
from chatd.server.usage import ThrottledTotals, Usage
from chatd.testing import MemoryServer

THERE = "10.0.0.1"
A_READ = LIMITED_READ_BYTES


def is_paused(client):
    """Tell whether the server does not read from the client."""
    return client.transport.producerState == "paused"


def unused_usage():
    """Return the usage of a connection for which no time passes."""
    return Usage(ThrottledTotals(), lambda: 0.0)


@pytest.fixture
def limited():
    """Return a server with the default limits."""
    return MemoryServer(rate=5)


@pytest.mark.parametrize("data", [b"\xff\xfb\x01" * 1000, b"x" * 3000, b"`x" * 1500])
@pytest.mark.parametrize("before", [b"", b"`enter 1 Ann\0", b"`exit\0"])
def test_all_input_counts(limited, data, before):
    """A connection that sends without end is soon not read from, whatever it sends."""
    client = limited.connect()
    client.transport.closes_late = True
    client.send_bytes(before)
    limited.turn(60 if before != b"`exit\0" else 0)
    for _ in range(20):
        client.send_bytes(data)
    assert is_paused(client)


def test_a_paused_connection_is_read_again(limited):
    """It is read again when it is below the limit; the counter has one wait."""
    client = limited.connect()
    client.send_bytes(b"`enter 1 Ann\0")
    client.send_bytes(b"x" * 40_000)
    assert is_paused(client)
    limited.turn(0.5)
    assert is_paused(client)
    limited.turn(2)
    assert not is_paused(client)
    assert limited.service.counters.throttled.waits == 1


def test_a_long_message_passes_at_once(limited):
    """A message of the longest frame is within the burst, in pieces as the server reads it."""
    ann, bob = limited.join("1", "Ann", host=THERE), limited.join("1", "Bob")
    ann.read(), bob.read()
    text = "x" * 16384
    data = text.encode() + b"\0"
    for start in range(0, len(data), A_READ):
        ann.send_bytes(data[start : start + A_READ])
    assert bob.read() == [f"Ann: {text}"]


def test_an_origin_is_limited_as_a_whole(limited):
    """Many connections of one address read at once little more than four of them; none is lost."""
    bob = limited.join("1", "Bob")
    clients = [limited.join("1", f"n{number}", host=THERE) for number in range(40)]
    limited.turn(60)
    bob.read()
    for client in clients:
        client.send("x" * (A_READ - 1))
    said = bob.read()
    assert len(said) <= ORIGIN_FACTOR * 32768 // A_READ
    for _ in range(20):
        limited.turn(0.5)
        said += bob.read()
    assert len(said) == len(clients)


def test_a_client_that_says_little_goes_first(limited):
    """It waits for the debt of its origin, at most a read a connection, and not for the others."""
    bob, ann = limited.join("1", "Bob"), limited.join("1", "Ann", host=THERE)
    floods = [limited.join("1", f"n{number}", host=THERE) for number in range(40)]
    limited.turn(60)
    for flood in floods:
        flood.send_bytes(b"x" * A_READ)
    bob.read()
    ann.send("hi")
    for _ in range(80):
        limited.turn(0.1)
        for flood in floods:
            if not is_paused(flood):
                flood.send_bytes(b"x" * A_READ)
    assert "Ann: hi" in bob.read()


@pytest.mark.parametrize("how", ["half_close", "lose"])
def test_the_end_of_a_connection_that_waits(limited, how):
    """The server processes all that it has read within the time to drain, and nothing is left."""
    before = len(limited.reactor.getDelayedCalls())
    bob, ann = limited.join("1", "Bob"), limited.join("1", "Ann", host=THERE)
    limited.turn(60)
    bob.read()
    ann.send(*["x" * 12_000] * 3)
    getattr(ann, how)()
    assert bob.read() == []
    limited.turn(2)
    assert len(bob.read()) == 4
    bob.lose()
    limited.turn(60)
    assert len(limited.reactor.getDelayedCalls()) == before


def test_a_client_that_waits_is_not_idle():
    """The time in which the server does not read is not the client's."""
    server = MemoryServer(rate=5, byte_rate=100, byte_burst=1000, idle_timeout=5)
    client = server.connect()
    client.send("`list")
    client.send_bytes(b"x" * 2000)
    for _ in range(10):
        server.turn(1)
    assert not client.closed


@pytest.mark.parametrize("options", [{"rate": 0}, {"byte_rate": 0}, {"byte_burst": 0}])
def test_no_limit(options):
    """Without a limit no meter is made."""
    assert MemoryServer(**options).connect().protocol._meter is None


def test_frames_count_beside_their_bytes(limited):
    """Short frames count as much as they may take in the store, but not before they are processed.

    So many of them in one read do not stop the other clients of their address.
    """
    clients = [limited.connect(THERE) for _ in range(20)]
    for client in clients:
        client.send_bytes(b"\0" * 100)
    assert is_paused(clients[-1])
    assert not is_paused(clients[0])
    for _ in range(3):
        limited.turn(1)
    origin = clients[0].protocol._meter._origin
    assert origin.bucket.wait(0) * ORIGIN_FACTOR * 8192 <= 20 * 20 * FRAME_BYTES


def test_buckets_without_connections_are_bounded():
    """A bucket is kept until it is full, so that connecting again gains nothing."""
    clock = Clock()
    limits = ByteLimits(clock, Limits(), max_unused=10)
    for number in range(100):
        meter = limits.meter(lambda: None, unused_usage())
        meter.move(str(number))
        meter.count(100_000)
        meter.close()
    assert limits.origins == [str(number) for number in range(90, 100)]
    clock.advance(100)
    meter = limits.meter(lambda: None, unused_usage())
    meter.move("x")
    meter.close()
    assert limits.origins == []
    assert not clock.getDelayedCalls()


RATE, BURST = 100, 400
STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 300), st.sampled_from([0, 0, 0.1, 1, 7])),
    max_size=80,
)


@given(STEPS)
def test_never_more_than_the_limits_and_nobody_starves(steps):
    """An origin never reads more than burst, rate and one read a connection; all waits end."""
    clock = Clock()
    limits = ByteLimits(clock, Limits(byte_rate=RATE, byte_burst=BURST))
    meters = [limits.meter(lambda: None, unused_usage()) for _ in range(6)]
    for meter in meters:
        meter.move("origin")
    read = [0] * 6
    for number, size, seconds in steps:
        if not meters[number].is_waiting:
            meters[number].count(size)
            read[number] += size
        clock.advance(seconds)
        allowed = BURST + RATE * clock.seconds()
        assert all(count <= allowed + 300 for count in read)
        assert sum(read) <= ORIGIN_FACTOR * allowed + 300 * len(meters)
    for _ in range(100):
        clock.advance(1)
    assert not any(meter.is_waiting for meter in meters)
    for meter in meters:
        meter.close()
    assert not clock.getDelayedCalls()
