"""The load generator with members on IRC, and a small server."""

import dataclasses
import json
import subprocess
import sys

import pytest

from bench.build import program
from bench.children import Cores
from bench.rounds import Length, measure
from bench.scenarios import SCENARIOS
from bench.servers import CHATD_IRC, CHATD_IRC_MEMORY, SERVERS
from chatd.daemon.options import Options
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


@pytest.mark.parametrize("name", ["K", "L"])
@pytest.mark.parametrize("server", ["small", CHATD_IRC, CHATD_IRC_MEMORY])
def test_a_scenario_with_irc(name, server):
    """A server with two ports is measured with members on one of them, or on both."""
    if server == "small":
        command = [sys.executable, "-m", "tests.bench.irc_server"]
        measured = dataclasses.replace(SERVERS[CHATD_IRC], command=lambda *_: command)
    elif "irc=" in Options().longOpt:
        measured = SERVERS[server]
    else:
        pytest.skip("chatd has no IRC port")
    scenario = dataclasses.replace(SCENARIOS[name], members=40, window=2)
    length = Length(rounds=1, seconds=0.2, warm_up_seconds=0)
    figures = measure(measured, scenario, length, Cores(None, None))
    assert figures.errors == 0
    assert figures.deliveries_per_s > 0


def test_speakers_get_no_echo():
    """Members on both sides speak, and those that would get an echo are silent."""
    scenario = SCENARIOS["L"]
    speakers = [scenario.protocols[at % len(scenario.protocols)] for at in range(scenario.speakers)]
    assert speakers.count("nul") == scenario.speakers / 2
    assert "irc6" not in speakers


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
