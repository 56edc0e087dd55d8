"""A real `chatd-client` on a terminal, with a real server that ends and comes back."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.admin.test_real_terminal import SECONDS, Terminal

BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


def _free_port():
    with socket.create_server(("localhost", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def start_server(tmp_path):
    """Return a function that starts a server at a port; it returns the process."""
    servers = []

    def start(port):
        command = [BIN / "twistd", "-n", "--pidfile=", "chatd", "--admin", "", "--room", "tea:Tea"]
        command += ["--store", "memory:", "--listen", f"tcp:{port}:interface=localhost"]
        server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        servers.append(server)
        assert "listening" in server.stdout.readline()
        return server

    yield start
    for server in servers:
        server.kill()
        server.wait(SECONDS)
        server.stdout.close()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs the client on a terminal."""
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    terminals = []

    def run(*arguments):
        terminal = Terminal(tmp_path, [str(BIN / "chatd-client"), *map(str, arguments)])
        terminals.append(terminal)
        return terminal

    yield run
    for terminal in terminals:
        terminal.close()


def test_server_comes_back(start_server, run, tmp_path):
    """The user is told of the loss, a message waits and is sent, and lines are kept in a file."""
    port = _free_port()
    server = start_server(port)
    client = run(f"localhost:{port}")
    client.expect(f"Connected to localhost:{port}")
    client.expect("Type `enter tea YourName to join a room")
    client.type("/join tea Ann\r")
    client.expect("You join @chatroom tea")
    client.type("quit\r")
    client.expect("Did you mean `quit?")
    client.type("\r/list\r")
    client.expect("Tea@tea: Ann")
    server.kill()
    server.wait(SECONDS)
    client.expect("Connection lost. Trying again in 1 s.")
    client.type("while away\r")
    client.expect("while away (waiting)")
    start_server(port)
    client.expect("Sent 1 message that was waiting.")
    client.type("`login ann secret\r")
    client.type("`exit\r")
    client.expect("quitting...")
    assert client.ended() == 0
    history = tmp_path / "STATE" / "chatd" / "history"
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    assert lines == ["/join tea Ann", "quit", "/list", "while away", "`exit"]
    assert history.stat().st_mode & 0o777 == 0o600


def test_wrong_port(run):
    """A refused connection is told with the pause before the next attempt; Ctrl-C ends it."""
    port = _free_port()
    client = run("localhost", port)
    client.expect(f"localhost:{port}: connection refused. Trying again in 1 s.")
    client.type("\x03")
    client.expect("quitting...")
    client.ended()


def test_name_and_room(start_server, run):
    """A name and a room on the command line lead into the room."""
    port = _free_port()
    start_server(port)
    client = run("localhost", port, "--name", "Ann", "--room", "tea")
    client.expect("You join @chatroom tea")
    client.type("`exit\r")
    assert client.ended() == 0


@pytest.fixture
def say(start_server):
    """Return a server's port, and a function by which Bob says something in the room."""
    port = _free_port()
    start_server(port)
    with socket.create_connection(("localhost", port), SECONDS) as bob:

        def say(*lines):
            bob.sendall("".join(f"{line}\r\n" for line in lines).encode())

        say("`join tea Bob")
        assert bob.recv(1024)
        yield port, say


def test_joining(run, say):
    """On joining the user reads what was said last and who is here; the status line says where."""
    port, bob_says = say
    bob_says("earlier")
    client = run("localhost", port, "--name", "Ann", "--room", "tea")
    client.expect("Bob: earlier")
    client.expect("Here: Bob.")
    client.expect(f"localhost:{port} | Ann | Tea@tea 2 members")
    client.type("`exit\r")
    assert client.ended() == 0


def test_mention(run, say):
    """A mention rings the bell and is in the title until a key is pressed."""
    port, bob_says = say
    client = run("localhost", port, "--name", "Ann", "--room", "tea")
    client.expect("Here: Bob.")
    bob_says("hello Ann")
    client.expect("\x1b]2;(1) chatd\x07\x07")
    client.expect("Bob: hello Ann")
    client.type("x")
    client.expect("\x1b]2;chatd\x07")
    client.type("\x03\x04")
    assert client.ended() == 0


def test_dumb_terminal(run, say, monkeypatch):
    """A dumb terminal gets the lines alone: no status line, no bell, no escape sequences."""
    monkeypatch.setenv("TERM", "dumb")
    port, bob_says = say
    client = run("localhost", port, "--name", "Ann", "--room", "tea")
    client.expect("Here: Bob.")
    bob_says("hello Ann", "and more")
    client.expect("Bob: and more")
    for absent in ("\x1b", "\x07", "2 members"):
        assert absent not in client.raw
    client.type("`exit\r")
    client.expect("quitting...")
    assert client.ended() == 0
    assert "\x1b" not in client.raw


def test_offline(run):
    """The status line counts down to the next attempt to connect."""
    port = _free_port()
    client = run("localhost", port)
    client.expect("Trying again in 1 s.")
    client.expect(f"localhost:{port} | no room | offline, ")
    client.expect("trying again in ")
    client.type("\x04")
    client.ended()


def test_own_line(run, say, monkeypatch):
    """A typed message gives place to the line that others read, under which long lines go on."""
    monkeypatch.setenv("NO_COLOR", "1")
    port, bob_says = say
    client = run("localhost", port, "--name", "Ann", "--room", "tea")
    client.expect("Here: Bob.")
    client.type("hello\r")
    client.expect("] Ann: hello\r")
    bob_says("word " * 20 + "end")
    client.expect("\n                word")
    client.type("`exit\r")
    assert client.ended() == 0


def test_plain_locale(run, say, monkeypatch):
    """Where the locale is not one with UTF-8 the prompt is ASCII."""
    monkeypatch.setenv("LC_ALL", "C")
    port, bob_says = say
    client = run("localhost", port, "--name", "Ann", "--room", "tea")
    client.expect("Here: Bob.")
    bob_says("日本 \u00e9")
    client.expect("Bob: ")
    client.type("`list\r")
    client.expect(":> `list")
    client.type("`exit\r")
    assert client.ended() == 0
    assert "😄" not in client.printed
