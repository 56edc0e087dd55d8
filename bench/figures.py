"""Measured figures, their medians over the rounds, and ratios within a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any, Self

from bench.scenarios import Scenario


@dataclass(frozen=True)
class Figures:
    """The figures of one round, as the load generator prints them, or the medians of several.

    `joins_per_s` and `joins_cpu_s` are of the time in which all clients connect and join; the
    latter is CPU time of the server. `memory_per_connection` is in bytes of resident memory.
    `server_cpu_per_million` is seconds of CPU time for a million deliveries. `server_busy` and
    `generator_busy` are the part of the time in which they ran on a core, `withheld` is the part in
    which other processes had the generator's core. Without speakers, figures of messages are 0.
    """

    connect_s: float
    memory_per_connection: float
    joins_cpu_s: float
    joins_per_s: float
    missing: int
    repeated: int
    disordered: int
    own: int
    strange: int
    deliveries_per_s: float = 0
    messages_per_s: float = 0
    p50_ms: float = 0
    p99_ms: float = 0
    p999_ms: float = 0
    server_cpu_per_million: float = 0
    server_busy: float = 0
    generator_busy: float = 0
    withheld: float = 0
    deliveries_per_read: float = 0

    @property
    def errors(self) -> int:
        """The number of deliveries that were lost, doubled, out of order or unexpected."""
        return self.missing + self.repeated + self.disordered + self.own + self.strange

    @classmethod
    def medians(cls, rounds: Sequence[Self]) -> Self:
        """Return the median of each figure."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: median(getattr(figures, name) for figures in rounds) for name in names})


Round = Mapping[str, Figures]
"""The figures of one round by the name of the server, without servers that failed."""


@dataclass(frozen=True)
class Result:
    """All rounds of a scenario; `failures` has one line for each server that failed."""

    scenario: Scenario
    rounds: Sequence[Round]
    failures: Mapping[str, str]

    @property
    def servers(self) -> list[str]:
        """The names of all servers that were measured."""
        return list(dict.fromkeys(name for figures in self.rounds for name in figures))

    @property
    def errors(self) -> int:
        """The number of wrong deliveries in all rounds, of all servers."""
        return sum(figures.errors for servers in self.rounds for figures in servers.values())

    def of(self, server: str) -> Figures:
        """Return the medians of a server."""
        return Figures.medians([figures[server] for figures in self.rounds if server in figures])

    def value(self, server: str) -> float:
        """Return the median of the figure that the scenario compares."""
        figure: float = getattr(self.of(server), self.scenario.kind.field)
        return figure

    def ratio(self, server: str, others: Sequence[str], field: str | None = None) -> float | None:
        """Return a server's figure divided by that of the best of `others`, within each round.

        The result is the median over the rounds, or None if no round has both. `field` is the name
        of the figure, by default the one that the scenario compares.
        """
        kind = self.scenario.kind
        field = field or kind.field
        best = max if field == kind.field and kind.more_is_better else min
        ratios = []
        for figures in self.rounds:
            compared = [getattr(figures[other], field) for other in others if other in figures]
            if server in figures and compared and best(compared) > 0:
                ratios.append(getattr(figures[server], field) / best(compared))
        return median(ratios) if ratios else None

    def format_json(self) -> dict[str, Any]:
        """Return the scenario with all rounds, medians and failures, as JSON data."""
        return {
            "scenario": {**asdict(self.scenario), "kind": self.scenario.kind.name.lower()},
            "rounds": [
                {name: asdict(figures) for name, figures in servers.items()}
                for servers in self.rounds
            ],
            "medians": {name: asdict(self.of(name)) for name in self.servers},
            "failures": dict(self.failures),
            "errors": self.errors,
        }
