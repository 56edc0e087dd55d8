"""The load generator with members on IRC, and a small server."""

import json
import subprocess

import pytest

from bench.build import program
from tests.bench.irc_server import Room, serving

pytestmark = pytest.mark.usefixtures("compiler")


def _run(room, **options):
    """Run the load generator with a room."""
    with serving(room) as server:
        times = {"window": 2, "warm_up": 0, "measure": 100, "patience": 500}
        words = [f"{name}={value}" for name, value in {**server, **times, **options}.items()]
        return subprocess.run(
            [program("loadgen"), *words], capture_output=True, text=True, check=False, timeout=20
        )


def _errors(room, **options):
    """Run the load generator; return the errors that it counts."""
    ended = _run(room, **options)
    assert ended.stderr == ""
    figures = json.loads(ended.stdout)
    assert figures["deliveries_per_s"] > 0
    names = ("missing", "repeated", "disordered", "own", "strange")
    return {name: figures[name] for name in names if figures[name]}


@pytest.mark.parametrize("number", range(1, 9))
def test_a_set_of_capabilities(number):
    """Clients request their set before they end the registration, and get all messages."""
    room = Room()
    assert _errors(room, protocols=f"irc{number}", members=3) == {}
    assert len([line for line in room.lines if line == "CAP LS 302"]) == 3
    requests = {line for line in room.lines if line.startswith("CAP REQ :")}
    assert len(requests) == (number > 1)
    assert sorted(line for line in room.lines if line.startswith("PONG")) == [
        *["PONG :a"] * 3,
        *["PONG :b"] * 3,
        *["PONG :c"] * 3,
    ]


def test_nul_and_irc_in_one_room():
    """Members with different framings connect to different ports, and get all messages."""
    room = Room()
    assert _errors(room, protocols="nul,irc2,nul,irc6", members=12, speakers=2) == {}
    assert len([line for line in room.lines if line.startswith("NICK")]) == 6


def test_an_echo_that_was_not_requested_is_an_error():
    """It counts as an own message, not as a delivery."""
    assert list(_errors(Room(echo_all=True), protocols="irc2", members=3)) == ["own"]


def test_refused_capabilities_end_the_measurement():
    """A server that grants none is not measured."""
    ended = _run(Room(refuse=True), protocols="irc2", members=3)
    assert ended.returncode == 1
    assert "uses irc2, did not get its capabilities" in ended.stderr
