"""The native gateway: framing, limits, and the end of connections (spec section 2)."""

import pytest

from chatd.server.sendqueue import ANSWER_LIMIT, FINISH_SECONDS, PROGRESS_SECONDS
from chatd.testing import MemoryServer


@pytest.mark.parametrize("end", [b"\0", b"\n", b"\r\n"])
def test_answers_are_in_the_framing_of_the_first_frame(server, end):
    """Replies, and the newlines in them, end as the first frame did."""
    client = server.connect()
    client.send_bytes(b"`start 1 tea" + end + b"`list" + end)
    newline = b"\n" if end == b"\0" else end
    answers = [
        b"Server: Chatroom 1 started!",
        b"Server: " + newline + b"tea@1: no chatters!" + newline,
    ]
    assert client.read_bytes() == b"".join(answer + end for answer in answers)


def test_telnet(server):
    """Telnet's requests are answered at any time, and are no part of a frame."""
    client = server.connect(end=b"\r\n")
    client.send_bytes(b"\xff\xfd\x03\xff\xfb\x18")
    assert client.read_bytes() == b"\xff\xfc\x03\xff\xfe\x18"
    assert client.ask("`list") == ["Server: No room exists!"]
    client.send_bytes(b"half\xff\xf4\xff\xfd\x06 a line")
    assert client.read_bytes() == b"\xff\xfb\x06"


@pytest.mark.parametrize("as_json", [False, True])
def test_a_flood_in_one_read_leaves_others_their_turn(server, as_json):
    """After 50 frames of one client others are served; no frame is lost."""
    ann, bob, cid = (server.join("1", name) for name in ("Ann", "Bob", "Cid"))
    said = [str(number) for number in range(120)]
    if as_json:
        ann.ask("`format json")
        ann.send(*[f'{{"command":"say","text":"{text}"}}' for text in said])
    else:
        ann.send(*said)
    bob.send("hi")
    frames = [f"Ann: {text}" for text in said]
    assert cid.read()[-121:] == [*frames[:50], "Bob: hi", *frames[50:]]


def test_a_flood_before_the_end_is_served(server):
    """All frames of a client that closes its sending side are processed, then it is closed."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.send(*[str(number) for number in range(120)])
    ann.half_close()
    assert bob.read()[-121:] == [*[f"Ann: {n}" for n in range(120)], "Server: Ann quitted."]


def test_three_framings_in_one_room(server):
    """Each client reads the others' messages in its own framing."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob", end=b"\n")
    cid = server.join("1", "Cid", end=b"\r\n")
    ann.read(), bob.read()
    ann.send("one\ntwo")
    assert bob.read_bytes() == b"Ann: one\n  two\n"
    assert cid.read_bytes() == b"Ann: one\r\n  two\r\n"
    bob.send("hi\0")
    assert ann.read_bytes() == b"Bob: hi\0"


@pytest.mark.parametrize("hello", [b"\x16\x03\x01\0\xa5", b"GET / HTTP/1.1\r\n\r\n`list\r\n"])
def test_tls_and_http_are_closed_without_an_answer(server, hello):
    """TLS and HTTP connections are closed without a reply, and nothing is carried out."""
    client = server.connect()
    client.send_bytes(hello)
    assert client.closed
    assert client.read_bytes() == b""


def test_nothing_is_sent_before_the_framing_is_known(server):
    """The server sends nothing before the framing is known, not even that it stops."""
    client = server.connect()
    client.send_bytes(b"`li")
    server.service.stopService()
    assert client.read_bytes() == b""
    assert client.closed


def test_half_close(server):
    """A client that closes its sending side gets its replies, then is closed."""
    client = server.connect()
    client.send("`start 1 tea", "`list")
    client.send_bytes(b"`list and half a frame")
    client.half_close()
    assert client.read() == ["Server: Chatroom 1 started!", "Server: \ntea@1: no chatters!\n"]
    assert client.closed


def test_half_a_message_is_nothing(server):
    """A frame without an end is not a message."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.read()
    bob.send_bytes(b"half a mess")
    bob.half_close()
    assert ann.read() == ["Server: Bob quitted."]


def test_too_long(server):
    """The limit is smaller until the client has joined; the connection stays open."""
    client = server.connect()
    client.send("`start 1 a", "x" * 2049, "`join 1 Ann", "y" * 16385, "z" * 16384, "`quit")
    assert client.read() == [
        "Server: Chatroom 1 started!",
        "Server: Message too long (at most 2048 bytes).",
        "Server: You join @chatroom 1",
        "Server: Message too long (at most 16384 bytes).",
        "Server: You quitted from chatroom a@1",
    ]


def test_max_frame_option():
    """The option --max-frame may set a smaller limit."""
    client = MemoryServer(max_frame=100).connect()
    client.send("x" * 101)
    assert client.read() == ["Server: Message too long (at most 100 bytes)."]


@pytest.mark.parametrize("end", [b"\0", b"\n", b"\r\n"])
def test_a_frame_longer_than_what_waits(end):
    """A frame longer than the read limit is read whole if --max-frame allows it."""
    server = MemoryServer(max_frame=100_000)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob", end=end)
    ann.read()
    for frame in b"x" * 100_000, b"x" * 100_001:
        bob.send_bytes(frame + end[:-1])
        assert bob.transport.producerState == "producing"
        bob.send_bytes(end[-1:])
    assert ann.read() == ["Bob: " + "x" * 100_000]
    assert bob.read() == ["Server: Message too long (at most 100000 bytes)."]


def test_a_client_that_does_not_read_is_aborted(capture_log):
    """A client past --send-queue is aborted, and the log says why."""
    server = MemoryServer(send_queue=20_000)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.read()
    bob.protocol.send_queue.pauseProducing()
    for _ in range(15):
        ann.send("x" * 1000)
        server.turn()
    assert not bob.closed
    for _ in range(15):
        ann.send("x" * 1000)
        server.turn()
    server.turn()
    assert bob.closed
    assert ann.read() == ["Server: Bob quitted."]
    (reason,) = [line for line in capture_log() if "does not read" in line]
    assert "at most 20000" in reason


def test_a_client_that_does_not_read_its_answers_gets_no_more(server, capture_log):
    """Requests wait until the answers are read; a client that reads nothing of them is aborted."""
    eve = server.connect()
    eve.ask("`list")
    eve.protocol.send_queue.pauseProducing()
    eve.send(*["`help"] * 100)
    server.turn()
    queued = eve.protocol.send_queue.queued
    assert ANSWER_LIMIT < queued < ANSWER_LIMIT + 10_000
    server.turn(PROGRESS_SECONDS / 2)
    eve.protocol.send_queue.resumeProducing()
    assert len(eve.read()) == 100
    eve.protocol.send_queue.pauseProducing()
    eve.send(*["`help"] * 100)
    server.turn()
    server.turn(PROGRESS_SECONDS)
    server.turn()
    assert eve.closed
    (reason,) = [line for line in capture_log() if "does not read" in line]
    assert f"{queued} bytes wait (at most {ANSWER_LIMIT})" in reason


def test_answers_that_wait_do_not_hold_up_what_others_say(server):
    """A session whose requests wait still reads its room, and its own turn comes afterwards."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.read()
    bob.protocol.send_queue.pauseProducing()
    bob.send(*["`help"] * 100, "at last")
    ann.send("hi")
    assert ann.read() == []
    bob.protocol.send_queue.resumeProducing()
    frames = bob.read()
    assert (len(frames), frames.count("Ann: hi")) == (101, 1)
    assert ann.read() == ["Bob: at last"]


def test_answers_that_wait_when_the_connection_is_lost(server):
    """The server carries out what the client had sent behind its requests."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.read()
    bob.protocol.send_queue.pauseProducing()
    bob.send(*["`help"] * 40, "last words")
    bob.lose()
    server.turn()
    assert ann.read() == ["Bob: last words", "Server: Bob quitted."]
    assert len(server.service.sessions) == 1


def test_a_client_that_sends_no_more_reads_its_answers(server):
    """The connection of a slow client is closed once it has read its answers, not before."""
    client = server.connect()
    client.ask("`list")
    client.protocol.send_queue.pauseProducing()
    client.send("`help")
    client.half_close()
    server.turn(FINISH_SECONDS + 1)
    assert not client.closed
    client.protocol.send_queue.resumeProducing()
    assert len(client.read()) == 1
    server.turn()
    assert client.closed


def test_tcp_options(server):
    """TCP_NODELAY and SO_KEEPALIVE are set."""
    transport = server.connect().transport
    assert transport.no_delay
    assert transport.keep_alive


def test_a_client_that_does_not_read_its_last_frame_is_closed(server):
    """A client that does not read its last frame is closed after some seconds."""
    client = server.connect()
    client.send("`list")
    client.protocol.send_queue.pauseProducing()
    client.send("`exit")
    assert not client.closed
    server.turn(FINISH_SECONDS)
    server.turn()
    assert client.closed


def test_shutdown(server):
    """All clients read that the server stops, and nothing about others who leave."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob", end=b"\n")
    ann.read()
    ann.send("last words")
    stopped = server.service.stopService()
    assert ann.read() == ["Administrator: Chatserver is going to shutdown..."]
    assert bob.read() == ["Ann: last words", "Administrator: Chatserver is going to shutdown..."]
    assert ann.closed
    assert bob.closed
    server.turn(0.02)  # "last words" is stored before the end
    assert stopped.called


def test_a_flood_past_the_rate_waits_in_bounded_memory():
    """Past 64 KiB the connection is not read; all messages arrive at the rate in the end."""
    server = MemoryServer(rate=5, burst=20, byte_rate=0, first_frame=0)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    for number in range(100):
        ann.send(f"{number} {'x' * 1000}")
        if ann.transport.producerState == "paused":
            break
    assert 64 <= number < 90
    server.turn()
    said = bob.read()
    assert len([frame for frame in said if frame.startswith("Ann: ")]) == 17  # and the join
    while len(said) < number + 1:
        server.turn(1)
        more = bob.read()
        assert len(more) == min(5, number + 1 - len(said))
        said += more
    assert [frame.split()[1] for frame in said] == [str(each) for each in range(number + 1)]
    assert ann.transport.producerState == "producing"
