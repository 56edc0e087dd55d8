"""What the benchmark found: rounds, their medians, and the table that shows them."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Scenario:
    """Who is in the room and how much they say."""

    name: str = "B"
    members: int = 500
    speakers: int = 10
    window: int = 16
    message_bytes: int = 64

    def __str__(self) -> str:
        return (
            f"Scenario {self.name}: {self.members} members in one room, {self.speakers} speak, "
            f"{self.message_bytes}-byte messages, {self.window} in flight for each speaker"
        )


@dataclass(frozen=True)
class Figures:
    """What the load generator measured in one round, or the medians of several.

    `server_cpu_per_million`: seconds of CPU time the server took for a million deliveries.
    `server_busy`, `generator_busy`: the part of the time they had a core.
    """

    deliveries_per_s: float
    messages_per_s: float
    p50_ms: float
    p99_ms: float
    server_cpu_per_million: float
    server_busy: float
    generator_busy: float
    deliveries_per_read: float
    missing: int
    repeated: int
    own: int
    strange: int
    errors: int


@dataclass(frozen=True)
class Round:
    """One round: the same load for the server and the floor, one after the other."""

    chatd: Figures
    floor: Figures


@dataclass(frozen=True)
class Result:
    """All rounds, and their medians: ratios are taken within a round."""

    scenario: Scenario
    seconds: int
    rounds: Sequence[Round]

    @property
    def chatd(self) -> Figures:
        """Return the medians of the server."""
        return _medians([one.chatd for one in self.rounds])

    @property
    def floor(self) -> Figures:
        """Return the medians of the floor."""
        return _medians([one.floor for one in self.rounds])

    @property
    def rate_ratio(self) -> float:
        """Return what part of the floor's deliveries a second the server reaches."""
        return median(
            one.chatd.deliveries_per_s / one.floor.deliveries_per_s for one in self.rounds
        )

    @property
    def cpu_ratio(self) -> float:
        """Return how many times the floor's CPU time the server takes for a delivery."""
        return median(
            one.chatd.server_cpu_per_million / one.floor.server_cpu_per_million
            for one in self.rounds
        )

    @property
    def errors(self) -> int:
        """Return how many deliveries were lost, doubled, out of order or unknown, in all rounds."""
        return sum(one.chatd.errors + one.floor.errors for one in self.rounds)

    def table(self) -> str:
        """Return what is shown."""
        rows = [
            ("", *(head for head, _, _ in _COLUMNS)),
            ("chatd", *_cells(self.chatd)),
            ("floor", *_cells(self.floor)),
            ("chatd/floor", f"{self.rate_ratio:.2f}", *[""] * 3, f"{self.cpu_ratio:.2f}", "", ""),
        ]
        lines = [str(self.scenario), f"Medians of {len(self.rounds)} x {self.seconds} s", ""]
        lines += [_line(row) for row in rows]
        if self.errors:
            lines += ["", f"ERRORS: {self.errors} deliveries lost, doubled, disordered or unknown"]
        return "\n".join([*lines, "", _machine_line()])

    def as_json(self) -> dict[str, Any]:
        """Return everything, for programs."""
        return {
            "machine": machine(),
            **asdict(self),
            "chatd": asdict(self.chatd),
            "floor": asdict(self.floor),
            "rate_ratio": round(self.rate_ratio, 4),
            "cpu_ratio": round(self.cpu_ratio, 4),
            "errors": self.errors,
        }


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "twisted": version("Twisted"),
        "system": f"{platform.system()} {platform.release()}",
    }


_COLUMNS = (
    ("deliveries/s", "deliveries_per_s", "{:,.0f}"),
    ("messages/s", "messages_per_s", "{:,.0f}"),
    ("p50 ms", "p50_ms", "{:.1f}"),
    ("p99 ms", "p99_ms", "{:.1f}"),
    ("CPU s/million", "server_cpu_per_million", "{:.4f}"),
    ("server busy", "server_busy", "{:.0%}"),
    ("generator busy", "generator_busy", "{:.0%}"),
)


def _medians(rounds: Sequence[Figures]) -> Figures:
    return Figures(
        **{
            field.name: median(getattr(figures, field.name) for figures in rounds)
            for field in fields(Figures)
        }
    )


def _cells(figures: Figures) -> list[str]:
    return [shown.format(getattr(figures, field)) for _, field, shown in _COLUMNS]


def _line(row: Sequence[str]) -> str:
    name, *cells = row
    widths = (max(len(head), 10) for head, _, _ in _COLUMNS)
    shown = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return f"{name:<11}  {shown}".rstrip()


def _machine_line() -> str:
    about = machine()
    return (
        f"{about['cores']} cores ({about['processor']}), Python {about['python']}, "
        f"Twisted {about['twisted']}, {about['system']}"
    )
