"""`python -m bench`: measures the chat server beside the floor, round by round, and shows the medians."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.build import BenchError, program
from bench.children import Cores, chatd_command, choose_cores, output_of, serving
from bench.report import Figures, Result, Round, Scenario

MAX_ROUNDS = 100
MAX_SECONDS = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.json is not None and not options.json.parent.is_dir():
        parser.error(f"there is no directory {options.json.parent}")
    rounds, seconds = (1, 2) if options.quick else (options.rounds, options.seconds)
    try:
        result = run(Scenario(), rounds, seconds)
        print(result.table())
        if options.json is not None:
            options.json.write_text(json.dumps(result.as_json(), indent=2) + "\n")
    except (BenchError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted, all servers stopped", file=sys.stderr)
        return 130
    return 1 if result.errors else 0


def run(scenario: Scenario, rounds: int, seconds: int) -> Result:
    """Put the server and the floor under the same load in turns, so that both see the same weather."""
    cores = choose_cores()
    floor = [str(program("floor")), str(scenario.members)]
    servers = (chatd_command(), floor)
    done = []
    for number in range(1, rounds + 1):
        _progress(f"round {number} of {rounds} ...")
        done.append(Round(*(measure(server, scenario, seconds, cores) for server in servers)))
    _progress("")
    return Result(scenario, seconds, done)


def measure(server: Sequence[str], scenario: Scenario, seconds: int, cores: Cores) -> Figures:
    """Start a server, put it under load, stop it."""
    with serving(server, cores.server) as running:
        load = (
            running.port,
            scenario.members,
            scenario.speakers,
            scenario.window,
            scenario.message_bytes,
            seconds,
            running.pid,
        )
        generator = [str(program("loadgen")), *map(str, load)]
        return Figures(**json.loads(output_of(generator, cores.generator)))


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--rounds",
        type=_number_to(MAX_ROUNDS),
        default=3,
        metavar="N",
        help="how often server and floor are measured in turns (default 3)",
    )
    parser.add_argument(
        "--seconds",
        type=_number_to(MAX_SECONDS),
        default=5,
        metavar="N",
        help="how long each is measured (default 5)",
    )
    parser.add_argument("--quick", action="store_true", help="one round of 2 seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    return parser


def _number_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not 1 <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from 1 to {most}")
        return value

    return number


if __name__ == "__main__":
    sys.exit(main())
