"""The options `--first-frame` and `--idle-timeout`, and the queue of their timers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from chatd.server.limits import TimeoutQueue
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowHashing

IDLE = "Server: You were idle for too long."


# -- the first frame


@pytest.mark.parametrize("drop", [b"x", b"x" * 3000, b"\xff\xfc\x18", b"\xff\xfax\n", b"\xff", b""])
def test_a_trickle_does_not_restart_the_clock(drop):
    """Bytes without a whole frame do not restart the timeout; at its end the client reads why."""
    server = MemoryServer(first_frame=60)
    client = server.connect()
    for _ in range(59):
        client.send_bytes(drop)
        server.turn(1)
    assert not client.closed
    assert client.read_bytes() == b""
    server.turn(1)
    assert client.closed
    line = b"Server: You sent no line for 60 s. Connect again, and type `help.\n"
    assert client.read_bytes() == line


@pytest.mark.parametrize("first", [b"\0", b"\n", b"\xff\xfb\x18`list\r\n", b"x" * 3000 + b"\0"])
def test_a_frame_in_time(first):
    """Any whole frame in time is enough, also an empty one or one that is too long."""
    server = MemoryServer(first_frame=60)
    client = server.connect()
    server.turn(59)
    client.send_bytes(first)
    server.turn(100_000)
    assert not client.closed


def test_no_first_frame_is_waited_for():
    """The value 0 is no limit."""
    server = MemoryServer(first_frame=0)
    client = server.connect()
    server.turn(100_000)
    assert not client.closed


# -- the others


@pytest.mark.parametrize("as_json", [False, True])
def test_idle(as_json):
    """The timeout starts again with each frame; programs read its code."""
    server = MemoryServer(idle_timeout=30)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    if as_json:
        ann.ask("`format json")
    for _ in range(5):
        server.turn(29)
        ann.send("" if not as_json else '{"command":"say","text":"x"}')
        bob.send("hello")
    ann.read()
    server.turn(29)
    bob.send("hello")
    assert not ann.closed
    server.turn(1)
    assert ann.closed
    last = ann.read()[-1]
    if as_json:
        fields = json.loads(last)
        assert (fields["event"], fields["code"], fields["retry"]) == ("closing", "idle", False)
    else:
        assert last == IDLE
    assert bob.read()[-1] == "Server: Ann quitted."
    assert not bob.closed


def test_idle_and_slow_to_read_it():
    """A client that was told of its timeout has left its room and gets no private message."""
    server = MemoryServer(idle_timeout=30)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.transport.closes_late = True
    server.turn(29)
    bob.send("hello")
    server.turn(1)
    assert not ann.closed
    assert bob.read() == ["Server: Ann quitted."]
    assert bob.ask("`secret Ann psst") == ["Server: Chatter Ann NOT found!"]


def test_a_client_with_queued_output_is_not_idle():
    """A client with queued output is not idle."""
    server = MemoryServer(idle_timeout=30)
    ann = server.join("1", "Ann")
    send_queue = ann.protocol.send_queue
    send_queue.pauseProducing()
    ann.send("`help")
    server.turn(300)
    assert not ann.closed
    send_queue.resumeProducing()
    server.turn(30)
    assert ann.read()[-1] == IDLE


def test_a_client_that_waits_for_a_reply_is_not_idle():
    """A client that waits for a reply is not idle."""
    hashing = SlowHashing(shut=True)
    server = MemoryServer(idle_timeout=30, hashing=hashing)
    ann = server.connect()
    ann.send("`login ann staple-battery")
    server.turn(100)
    assert not ann.closed
    hashing.gate.open()
    assert ann.read() == ["Server: Wrong username or password."]
    server.turn(30)
    assert ann.read() == [IDLE]


def test_a_client_with_buffered_frames_is_not_idle():
    """A client whose frames wait for the rate is not idle."""
    server = MemoryServer(idle_timeout=1, rate=1, burst=1)
    ann = server.connect()
    ann.send(*["`list"] * 10)
    for _ in range(55):
        server.turn(0.5)
    assert ann.read() == ["Server: No room exists!"] * 10
    server.turn(1)
    assert ann.read() == [IDLE]


@pytest.mark.parametrize(
    "end", ["`exit", "half_close", "lose", "close_idle", "http", "ban", "stop"]
)
def test_no_timers_are_left(end):
    """No timer is left after any end of a connection."""
    server = MemoryServer(idle_timeout=30, rate=5)
    before = server.timers()
    clients = [server.connect("10.0.0.1") for _ in range(3)]
    for number, client in enumerate(clients):
        if end == "http":
            client.send_bytes(b"GET / HTTP/1.1\r\n")
        else:
            client.ask(f"`enter 1 N{number}")
        if end.startswith("`"):
            client.send(end)
        elif end in {"half_close", "lose"}:
            getattr(client, end)()
    if end == "close_idle":
        server.turn(30)
    elif end == "ban":
        server.console("ban 10.0.0.1")
    elif end == "stop":
        server.service.stopService()
    assert all(client.closed for client in clients)
    server.turn(1)
    assert server.timers() <= before


# -- one timer for them all

STEPS = st.lists(
    st.tuples(st.sampled_from(["start", "stop", "wait"]), st.integers(0, 5)), max_size=60
)


@given(STEPS)
def test_timeout_queue(steps):
    """Each callback is called when its own time is over; there is one timer, or none."""
    clock, called, model = Clock(), [], {}
    timeouts = TimeoutQueue(clock, 3)
    callbacks = [lambda n=number: called.append((n, clock.seconds())) for number in range(6)]
    expected = []
    for step, number in steps:
        if step == "start":
            timeouts.start(callbacks[number])
            model[number] = clock.seconds() + 3
        elif step == "stop":
            timeouts.stop(callbacks[number])
            model.pop(number, None)
        else:
            for _ in range(number):
                clock.advance(1)
                due = [key for key, time in model.items() if time <= clock.seconds()]
                expected += [(key, model.pop(key)) for key in due]
        assert len(clock.getDelayedCalls()) == bool(model)
        assert sorted(called) == sorted(expected)


def test_a_callback_may_start_its_timeout_again():
    """It has the full time again, as that of a client whose output is still queued."""
    clock, called = Clock(), []
    timeouts = TimeoutQueue(clock, 3)

    def callback():
        called.append(clock.seconds())
        timeouts.start(callback)

    timeouts.start(callback)
    clock.pump([3, 3, 3])
    assert called == [3, 6, 9]
    timeouts.stop(callback)
    assert clock.getDelayedCalls() == []


def test_a_callback_that_fails_does_not_keep_others_from_being_called(capture_log):
    """The failure is logged."""
    clock, called = Clock(), []
    timeouts = TimeoutQueue(clock, 3)
    timeouts.start(lambda: 1 / 0)
    timeouts.start(lambda: called.append("second"))
    clock.advance(3)
    assert called == ["second"]
    assert any("A timeout failed" in line for line in capture_log())
