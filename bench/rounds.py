"""Measures the servers of a scenario in rounds.

Each round measures all servers, one after the other, so that a change of the machine's speed
meets all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.build import BenchError, program
from bench.children import Cores, output_of, serving
from bench.figures import Figures, Result
from bench.scenarios import Kind, Scenario
from bench.servers import Server

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Length:
    """The number of rounds, and the seconds of measurement and of warm-up in each."""

    rounds: int = 3
    seconds: float = 5
    warm_up_seconds: float = 1


def run(
    scenario: Scenario,
    servers: Sequence[Server],
    length: Length,
    cores: Cores,
    progress: Progress,
) -> Result:
    """Measure each server once in each round; a server that fails is left out from then on."""
    failures: dict[str, str] = {}
    rounds = []
    for number in range(1, length.rounds + 1):
        figures = {}
        for server in servers:
            if server.name in failures:
                continue
            progress(f"{scenario.name}: round {number} of {length.rounds}: {server.title}")
            try:
                figures[server.name] = measure(server, scenario, length, cores)
            except BenchError as error:
                failures[server.name] = str(error)
        rounds.append(figures)
    return Result(scenario, rounds, failures)


def measure(server: Server, scenario: Scenario, length: Length, cores: Cores) -> Figures:
    """Return the figures of one measurement of a server; raise `BenchError` if it fails."""
    with serving(server, cores.server) as running:
        load = {
            "port": running.port,
            "pids": ",".join(map(str, running.pids)),
            **({} if running.irc_port is None else {"irc_port": running.irc_port}),
            **_load(scenario, length),
            **server.load(scenario),
        }
        words = [f"{name}={value}" for name, value in load.items()]
        output = output_of([str(program("loadgen")), *words], cores.generator)
        return Figures(**json.loads(output))


def _load(scenario: Scenario, length: Length) -> dict[str, object]:
    load: dict[str, object] = {
        "members": scenario.members,
        "rooms": scenario.rooms,
        "speakers": scenario.speakers,
        "bytes": scenario.message_bytes,
        "measure": round(length.seconds * 1000),
        "warm_up": round(length.warm_up_seconds * 1000),
    }
    if scenario.window is not None:
        load["window"] = scenario.window
    if scenario.rate is not None:
        load["rate"] = scenario.rate
    if scenario.kind is Kind.STORM:
        load["storm"] = 1
    return load
