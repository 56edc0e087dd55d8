"""The example of a bot, with a real server."""

import select
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

BOT = Path(__file__).parents[2] / "contrib" / "bot.py"
TWISTD = Path(sys.executable).parent / "twistd"
SECONDS = 20
"""How long a test waits before it fails; nothing takes that long when all is well."""

pytestmark = pytest.mark.slow


@pytest.fixture
def port():
    """Return a port that is free."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a program, which the end of the test ends."""
    processes = []

    def start(*command, **options):
        words = [str(word) for word in command]
        processes.append(subprocess.Popen(words, cwd=tmp_path, **options))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def serve(start, port):
    """Start a server at the port; return its process, once clients can connect."""
    options = ("--no-console", "--admin", "", "--store", "memory:", "--room", "1:tea")
    endpoint = f"tcp:{port}:interface=127.0.0.1"
    command = (TWISTD, "-n", "--pidfile=", "chatd", "--listen", endpoint, *options)
    server = start(*command, stdout=subprocess.PIPE)
    assert any(b"listening" in line for line in server.stdout)
    return server


def ask_until_answered(port):
    """Join as Ann, and call the bot until it answers; return the answer."""
    deadline = time.monotonic() + SECONDS
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"`enter 1 Ann\n")
        said = b""
        while time.monotonic() < deadline:
            client.sendall(b"hello ROBO\n")
            while select.select([client], [], [], 0.5)[0]:
                said += client.recv(65536)
            if b"Robo: Ann" in said:
                return said.decode()
    raise AssertionError("the bot does not answer")


def test_the_bot_answers_and_comes_back(start, port):
    """The bot answers where its name is said, also after the server was started again."""
    server = serve(start, port)
    start(sys.executable, BOT, "127.0.0.1", port, "1", "Robo")
    assert "Robo: Ann: you called?" in ask_until_answered(port)
    server.terminate()
    server.wait(SECONDS)
    serve(start, port)
    assert "Robo: Ann: you called?" in ask_until_answered(port)


def test_wrong_usage():
    """Without its four arguments the bot says which it needs."""
    done = subprocess.run(
        [sys.executable, BOT, "localhost"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "usage: bot.py HOST PORT ROOM NAME\n"
