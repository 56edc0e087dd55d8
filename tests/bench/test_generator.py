"""The load generator with real servers, and with a server that makes errors."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from bench.build import program
from bench.children import Cores
from bench.lab_server import Rooms, Server
from bench.rounds import Length, measure
from bench.scenarios import Scenario
from bench.servers import PEERS, SERVERS

pytestmark = pytest.mark.usefixtures("compiler")

_SHORT = Length(rounds=1, seconds=0.2, warm_up_seconds=0)
_FAULTY_MESSAGE = 5
_PATIENCE_MS = 300


class FaultyRooms(Rooms):
    """Rooms that treat messages of the load generator wrongly; those start with a bar."""

    def __init__(self, fault):
        super().__init__()
        self._fault = fault
        self._count = 0
        self._held = b""

    def say(self, room, sender, frame):
        if b"|" in frame:
            self._count += 1
            for delivered in self._fault(self, sender, frame):
                super().say(room, sender, delivered)
        else:
            super().say(room, sender, frame)

    def none(self, _sender, frame):
        return [frame]

    def lost(self, _sender, frame):
        return [] if self._count == _FAULTY_MESSAGE else [frame]

    def doubled(self, _sender, frame):
        return [frame, frame] if self._count == _FAULTY_MESSAGE else [frame]

    def disordered(self, _sender, frame):
        if self._count == _FAULTY_MESSAGE:
            self._held = frame
            return []
        held, self._held = self._held, b""
        return [frame, held] if held else [frame]

    def echoed(self, sender, frame):
        if self._count == _FAULTY_MESSAGE:
            sender.sendall(frame)
        return [frame]

    def stuck(self, _sender, frame):
        return [frame] if self._count < _FAULTY_MESSAGE else []


@contextmanager
def _serving(fault) -> Iterator[int]:
    with Server() as server:
        server.rooms = FaultyRooms(fault)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _generate(fault, measure_ms=100):
    """Run the load generator with a faulty server, three members and one speaker."""
    with _serving(fault) as port:
        load = f"port={port} pids={os.getpid()} protocols=nul members=3 window=4 bytes=32"
        times = f"warm_up=0 measure={measure_ms} patience={_PATIENCE_MS}"
        return subprocess.run(
            [program("loadgen"), *load.split(), *times.split()],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (FaultyRooms.none, {}),
        (FaultyRooms.lost, {"missing": 2}),
        (FaultyRooms.doubled, {"repeated": 2}),
        (FaultyRooms.disordered, {"disordered": 2}),
        (FaultyRooms.echoed, {"own": 1}),
    ],
)
def test_faults_are_counted(fault, expected):
    """A message that is lost, doubled or late counts at both listeners, an echo at the speaker."""
    figures = json.loads(_generate(fault).stdout)
    names = ("missing", "repeated", "disordered", "own", "strange")
    assert {name: figures[name] for name in names if figures[name]} == expected
    assert figures["deliveries_per_s"] > 0


def test_a_server_that_stops_delivering_ends_the_measurement():
    """The generator ends with one line and does not hang."""
    ended = _generate(FaultyRooms.stuck, measure_ms=5000)
    assert ended.returncode == 1
    assert f"nothing has come for {_PATIENCE_MS} ms" in ended.stderr


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("rate", "two rooms", 4, 2, rooms=2, window=2),
        Scenario("latency", "an open loop", 4, 1, rate=100),
        Scenario("mixed", "all that chatd speaks", 9, 4, window=2, lines=True, json=2),
        Scenario("storm", "all at once", 20),
    ],
    ids=lambda scenario: scenario.name,
)
def test_chatd_delivers_everything(scenario):
    """Each delivery of the real server arrives once and in order."""
    figures = measure(SERVERS["chatd-memory"], scenario, _SHORT, Cores(None, None))
    assert figures.errors == 0
    if scenario.name == "storm":
        assert figures.joins_per_s > 0
    else:
        assert figures.deliveries_per_s > 0


@pytest.mark.parametrize("name", ["floor", "plain", "lab", *PEERS])
def test_other_servers_deliver_everything(name):
    """That holds for the floor, the simple servers, and the peers that are installed."""
    server = SERVERS[name]
    if reason := server.why_not():
        pytest.skip(reason)
    scenario = Scenario("rate", "two rooms", 4, 2, rooms=2, window=2)
    figures = measure(server, scenario, _SHORT, Cores(None, None))
    assert figures.errors == 0
    assert figures.deliveries_per_s > 0
    assert 0 < figures.p50_ms <= figures.p99_ms <= figures.p999_ms
