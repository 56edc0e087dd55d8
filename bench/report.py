"""The report: a table for each scenario, and all figures as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.figures import Figures, Result
from bench.rounds import Length
from bench.scenarios import Kind, Scenario
from bench.servers import (
    CHATD,
    CHATD_IRC,
    CHATD_IRC_MEMORY,
    CHATD_MEMORY,
    FLOOR,
    PEERS,
    SERVERS,
    UNMIXED,
)

Shown = Callable[[Figures], str]
Column = tuple[str, Shown]


def _column(head: str, field: str, form: str, scale: float = 1) -> Column:
    return head, lambda figures: form.format(getattr(figures, field) * scale)


_LATENCIES: Final = (
    _column("p50 ms", "p50_ms", "{:.2f}"),
    _column("p99 ms", "p99_ms", "{:.2f}"),
    _column("p99.9 ms", "p999_ms", "{:.2f}"),
)
_EFFORT: Final = (
    _column("CPU s/M", "server_cpu_per_million", "{:.4f}"),
    _column("server", "server_busy", "{:.0%}"),
    _column("load", "generator_busy", "{:.0%}"),
)
_JOINING: Final = (
    _column("KiB", "memory_per_connection", "{:.1f}", 1 / 1024),
    _column("joined s", "connect_s", "{:.2f}"),
    _column("join CPU", "joins_cpu_s", "{:.2f}"),
)
_COLUMNS: Final = {
    Kind.RATE: (_column("deliveries/s", "deliveries_per_s", "{:,.0f}"), *_EFFORT, *_LATENCIES),
    Kind.LATENCY: (*_LATENCIES, *_EFFORT),
    Kind.STORM: (_column("joins/s", "joins_per_s", "{:,.0f}"),),
}
_MANY: Final = 1000
"""The least number of clients for which the memory per connection is shown.

With fewer clients other changes of the memory outweigh it.
"""

_WITHHELD: Final = 0.05
"""The part of the time that other processes may have the generator's core.

Past it the figures are in doubt.
"""

_RATIOS: Final = (
    ("chatd/floor", CHATD, (FLOOR,)),
    ("chatd/best peer", CHATD, PEERS),
    ("chatd/NUL alone", CHATD, (UNMIXED,)),
)
_IRC_RATIOS: Final = (
    ("IRC/best peer", CHATD_IRC, PEERS),
    ("IRC/NUL", CHATD_IRC, (CHATD,)),
    ("IRC/NUL with memory:", CHATD_IRC_MEMORY, (CHATD_MEMORY,)),
    ("IRC/NUL alone", CHATD_IRC, (UNMIXED,)),
)
"""The names of ratios, the server, and those that it is compared with; `_IRC_RATIOS` are those of
a scenario in which members use IRC with chatd."""

_ERRORS: Final[Column] = ("errors", lambda figures: f"{figures.errors:,.0f}")


def table(result: Result) -> str:
    """Return the table of a scenario: a row for each server, and the ratios of chatd."""
    scenario = result.scenario
    columns = (*_columns(scenario), _ERRORS)
    rows = [["", *(head for head, _ in columns)]]
    for server in result.servers:
        medians = result.of(server)
        rows.append([SERVERS[server].title, *(shown(medians) for _, shown in columns)])
    lines = [str(scenario), "", *_aligned(rows), *_ratio_lines(result)]
    lines += [f"{SERVERS[name].title} failed: {why}" for name, why in result.failures.items()]
    if any(result.of(name).withheld > _WITHHELD for name in result.servers):
        lines.append("The machine was busy with other things: measure again.")
    if result.errors:
        lines.append(f"ERRORS: {result.errors} deliveries lost, doubled, disordered or unexpected")
    return "\n".join([*lines, ""])


def ratios(result: Result) -> dict[str, float]:
    """Return chatd's figures divided by those of the floor, the best peer and NUL framing.

    The figures are the one that the scenario compares, and CPU time; each ratio is a median. Where
    chatd has an IRC port, the ratios are those of chatd with its members on IRC.
    """
    on_irc = CHATD_IRC in result.servers or CHATD_IRC_MEMORY in result.servers
    computed = {}
    for name, server, others in _IRC_RATIOS if on_irc else _RATIOS:
        computed[name] = result.ratio(server, others)
        if result.scenario.kind is Kind.RATE:
            cpu = result.ratio(server, others, "server_cpu_per_million")
            computed[f"{name}, CPU time"] = cpu
    return {name: ratio for name, ratio in computed.items() if ratio is not None}


def format_json(results: Sequence[Result], length: Length) -> dict[str, Any]:
    """Return the machine, the settings and all scenarios, as JSON data."""
    return {
        "machine": machine(),
        "length": vars(length),
        "scenarios": {
            result.scenario.name: {
                **result.format_json(),
                "ratios": {name: round(ratio, 4) for name, ratio in ratios(result).items()},
            }
            for result in results
        },
    }


def machine() -> dict[str, Any]:
    """Return the hardware and the versions that the figures depend on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "python": platform.python_version(),
        "twisted": version("Twisted"),
        "system": f"{platform.system()} {platform.release()}",
        "peers": {name: release for name in PEERS if (release := SERVERS[name].version())},
    }


def machine_line() -> str:
    """Return the machine in one line."""
    details = machine()
    return (
        f"{details['cores']} cores ({details['processor']}), Python {details['python']}, "
        f"Twisted {details['twisted']}, {details['system']}"
    )


def _processor() -> str:
    """Return the model of the processor, or its architecture if the model is not known."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return " ".join(value.split())
    return platform.machine()


def _columns(scenario: Scenario) -> Sequence[Column]:
    return (*_COLUMNS[scenario.kind], *(_JOINING if scenario.clients >= _MANY else ()))


def _ratio_lines(result: Result) -> list[str]:
    unit = {Kind.RATE: "deliveries/s", Kind.LATENCY: "p99", Kind.STORM: "joins/s"}
    shown = [
        f"{name}: {ratio:.2f}"
        if "," in name
        else f"{name}, {unit[result.scenario.kind]}: {ratio:.2f}"
        for name, ratio in ratios(result).items()
    ]
    pairs = ["   ".join(shown[at : at + 2]) for at in range(0, len(shown), 2)]
    return ["", *pairs] if pairs else []


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
