"""Clients behind `haproxy:`: for which address they count, before and after their first byte."""

import pytest

from chatd.server.sendqueue import FINISH_SECONDS
from chatd.testing import MemoryServer

PROXY, THERE, ELSEWHERE = "10.0.0.1", "192.0.2.7", "192.0.2.8"


@pytest.fixture
def server():
    """Return a server behind a proxy that admits two connections from one address."""
    server = MemoryServer(listen=("haproxy:tcp:9999",), max_per_address=2, rooms=(("1", "tea"),))
    server.service.factory = server.reactor.tcpServers[0][1]
    return server


def header(host):
    """Return the header by which the proxy tells the address of a client."""
    return f"PROXY TCP4 {host} 127.0.0.1 1000 9999\r\n".encode()


def connect(server, host, words=b""):
    """Return a connection of the proxy for a client that sends `words` with the header."""
    client = server.connect(PROXY)
    client.send_bytes(header(host) + words)
    return client


def test_a_silent_client_counts_for_its_own_address(server):
    """A silent client counts for its own address, and is closed past the limit."""
    silent = [connect(server, THERE) for _ in range(3)]
    server.turn(FINISH_SECONDS)
    assert [client.closed for client in silent] == [False, False, True]
    assert connect(server, ELSEWHERE).ask("`join 1 Ann") == ["Server: You join @chatroom 1"]
    silent[0].lose()
    assert connect(server, THERE).ask("`join 1 Bob") == ["Server: You join @chatroom 1"]


def test_the_proxy_does_not_count(server):
    """Connections whose client the proxy has not told yet do not count."""
    for _ in range(5):
        server.connect(PROXY)
    client = connect(server, THERE, b"`list\0")
    assert client.read() == ["Server: \ntea@1: no chatters!\n"]


@pytest.mark.parametrize("words", [b"", b"`li"])
def test_a_refused_client_reads_why(server, words):
    """A refused client reads why after its first frame, in any number of reads."""
    for _ in range(2):
        connect(server, THERE)
    client = connect(server, THERE, words)
    client.send_bytes(b"`list\0".removeprefix(words))
    assert client.read() == ["Server: Too many connections from your address."]
    assert client.closed


def test_a_ban_on_a_silent_client(server):
    """A banned client is closed although it sends nothing."""
    server.console(f"ban {THERE}")
    client = connect(server, THERE)
    server.turn(FINISH_SECONDS)
    assert client.closed


def test_a_check_of_the_proxy_itself(server):
    """A health check of the proxy counts for no address."""
    for _ in range(5):
        client = server.connect(PROXY)
        client.send_bytes(b"PROXY UNKNOWN ::1 ::1 1 1\r\n`list\0")
        assert client.read() == ["Server: \ntea@1: no chatters!\n"]


def test_a_connection_without_a_header(server):
    """A connection without a header is closed, and nothing is left of it."""
    client = server.connect(PROXY)
    client.send_bytes(b"`join 1 Ann\0")
    assert client.closed
    assert len(server.service.sessions) == 0
