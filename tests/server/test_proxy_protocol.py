"""Behind `haproxy:`: who a client counts for, before he says anything and after."""

import pytest

from chatd.server.sendqueue import FINISH_SECONDS
from chatd.testing import MemoryServer

PROXY, THERE, ELSEWHERE = "10.0.0.1", "192.0.2.7", "192.0.2.8"


@pytest.fixture
def server():
    """Return a server that all come to by way of the proxy, two at most from one address."""
    server = MemoryServer(listen=("haproxy:tcp:9999",), max_per_address=2, rooms=(("1", "tea"),))
    server.service.factory = server.reactor.tcpServers[0][1]
    return server


def header(host):
    """Return what the proxy tells of a client."""
    return f"PROXY TCP4 {host} 127.0.0.1 1000 9999\r\n".encode()


def connect(server, host, words=b""):
    """Return a connection of the proxy's for a client who says something with it, or nothing."""
    client = server.connect(PROXY)
    client.send_bytes(header(host) + words)
    return client


def test_who_is_silent_counts_where_he_is(server):
    """One too many from there is closed, though he says nothing; who is elsewhere is let in."""
    silent = [connect(server, THERE) for _ in range(3)]
    server.turn(FINISH_SECONDS)
    assert [client.closed for client in silent] == [False, False, True]
    assert connect(server, ELSEWHERE).ask("`join 1 Ann") == ["Server: You join @chatroom 1"]
    silent[0].lose()
    assert connect(server, THERE).ask("`join 1 Bob") == ["Server: You join @chatroom 1"]


def test_the_proxy_does_not_count(server):
    """However many there are of whom it has not told yet."""
    for _ in range(5):
        server.connect(PROXY)
    client = connect(server, THERE, b"`list\0")
    assert client.read() == ["Server: \ntea@1: no chatters!\n"]


@pytest.mark.parametrize("words", [b"", b"`li"])
def test_one_too_many_is_told(server, words):
    """With his first frame, in whatever pieces it comes."""
    for _ in range(2):
        connect(server, THERE)
    client = connect(server, THERE, words)
    client.send_bytes(b"`list\0".removeprefix(words))
    assert client.read() == ["Server: Too many connections from your address."]
    assert client.closed


def test_a_ban_on_who_is_silent(server):
    """It is not waited until he speaks."""
    server.console(f"ban {THERE}")
    client = connect(server, THERE)
    server.turn(FINISH_SECONDS)
    assert client.closed


def test_a_check_of_the_proxy_itself(server):
    """It tells of no client, and counts for nobody."""
    for _ in range(5):
        client = server.connect(PROXY)
        client.send_bytes(b"PROXY UNKNOWN ::1 ::1 1 1\r\n`list\0")
        assert client.read() == ["Server: \ntea@1: no chatters!\n"]


def test_what_is_no_proxy(server):
    """It is closed, and nothing of it is left."""
    client = server.connect(PROXY)
    client.send_bytes(b"`join 1 Ann\0")
    assert client.closed
    assert len(server.service.sessions) == 0
