"""The limits `--max-clients` and `--max-per-address`, and what a refused client reads."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address

from chatd.config import Limits
from chatd.core.events import DisconnectReason
from chatd.server.limits import SPARE_DESCRIPTORS, Admission
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.testing import MemoryServer

THERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"
TOLD = {DisconnectReason.FULL: "Server: The server is full, try again later."}
TOLD[DisconnectReason.ADDRESS_LIMIT] = "Server: Too many connections from your address."


def test_the_server_is_full():
    """A client past the limit reads why and is closed; after a disconnect a slot is free."""
    server = MemoryServer(max_clients=2)
    first = server.join("1", "Ann")
    server.join("1", "Bob")
    late = server.connect()
    assert late.read_bytes() == b""
    assert late.ask("`list") == [TOLD[DisconnectReason.FULL]]
    assert late.closed
    assert server.service.counters.refused == 1
    first.lose()
    assert server.connect().ask("`join 1 Cid") == ["Server: You join @chatroom 1"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("127.1.2.3", "127.1.2.3", False),
        ("::1", "::1", False),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", False),
    ],
)
def test_one_address(first, second, same):
    """An IPv6 /64 counts as one address; loopback has no limit, as many users may share it."""
    server = MemoryServer(max_per_address=1)
    server.connect(first)
    late = server.connect(second)
    assert late.ask("`list") == [
        TOLD[DisconnectReason.ADDRESS_LIMIT] if same else "Server: No room exists!"
    ]
    assert late.closed == same


def test_unix_sockets_do_not_count():
    """A UNIX socket has no address, so the limit per address does not apply."""
    admission = Admission(Limits(max_per_address=1))
    assert [admission.enter("unix").refusal for _ in range(3)] == [None, None, None]
    assert peers(admission) == (3, {})


@pytest.mark.parametrize("end", [b"\0", b"\n", b"\r\n"])
@pytest.mark.parametrize(
    "request_", ["`format", "`format text", "`start 1 tea", "hello", "x" * 9999]
)
def test_a_refusal_is_one_frame(end, request_):
    """The refusal is text in the framing of the first frame, and no frame is carried out."""
    server = MemoryServer(max_per_address=1)
    server.connect(THERE)
    late = server.connect(THERE, end=end)
    late.send(*[request_] * 3)
    assert late.read_bytes() == TOLD[DisconnectReason.ADDRESS_LIMIT].encode() + end
    assert late.closed
    assert list(server.service.chat.rooms()) == []


@pytest.mark.parametrize("end", [b"\0", b"\n", b"\r\n"])
def test_a_program_that_is_refused(end):
    """The refusal is JSON if the first frame asks for JSON."""
    server = MemoryServer(max_clients=1)
    server.connect()
    late = server.connect(end=end)
    late.send("`format json", '{"command":"start","chatroom_id":"1","chatroom_name":"tea"}')
    (told,) = late.read()
    assert json.loads(told) == {
        "event": "closing",
        "code": "full",
        "retry": True,
        "text": TOLD[DisconnectReason.FULL].removeprefix("Server: "),
        "from": "Server",
    }
    assert late.closed
    assert list(server.service.chat.rooms()) == []


def test_the_trace_shows_who_is_refused(capture_log):
    """The trace shows the first frame and the refusal."""
    server = MemoryServer(max_clients=1, trace=True)
    server.connect()
    late = server.connect()
    late.ask("`list")
    peer = ("127.0.0.1", late.transport.peerAddr.port)
    assert capture_log()[-3:] == [
        f"Received message from {peer}: `list",
        f"Send to {peer}: The server is full, try again later.",
        f"System: connection from {peer} closed",
    ]


@pytest.mark.parametrize("first_bytes", [b"", b"`li", b"\xff\xfc\x18", b"x" * 100_000])
def test_a_refused_client_that_sends_no_frame(first_bytes):
    """A refused client that sends no frame reads why after some seconds, and is disconnected."""
    server = MemoryServer(max_per_address=1)
    server.connect(THERE)
    late = server.connect(THERE)
    late.send_bytes(first_bytes)
    server.turn(FINISH_SECONDS - 0.1)
    assert not late.closed
    assert late.read_bytes() == b""
    server.turn(0.1)
    assert late.closed
    assert late.read_bytes() == b"Server: Too many connections from your address.\n"


def test_no_limits():
    """The value 0 is no limit."""
    server = MemoryServer(max_per_address=0, max_clients=0)
    clients = [server.connect(THERE) for _ in range(200)]
    assert {*clients[-1].ask("`list")} == {"Server: No room exists!"}


def test_descriptors_are_kept_free():
    """Without a spare descriptor no connection is admitted."""
    admission = Admission(Limits(), descriptors=SPARE_DESCRIPTORS + 1)
    assert admission.has_descriptor
    admission.connected()
    assert not admission.has_descriptor
    admission.disconnected()
    assert admission.has_descriptor


# -- behind a proxy the address is known with the first bytes


def arrive(client, host):
    """Let the proxy tell the address of a client."""
    client.transport.peerAddr = IPv4Address("TCP", host, 4)


def peers(admission):
    """Return the number of admitted connections, in all and by address."""
    return admission.admitted, admission.by_origin


def test_refused_at_the_proxy_address_but_not_at_its_own():
    """A client that is admitted once its address is known stays connected."""
    server = MemoryServer(max_per_address=1, first_frame=0)
    server.connect(THERE)
    late = server.connect(THERE)
    arrive(late, ELSEWHERE)
    assert late.ask("`list") == ["Server: No room exists!"]
    server.turn(FINISH_SECONDS)
    assert not late.closed


@pytest.mark.parametrize("why", ["crowded", "banned"])
def test_refused_at_its_own_address_but_not_at_the_proxy_address(why):
    """A client that is refused once its address is known has no more time than others."""
    server = MemoryServer(max_per_address=1)
    if why == "crowded":
        server.connect(THERE)
    else:
        server.console(f"ban {THERE}")
    late = server.connect(ELSEWHERE)
    arrive(late, THERE)
    late.send_bytes(b"`li")
    server.turn(FINISH_SECONDS)
    assert late.closed
    other = server.connect(ELSEWHERE)
    arrive(other, THERE)
    told = (
        TOLD[DisconnectReason.ADDRESS_LIMIT]
        if why == "crowded"
        else "Server: You were banned by the Administrator!"
    )
    assert other.ask("`list") == [told]


HOSTS = st.sampled_from(["127.0.0.1", THERE, ELSEWHERE, "::1", "2001:db8::1", "2001:db8::2"])
CLIENTS = st.integers(0, 9)
STEPS = st.one_of(
    st.tuples(st.just("connect"), HOSTS),
    st.tuples(
        st.just("send"), CLIENTS, st.sampled_from([b"x", b"\0", b"\n", b"\x16\x03", b"`exit\0"])
    ),
    st.tuples(st.just("arrive"), CLIENTS, st.sampled_from([THERE, ELSEWHERE])),
    st.tuples(st.just("lose"), CLIENTS),
    st.tuples(st.just("half_close"), CLIENTS),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 5])),
)


@given(st.lists(STEPS, max_size=60))
def test_counts_go_back_to_zero(steps):
    """After any sequence of connects, refusals, moves and disconnects, all counts are zero."""
    server = MemoryServer(max_clients=4, max_per_address=2)
    idle = server.timers()
    admission = server.service.factory.context.admission
    clients = []
    for what, *details in steps:
        if what == "connect":
            clients.append(server.connect(*details))
        elif what == "wait":
            server.turn(*details)
        elif details[0] < len(clients) and not clients[details[0]].closed:
            client = clients[details[0]]
            if what == "send":
                client.send_bytes(details[1])
            elif what == "arrive":
                arrive(client, details[1])
            else:
                getattr(client, what)()
        assert admission.admitted <= 4
        assert all(0 < count <= 2 for count in admission.by_origin.values())
        assert admission.open == len(server.service.sessions)
    for client in clients:
        client.lose()
    server.turn(20)
    assert peers(admission) == (0, {})
    assert admission.open == len(server.service.sessions) == 0
    assert server.timers() <= idle
