"""`python -m bench.soak SCENARIO`: what chatd stands that anybody can reach. The exit status is 1 if it does not."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from bench.build import BenchError
from bench.report import machine_line
from bench.soaks.churn import churn
from bench.soaks.crowds import idle, silent
from bench.soaks.descriptors import descriptors
from bench.soaks.long import long
from bench.soaks.report import Report
from bench.soaks.stuck import stuck

Scenario = Callable[[float, Report], Coroutine[Any, Any, None]]

SCENARIOS: Final[dict[str, tuple[Scenario, float, str]]] = {
    "stuck": (
        stuck,
        10,
        "20 who never read in a room where 200 messages of 4 KiB a second are said",
    ),
    "idle": (idle, 600, "10,000 who join and say nothing"),
    "silent": (silent, 60, "5,000 who connect and say nothing, or a byte every 5 s"),
    "churn": (churn, 60, "100,000 who come and go, in every way"),
    "descriptors": (descriptors, 10, "1,000 who come where there are 300 descriptors"),
    "soak": (long, 1800, "500 clients, floods, slow readers, kicks, rooms that come and go"),
}
"""What is run, for how many seconds if nothing is said, and what it is about."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one scenario; return the exit status."""
    options = _parser().parse_args(arguments)
    scenario, usual, about = SCENARIOS[options.scenario]
    seconds = options.seconds or usual
    print(machine_line())
    print(f"{options.scenario}: {about}; {seconds:g} s\n", flush=True)
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
    listed = "\n".join(f"  {name:12}{about}" for name, (_, _, about) in SCENARIOS.items())
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
        help="how long the part lasts that can be longer or shorter",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
