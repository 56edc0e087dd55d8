"""The ends of connections with frames or requests that are not yet processed."""

import socket

from twisted.internet.address import IPv4Address
from twisted.internet.testing import StringTransport
from twisted.protocols.policies import WrappingFactory

from chatd.server.gateway import DRAIN_SECONDS
from chatd.server.limits import MAX_PENDING_REFUSALS
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowHashing

FAR = "192.0.2.1"


def test_a_place_is_free_when_nothing_is_left():
    """A lost connection keeps its slot until its buffered frames are processed."""
    server = MemoryServer(rate=1, burst=1, max_per_address=1)
    server.connect(FAR).send(*["`list"] * 5)
    client = server.connect(FAR)
    client.send("`list")
    assert client.read() == ["Server: Too many connections from your address."]
    lost = next(iter(server.service.sessions))
    lost.send_queue._transport.on_close()
    assert len(server.service.sessions) == 1
    assert server.connect(FAR).ask("`list") == ["Server: Too many connections from your address."]
    server.turn(DRAIN_SECONDS)
    assert len(server.service.sessions) == 0
    assert server.connect(FAR).ask("`list") == ["Server: No room exists!"]


def test_a_busy_client_that_is_lost_frees_its_name():
    """The name of a lost client is free after ten seconds, even if its request never ends."""
    server = MemoryServer(hashing=SlowHashing(shut=True))
    bob = server.join("1", "Bob")
    ann = server.join("1", "Ann")
    ann.send("`quit", "`register ann staple-battery", "`list")
    ann.lose()
    server.turn(DRAIN_SECONDS)
    bob.read()
    assert server.join("1", "Ann").ask("`list")[0].startswith("Server: \n1@1: Bob")


def test_a_wait_ends_with_its_connection():
    """A login that waits for its turn, or in vain, is given up when its client hangs up."""
    hashing = SlowHashing(shut=True)
    server = MemoryServer(hashing=hashing)
    for _ in range(18):
        client = server.connect(FAR)
        client.send("`login bob staple-battery")
        client.lose()
    assert all(wait.called for wait in hashing.gate.waiting)
    half = server.connect("192.0.2.9")
    half.send("`login ann staple-battery")
    half.half_close()
    server.turn(DRAIN_SECONDS)
    assert half.read() == ["Server: Busy, try again."]
    assert half.closed
    assert len(server.service.sessions) == 0
    hashing.gate.shut = False
    near = server.connect(FAR)
    assert near.ask("`register cid staple-battery") == ["Server: Registered successfully."]


def test_the_server_stops_without_lost_connections():
    """The server stops without waiting for connections that are lost."""
    server = MemoryServer(hashing=SlowHashing(shut=True))
    for _ in range(3):
        client = server.connect(FAR)
        client.send("`login bob staple-battery", "`list", "`list")
        client.lose()
    assert len(server.service.sessions) == 3
    ended = []
    server.service.stopService().addCallback(ended.append)
    server.turn()
    assert ended == [None]


def test_a_crowd_that_is_refused_is_not_waited_for():
    """The first refused clients read why; the others are closed at once."""
    server = MemoryServer(max_per_address=1)
    server.connect(FAR)
    crowd = [server.connect(FAR) for _ in range(600)]
    server.turn()
    closed = sum(client.closed for client in crowd)
    assert closed == 600 - MAX_PENDING_REFUSALS
    server.turn(FINISH_SECONDS)
    assert all(client.closed for client in crowd)


def test_no_descriptor_left():
    """A connection without a descriptor is aborted, also if another factory wraps the server's."""
    server = MemoryServer()
    admission = server.service.factory.context.admission
    while admission.has_descriptor:
        admission.connected()
    wrapping = WrappingFactory(server.service.factory)
    transport = StringTransport()
    transport.abortConnection = transport.loseConnection
    wrapping.buildProtocol(IPv4Address("TCP", FAR, 5)).makeConnection(transport)
    assert transport.disconnecting
    assert server.service.counters.refused == 1
    assert len(server.service.sessions) == 0


def test_nothing_follows_the_word_that_it_is_closed():
    """A client that was told that it is closed gets no message after that."""
    server = MemoryServer(idle_timeout=10)
    bob, ann = server.join("1", "Bob"), server.join("1", "Ann")
    bob.transport.closes_late = True
    server.turn(5)
    ann.send("hi")
    server.turn(5)
    ann.send("are you there?")
    assert bob.read()[-1] == "Server: You were idle for too long."


def test_the_peer_of_a_guarded_transport_hangs_up():
    """A hangup is noticed while a transport that the reactor reads is paused."""
    server = MemoryServer()
    ours, peer = socket.socketpair()
    transport = StringTransport()
    transport.socket = ours
    told = []
    sockets = server.service.factory.context.epoll
    guarded = sockets.watch_hangup(transport, lambda: told.append("end"))
    guarded.pauseProducing()
    sockets.doRead()
    assert (told, transport.producerState) == ([], "paused")
    peer.close()
    sockets.doRead()
    sockets.doRead()
    assert told == ["end"]
    guarded.resumeProducing()
    assert transport.producerState == "producing"
    sockets.remove(guarded)
    ours.close()
