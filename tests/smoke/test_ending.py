"""The end of a real twistd with people who do not read, and of one that is told to end twice."""

import json
import signal
import socket
import sqlite3
from contextlib import closing

import pytest

from chatd.protocol.commands import SHUTDOWN_LINES

NOTICE = "Administrator: Chatserver is going to shutdown..."
MESSAGE = "x" * 16000


@pytest.fixture
def deaf(tmp_path):
    """Return a function that joins room 1 and reads nothing after that, over a UNIX socket."""
    # Its buffers, unlike those of TCP, do not grow.
    clients = []

    def deaf(name):
        client = socket.socket(socket.AF_UNIX)
        clients.append(client)
        client.settimeout(20)
        client.connect(str(tmp_path / "chat.sock"))
        client.sendall(f"`join 1 {name}\0".encode())
        assert client.recv(100) == b"Server: You join @chatroom 1\0"

    yield deaf
    for client in clients:
        client.close()


@pytest.fixture
def busy(start, deaf):
    """Return a daemon with three who do not read and have output waiting, and one who speaks JSON."""
    daemon = start("--room", "1", "--listen", "unix:chat.sock", "--rate", "0")
    for name in ("Deaf", "Deaf2", "Deaf3"):
        deaf(name)
    ann = daemon.connect()
    ann.ask("`join 1 Ann", "Server: You join @chatroom 1")
    ann.send("`format json")
    assert json.loads(ann.read())["event"] == "reply"
    for _ in range(40):
        ann.send(json.dumps({"command": "say", "text": MESSAGE}))
        assert json.loads(ann.read())["event"] == "stored"
    return daemon, ann


def test_the_end_under_load(busy, tmp_path):
    """All who read are told, what was confirmed is stored, who does not read holds nobody up for long."""
    daemon, ann = busy
    bob = daemon.connect()
    bob.ask("`join 1 Bob", "Server: You join @chatroom 1")
    for number in range(200):
        ann.send(json.dumps({"command": "say", "text": str(number)}))
    daemon.process.send_signal(signal.SIGTERM)
    while (frame := bob.read()) != NOTICE:
        assert frame.startswith("Ann: ")
    assert bob.read() is None
    with pytest.raises(ConnectionRefusedError):
        daemon.connect()
    events = [json.loads(frame) for frame in iter(ann.read, None)]
    assert daemon.ended() == 0
    assert events[-1]["event"] == "closing"
    confirmed = {event["id"] for event in events if event["event"] == "stored"}
    with closing(sqlite3.connect(tmp_path / "chatd.db")) as database:
        stored = {row[0] for row in database.execute("select id from messages")}
    assert stored >= confirmed
    assert stored == set(range(1, len(stored) + 1))


def test_quit_over_the_socket(start, run):
    """The console has its last words also where nothing else is to be waited for."""
    daemon = start("--store", "memory:")
    assert run("chatd-admin", input="quit\n").stdout.splitlines() == [*SHUTDOWN_LINES]
    assert daemon.ended() == 0


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "quit"])
def test_told_to_end_twice(busy, how):
    """Whoever cannot wait gets an end at once, and a status that is not 0."""
    daemon, _ = busy
    if how == "quit":
        daemon.type("quit")
    else:
        daemon.process.send_signal(signal.Signals[how])
    daemon.expect("System: Shutting down server...")
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.ended() == 128 + signal.SIGINT
