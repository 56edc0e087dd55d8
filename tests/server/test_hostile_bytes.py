"""Bytes that no regular client sends cause no failure and take bounded memory."""

import pytest

from chatd.protocol.jsonio import dump
from chatd.server.inbound import MAX_FRAMES_PER_TURN
from chatd.testing import MemoryServer

A_READ = 65536
READS = 1600  # of 64 KiB each: 100 MiB


@pytest.fixture
def faults(capture_log):
    """Check at the end that no traceback was logged."""
    yield
    assert not [line for line in capture_log() if "Traceback" in line]


pytestmark = pytest.mark.usefixtures("faults")


def held(client):
    """Return how many bytes of a client are buffered."""
    return client.protocol.inbound.receiver.buffered


@pytest.mark.parametrize("rate", [0, 5])
@pytest.mark.parametrize(
    "before", [b"", b"\0", b"\n", b"\xff", b"\xff\xfa", b"`enter 1 Ann\0", b"`format json\0"]
)
@pytest.mark.parametrize("byte", [b"x", b"\xff", b"[", b"\r", b"\xf0"])
def test_a_frame_without_an_end(before, byte, rate):
    """No more is held than one read and one frame, however long the frame is."""
    server = MemoryServer(rate=rate, byte_rate=0)
    client = server.connect()
    client.send_bytes(before)
    read = byte * A_READ
    for _ in range(READS if (before, byte, rate) == (b"", b"x", 5) else 5):
        client.send_bytes(read)
        assert held(client) <= A_READ
        assert client.transport.producerState == "producing"


@pytest.mark.parametrize("end", [b"\0", b"\n", b"\r\n"])
@pytest.mark.parametrize("inside", [False, True])
def test_empty_frames(server, end, inside):
    """65,536 empty frames in one read take many turns, and others are served between them."""
    ann, bob = server.join("1", "Ann"), server.connect(end=end)
    if inside:
        bob.ask("`join 1 Bob")
    ann.read()
    bob.send_bytes(end * A_READ)
    turns = 0
    while bob.protocol.inbound.receiver.has_frames:
        server.turn()
        turns += 1
        if turns == 1 and A_READ > 2 * MAX_FRAMES_PER_TURN:
            assert ann.ask("`secret Ann hi") != []
    assert ann.read() == []
    if inside:
        assert bob.read_bytes() == b""


@pytest.mark.parametrize("end", [b"\0", b"\n", b"\r\n"])
def test_byte_by_byte(server, end):
    """Bytes that come one by one are processed as if they had come at once."""
    ann = server.join("1", "Ann")
    bob = server.connect(end=end)
    words = ["`join 1 Bob", "hällo €\N{GRINNING FACE}", "`format json", '{"command":"quit"}']
    for byte in b"".join(word.encode() + end for word in words):
        bob.send_bytes(bytes([byte]))
    assert len(bob.read()) == 3
    assert ann.read() == [
        "Bob: joined us @chatroom 1.",
        "Bob: hällo €\N{GRINNING FACE}",
        "Server: Bob quitted.",
    ]


INVALID = [
    b"\x80", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xe2\x82",
    b"\xf0\x9f\x98", b"\xc2\x1b[2J", b"\xff\xff",
]  # fmt: skip


@pytest.mark.parametrize("invalid", INVALID)
def test_invalid_utf8(server, invalid):
    """Invalid UTF-8 becomes U+FFFD, and the output is valid."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    bob.send_bytes(b"a" + invalid + b"z\0")
    (read,) = [frame for frame in ann.read() if frame.startswith("Bob: a")]
    assert "\ufffd" in read
    assert "\x1b" not in read
    assert read.endswith("z")


@pytest.mark.parametrize("invalid", INVALID)
@pytest.mark.parametrize("before", [b"`start ", b"`nonsense", b"`join 1 ", b"`register "])
def test_invalid_utf8_in_a_command(server, before, invalid):
    """A command with invalid UTF-8 gets a reply."""
    client = server.connect()
    client.send_bytes(before + invalid + b" staple-battery\0")
    (answer,) = client.read()
    assert answer.startswith("Server: ")


HELLO = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(range(256))
REQUESTS = [
    HELLO,
    b"\x16\x03\0\n`start 1 tea\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n`start 1 tea\r\n",
    b"POST /`start HTTP/1.0\r\n\r\n`start 1 tea\r\n\0`start 2 tea\0",
    b"GET / HTTP/1.1\n`start 1 tea\n",
    b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n`start 1 tea\r\n",
    b"`start 1 tea HTTP/1.1\n`start 2 tea\n",
]


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("size", [1, 7, A_READ * 2])
def test_tls_and_http(server, request_, size):
    """TLS and HTTP, in any cuts, are closed without a reply, and nothing is carried out."""
    if size == 1 and len(request_) > A_READ:
        request_ = request_[:10] + request_[-40:]
    client = server.connect()
    for at in range(0, len(request_), size):
        client.send_bytes(request_[at : at + size])
    assert client.closed
    assert client.read_bytes() == b""
    assert list(server.service.chat.rooms()) == []


def test_nul_in_lines(server):
    """In line framing, NUL is a control character and is removed."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob", end=b"\n")
    ann.read()
    bob.send_bytes(b"a\0b\0\n\0\n")
    assert ann.read() == ["Bob: ab"]


TELNET = (
    b"\xff\xfb\x18\xff\xfd\x01`en\xff\xfa\x18\0xterm\xff\xff\xff\xf0ter 1 "
    b"\xff\xf1Bob\r\xff\xf9\nh\xff\xffi\xff\xf6\r\n"
)


def test_telnet_in_every_split(server):
    """Telnet's commands are answered and removed wherever two cuts are."""
    ann = server.join("1", "Ann")
    for one in range(len(TELNET)):
        for two in range(one, len(TELNET), 5):
            bob = server.connect(end=b"\r\n")
            for part in (TELNET[:one], TELNET[one:two], TELNET[two:]):
                bob.send_bytes(part)
            received = bob.read_bytes()
            for answer in (b"\xff\xfe\x18", b"\xff\xfc\x01", b"[Yes]\r\n"):
                assert received.count(answer) == 1
                received = received.replace(answer, b"")
            assert received == b"Server: You join @chatroom 1\r\n"
            assert ann.read() == ["Bob: joined us @chatroom 1.", "Bob: h\ufffdi"]
            bob.lose()
            assert ann.read() == ["Server: Bob quitted."]


@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_json_nested_as_deeply_as_can_be(opening, closing, trace):
    """Nesting that is too deep for the stack is an error of the client, also in the trace."""
    server = MemoryServer(trace=trace)
    client = server.join("1", "Ann")
    client.ask("`format json")
    for key in ("text", "tag", "command", "other"):
        for depth in (*range(900, 1050, 3), 2000):
            client.send(f'{{"{key}":{opening * depth}"\\u0041"{closing * depth}}}')
        answers = client.read()
        assert len(answers) == 51
        assert all('"event":"error"' in answer for answer in answers)


VALUES = [
    None, True, 0, -1, 1.5, 1e308, 10**400, [], {}, [[]], "", " ", "\n", "x" * 1000, "-1", "١",
    "1e9", "9" * 16, "\0",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_json_values_of_every_kind(server, value):
    """Any JSON value in any parameter gets a reply or an event, and causes no failure."""
    from chatd.protocol.commands import CLIENT_COMMANDS  # noqa: PLC0415

    client = server.connect()
    client.ask("`format json")
    for command in CLIENT_COMMANDS.values():
        if command.name == "format":
            continue
        for parameter in (*command.parameters, None):
            name = parameter.name if parameter else "tag"
            others = {p.name: "staple-battery" for p in command.parameters}
            client.ask(dump({"command": command.name, **others, name: value}))
            if client.closed:
                assert command.name == "exit"
                client = server.connect()
                client.ask("`format json")


@pytest.mark.parametrize(
    "frame", ["", "null", "[]", '"x"', "NaN", "{", '{"command":NaN}',
              '{"command":"say","text":"\\ud800"}', '{"\\udfff":1}', '{"command":"\\ud800"}',
              "9" * 5000, '{"command":"history","limit":' + "9" * 5000 + "}",
              '{"command":"list","command":"help"}', "\ufeff{}", "{}" * 2],
)  # fmt: skip
def test_frames_that_are_no_request(server, frame):
    """Each frame that is not a request gets one reply."""
    client = server.join("1", "Ann")
    client.ask("`format json")
    (answer,) = client.ask(frame)
    assert not client.closed
    assert answer.startswith(('{"event":"error"', '{"event":"reply","command":"help"'))
