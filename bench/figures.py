"""What was measured: figures, rounds of them, their medians, and ratios taken within a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any, Self

from bench.scenarios import Scenario


@dataclass(frozen=True)
class Figures:
    """What the load generator measured in one round, or the medians of several.

    `joins_per_s`, `joins_cpu_s`: while all connected and joined, the latter the server's CPU time.
    `memory_per_connection`: bytes that the server's processes grew by. `server_cpu_per_million`:
    seconds of CPU time for a million deliveries. `server_busy`, `generator_busy`: the part of the time
    for which they had a core; `withheld`: that for which others had the generator's. Where nobody
    speaks, all that is about messages is 0.
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
        """How many deliveries were lost, doubled, out of order, or not to be."""
        return self.missing + self.repeated + self.disordered + self.own + self.strange

    @classmethod
    def medians(cls, rounds: Sequence[Self]) -> Self:
        """Return the median of each figure."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: median(getattr(one, name) for one in rounds) for name in names})


Round = Mapping[str, Figures]
"""The figures of one round, by the name of the server; those are missing that could not be measured."""


@dataclass(frozen=True)
class Result:
    """All rounds of a scenario; `failures`: what kept a server from being measured, in one line."""

    scenario: Scenario
    rounds: Sequence[Round]
    failures: Mapping[str, str]

    @property
    def servers(self) -> list[str]:
        """The names of all servers that were measured."""
        return list(dict.fromkeys(name for one in self.rounds for name in one))

    @property
    def errors(self) -> int:
        """How many deliveries were lost, doubled, out of order or not to be, in all."""
        return sum(figures.errors for one in self.rounds for figures in one.values())

    def of(self, server: str) -> Figures:
        """Return the medians of a server."""
        return Figures.medians([one[server] for one in self.rounds if server in one])

    def value(self, server: str) -> float:
        """Return the median of what the scenario is about."""
        figure: float = getattr(self.of(server), self.scenario.kind.field)
        return figure

    def ratio(self, server: str, others: Sequence[str], field: str | None = None) -> float | None:
        """Return the median of a server's figure divided by that of the best of `others`, within a round.

        None if no round has both.
        """
        kind = self.scenario.kind
        field = field or kind.field
        best = max if field == kind.field and kind.more_is_better else min
        ratios = []
        for one in self.rounds:
            theirs = [getattr(one[other], field) for other in others if other in one]
            if server in one and theirs and best(theirs) > 0:
                ratios.append(getattr(one[server], field) / best(theirs))
        return median(ratios) if ratios else None

    def format_json(self) -> dict[str, Any]:
        """Return everything, for programs."""
        return {
            "scenario": {**asdict(self.scenario), "kind": self.scenario.kind.name.lower()},
            "rounds": [{name: asdict(one[name]) for name in one} for one in self.rounds],
            "medians": {name: asdict(self.of(name)) for name in self.servers},
            "failures": dict(self.failures),
            "errors": self.errors,
        }
