"""`python -m bench`: measure chatd, other servers and the floor, and print the medians."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.build import BenchError, program
from bench.children import choose_cores
from bench.figures import Result
from bench.plot import plot
from bench.report import format_json, machine_line, table
from bench.rounds import Length, run
from bench.scenarios import SCENARIOS, Scenario
from bench.servers import CHATD, CHATD_IRC, FLOOR, SERVERS, Server

MAX_ROUNDS = 100
MAX_SECONDS = 300

QUICK = Length(rounds=1, seconds=2)
QUICK_SCENARIOS = ("A", "B", "C", "D")
QUICK_SERVERS = (CHATD, FLOOR)


@dataclass(frozen=True)
class Plan:
    """The scenarios and servers to measure, for how long, and the files to write (or None)."""

    scenarios: Sequence[Scenario]
    servers: Sequence[Server]
    length: Length
    json: Path | None
    svg: Path | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status, 1 if a delivery was wrong or chatd failed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = plan(arguments)
    try:
        results = measure_all(chosen)
        if chosen.json is not None:
            document = format_json(results, chosen.length)
            chosen.json.write_text(json.dumps(document, indent=2) + "\n")
        if chosen.svg is not None:
            chosen.svg.write_text(plot(results))
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted, all servers stopped", file=sys.stderr)
        return 130
    wrong = (result.errors or {CHATD, CHATD_IRC} & result.failures.keys() for result in results)
    return 1 if any(wrong) else 0


def measure_all(chosen: Plan) -> list[Result]:
    """Measure each scenario, and print its table as soon as it is complete."""
    program("loadgen")  # fails here, before anything is measured, if there is no compiler
    cores = choose_cores()
    reasons = {server.name: server.why_not() for server in chosen.servers}
    for reason in filter(None, reasons.values()):
        print(f"bench: {reason}", file=sys.stderr)
    present = [server for server in chosen.servers if reasons[server.name] is None]
    print(machine_line())
    print(f"Medians of {chosen.length.rounds} x {chosen.length.seconds:g} s\n", flush=True)
    results = []
    for scenario in chosen.scenarios:
        servers = [server for server in present if scenario.name in server.scenarios]
        if not servers:
            continue
        result = run(scenario, servers, chosen.length, cores, _progress)
        _progress("")
        print(table(result), flush=True)
        results.append(result)
    return results


def plan(arguments: Sequence[str] | None = None) -> Plan:
    """Parse the command line; exit if it is invalid."""
    parser = _parser()
    options = parser.parse_args(arguments)
    for path in (options.json, options.svg):
        if path is not None and not path.parent.is_dir():
            parser.error(f"there is no directory {path.parent}")
    quick = options.quick
    scenarios = options.scenario or (QUICK_SCENARIOS if quick else SCENARIOS)
    servers = options.server or (QUICK_SERVERS if quick else SERVERS)
    return Plan(
        scenarios=[SCENARIOS[name] for name in dict.fromkeys(scenarios)],
        servers=[SERVERS[name] for name in dict.fromkeys(servers)],
        length=QUICK if quick else Length(options.rounds, options.seconds),
        json=options.json,
        svg=options.svg,
    )


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--scenario",
        action="append",
        choices=tuple(SCENARIOS),
        help="measure this scenario; may be repeated (default: all)",
    )
    parser.add_argument(
        "--server",
        action="append",
        choices=tuple(SERVERS),
        help="measure this server; may be repeated (default: all that are installed)",
    )
    parser.add_argument(
        "--rounds",
        type=_number_to(MAX_ROUNDS),
        default=Length.rounds,
        metavar="N",
        help="rounds; each measures every server once (default %(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=_number_to(MAX_SECONDS),
        default=Length.seconds,
        metavar="N",
        help="seconds of each measurement (default %(default)s)",
    )
    quick = "A to D, chatd and the floor alone, one round of 2 s: less than a minute"
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the figures into FILE")
    return parser


def _number_to(maximum: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not 1 <= value <= maximum:
            raise argparse.ArgumentTypeError(f"must be from 1 to {maximum}")
        return value

    return number


if __name__ == "__main__":
    sys.exit(main())
