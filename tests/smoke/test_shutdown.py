"""The shutdown of a daemon with clients that do not read, and a second signal."""

import json
import signal
import socket
import sqlite3
from contextlib import closing

import pytest

from chatd.protocol.console_commands import SHUTDOWN_LINES

NOTICE = "Administrator: Chatserver is going to shutdown..."
MESSAGE = "x" * 16000


@pytest.fixture
def connect_nonreader(tmp_path):
    """Return a function that connects a client which joins room 1 and then does not read.

    The clients use a UNIX socket, because its buffers do not grow, unlike those of TCP.
    """
    clients = []

    def connect(name):
        client = socket.socket(socket.AF_UNIX)
        clients.append(client)
        client.settimeout(20)
        client.connect(str(tmp_path / "chat.sock"))
        client.sendall(f"`join 1 {name}\0".encode())
        assert client.recv(100) == b"Server: You join @chatroom 1\0"

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def busy(start, connect_nonreader):
    """Return a daemon with output for three clients that do not read, and a client in JSON."""
    daemon = start("--room", "1", "--listen", "unix:chat.sock", "--rate", "0")
    for name in ("Max", "Zoe", "Eve"):
        connect_nonreader(name)
    ann = daemon.connect()
    ann.ask("`join 1 Ann", "Server: You join @chatroom 1")
    ann.send("`format json")
    assert json.loads(ann.read())["event"] == "reply"
    for _ in range(40):
        ann.send(json.dumps({"command": "say", "text": MESSAGE}))
        assert json.loads(ann.read())["event"] == "stored"
    return daemon, ann


def test_shutdown_under_load(busy, tmp_path):
    """Clients that read are told, and all confirmed messages are stored.

    Clients that do not read do not keep the daemon from ending.
    """
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
    """The console prints its last lines, although the daemon has nothing else to wait for."""
    daemon = start("--store", "memory:")
    assert run("chatd-admin", input="quit\n").stdout.splitlines() == [*SHUTDOWN_LINES]
    assert daemon.ended() == 0


@pytest.mark.parametrize("first", ["SIGTERM", "SIGINT", "quit"])
def test_a_second_signal(busy, first):
    """The daemon ends at once, with the status of a process that the signal has killed."""
    daemon, _ = busy
    if first == "quit":
        daemon.type("quit")
    else:
        daemon.process.send_signal(signal.Signals[first])
    daemon.expect("System: Shutting down server...")
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.ended() == 128 + signal.SIGINT
