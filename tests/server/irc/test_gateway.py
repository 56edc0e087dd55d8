"""The connections of IRC clients: who is let in, silence, and the ends."""

import pytest

from chatd.config import Irc
from chatd.testing import MemoryServer
from tests.server.irc.reading import ask, commands
from tests.server.irc.tls import TlsTransport

REMOTE = "203.0.113.9"


def make_server(**options):
    """Return a server with an IRC port."""
    return MemoryServer(irc=Irc(name="irc.test"), clock_offset=1_795_186_276.0, **options)


# -- who is let in


@pytest.mark.parametrize("first", [b"NICK ann\r\n", b""])
def test_refused_connections(first):
    """The client reads an ERROR, whether it has sent a line or not."""
    server = make_server(max_per_address=1)
    server.irc("ann", host=REMOTE)
    client = server.connect_irc(REMOTE)
    client.send_bytes(first)
    server.turn(10)
    assert commands(client) == [
        ("ERROR", "Closing link: (Too many connections from your address.)")
    ]
    assert client.closed


def test_a_full_server():
    """It says so."""
    server = make_server(max_clients=1)
    server.irc("ann")
    answer = ask(server.connect_irc(), "CAP LS 302", "NICK bob")
    assert answer == [("ERROR", "Closing link: (The server is full, try again later.)")]


@pytest.mark.parametrize("first", [b"NICK ann\r\n", b""])
def test_a_banned_address(first):
    """It is told 465 first, so that it does not come back."""
    server = make_server()
    server.console(f"`ban {REMOTE} 60 spam")
    client = server.connect_irc(REMOTE)
    client.send_bytes(first)
    server.turn(10)
    banned, error = commands(client)
    assert banned[0] == "465"
    assert "spam" in banned[2]
    assert error[0] == "ERROR"
    assert client.closed


# -- silence


def test_ping():
    """After 90 s without a line the client is asked, and after 60 s more it is closed."""
    server = make_server()
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read()
    server.turn(89)
    assert ann.read() == []
    server.turn(1)
    assert commands(ann) == commands(bob) == [("PING", "irc.test")]
    server.turn(30)
    bob.send("PONG irc.test")
    server.turn(29)
    assert not ann.closed
    server.turn(1)
    assert commands(ann) == [("ERROR", "Closing link: (No line came for 150 s.)")]
    assert ann.closed
    assert commands(bob) == [("QUIT", "Connection lost")]
    server.turn(60)
    assert commands(bob) == [("PING", "irc.test")]


def test_a_line_that_waits_is_no_silence():
    """Lines that the server has not looked at yet keep the connection."""
    server = make_server(rate=1, burst=2)
    client = server.irc("ann")
    client.send(*[f"AWAY :{number}" for number in range(200)])
    for _ in range(170):
        server.turn(1)
    assert not client.closed


def test_ping_is_no_activity():
    """A client that only answers is idle: for `who`, and for the timeout."""
    server = make_server(idle_timeout=200)
    client = server.irc("ann")
    for _ in range(3):
        server.turn(60)
        client.send("PING x", "PONG y")
    assert "idle=180s" in server.console("`who")[0]
    server.turn(20)
    assert client.closed
    client = server.irc("ann")
    server.turn(60)
    client.send("JOIN #tea")
    assert "idle=0s" in server.console("`who")[0]
    server.turn(60)
    client.send("PING x")
    server.turn(80)
    client.send("PING x")
    server.turn(59)
    assert not client.closed


def test_no_timers_are_left():
    """A connection that is lost leaves none behind."""
    server = make_server()
    before = server.timers()
    client = server.irc("ann")
    server.turn(90)
    client.lose()
    server.turn(20)
    assert server.timers() == before


# -- ends


def test_half_close():
    """The lines that were sent before are still carried out and answered."""
    server = make_server(rate=5, burst=2)
    client = server.connect_irc()
    client.send("NICK ann", "USER ann 0 * :Ann", "JOIN #tea", "PING x")
    client.half_close()
    server.turn(0.3)
    server.turn(0.3)
    shown = [each[0] for each in commands(client)]
    assert shown[0] == "001"
    assert shown[-1] == "PONG"
    assert "JOIN" in shown
    assert client.closed


def test_a_client_that_does_not_read():
    """Past the limit of its send queue the connection is aborted."""
    server = make_server(send_queue=20_000)
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read()
    bob.protocol.send_queue.pauseProducing()
    for count in (30, 30):
        assert not bob.closed
        for _ in range(count):
            ann.send(f"PRIVMSG #tea :{'x' * 450}")
            server.turn()
    server.turn()
    assert bob.closed
    assert commands(ann) == [("QUIT", "Connection lost")]


# -- behind a proxy


def test_the_address_behind_a_proxy():
    """It is that of the client, who may send no password, though the proxy is of this machine."""
    irc = Irc(listen=("haproxy:tcp:6667",), name="irc.test")
    server = MemoryServer(irc=irc, clock_offset=1_795_186_276.0)
    factory = next(each[1] for each in server.reactor.tcpServers if each[0] == 6667)
    client = server.connect(end=b"\r\n", factory=factory)
    client.send_bytes(f"PROXY TCP4 {REMOTE} 127.0.0.1 1000 6667\r\nCAP LS\r\n".encode())
    ((*_, names),) = commands(client)
    assert "sasl" not in names.split()
    client.send("NICK ann", "USER ann 0 * :Ann", "CAP END")
    client.read()
    assert f"'{REMOTE}'" in server.console("`who")[0]


# -- TLS


def test_tls_is_seen(monkeypatch):
    """Over TLS, a client of another machine may log in."""
    server = make_server()
    ((*_, names),) = ask(server.connect_irc(REMOTE), "CAP LS")
    assert "sasl" not in names.split()
    monkeypatch.setattr("chatd.testing.MemoryTransport", TlsTransport)
    ((*_, names),) = ask(server.connect_irc(REMOTE), "CAP LS")
    assert "sasl" in names.split()


def test_tls_of_a_proxy(monkeypatch):
    """Its certificate would be that of all its clients, so it logs in to no account."""
    irc = Irc(listen=("haproxy:tcp:6667",), name="irc.test")
    server = MemoryServer(irc=irc, clock_offset=1_795_186_276.0)
    factory = next(each[1] for each in server.reactor.tcpServers if each[0] == 6667)
    monkeypatch.setattr("chatd.testing.MemoryTransport", TlsTransport)
    client = server.connect(end=b"\r\n", factory=factory)
    client.send_bytes(f"PROXY TCP4 {REMOTE} 127.0.0.1 1000 6667\r\nCAP LS 302\r\n".encode())
    ((*_, names),) = commands(client)
    assert "sasl=PLAIN" in names.split()


def test_a_busy_client_that_reads_nothing():
    """It is closed by the timeout of PING, as no line of it waits in the server."""
    server = make_server()
    client = server.irc("ann")
    client.protocol._session.busy = True
    server.turn(90)
    assert commands(client) == [("PING", "irc.test")]
    server.turn(60)
    assert commands(client) == [("ERROR", "Closing link: (No line came for 150 s.)")]


def test_the_trace_shows_the_ping():
    """It is sent as all other lines are."""
    server = make_server()
    shown = []
    server.service.event_log.sent = lambda _, frame: shown.append(frame)
    server.service.set_trace(True)
    server.irc("ann")
    server.turn(90)
    assert shown[-1] == ":irc.test PING irc.test" or shown[-1] == "PING irc.test"
