"""`python -m bench.soak SCENARIO`: put a real chatd under hostile load, and check it.

The exit status is 1 if a check fails.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from bench.build import BenchError
from bench.report import machine_line
from bench.soaks.churn import churn
from bench.soaks.clock import clock
from bench.soaks.descriptors import descriptors
from bench.soaks.flood import flood
from bench.soaks.inactive import idle, silent
from bench.soaks.logins import logins
from bench.soaks.long import long
from bench.soaks.report import Report
from bench.soaks.restart import restart
from bench.soaks.stuck import stuck

Scenario = Callable[[float, Report], Coroutine[Any, Any, None]]

SCENARIOS: Final[dict[str, tuple[Scenario, float, str]]] = {
    "stuck": (
        stuck,
        10,
        "20 clients never read, in a room with 200 messages of 4 KiB a second",
    ),
    "idle": (idle, 600, "10,000 clients join and say nothing"),
    "silent": (silent, 60, "5,000 clients connect and send nothing, or a byte every 5 s"),
    "churn": (churn, 60, "100,000 clients come and go, in every way"),
    "clock": (clock, 60, "the wall clock is set by an hour, ahead and back, while 36 clients talk"),
    "descriptors": (descriptors, 10, "1,000 clients connect to a server with 300 descriptors"),
    "flood": (
        flood,
        20,
        "clients of one address send without end, and a client in their room reads 1 Mbit/s",
    ),
    "logins": (
        logins,
        3,
        "users log in while 90 addresses of one network, or 55 neighbours, guess passwords",
    ),
    "restart": (
        restart,
        10,
        "10,000 clients return at once after the server was killed",
    ),
    "soak": (
        long,
        1800,
        "500 clients, floods, slow readers, kicks, rooms that come and go",
    ),
}
"""The function of each scenario, its default duration in seconds, and its description."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one scenario; return the exit status."""
    options = _parser().parse_args(arguments)
    scenario, default, description = SCENARIOS[options.scenario]
    seconds = options.seconds or default
    print(machine_line())
    print(f"{options.scenario}: {description}; {seconds:g} s\n", flush=True)
    report = Report()
    try:
        asyncio.run(scenario(seconds, report))
    except BenchError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 1 if report.failed else 0


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(
        f"  {name:12}{description}" for name, (_, _, description) in SCENARIOS.items()
    )
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak",
        description=f"{__doc__}\n\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", choices=tuple(SCENARIOS))
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="N",
        help="duration of the part of the scenario whose duration can be chosen",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
