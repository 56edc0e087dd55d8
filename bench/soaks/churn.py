"""A hundred thousand who come and go, in every way there is: nothing of them stays."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import Final

from bench.soaks.clients import AT_ONCE, Client, connect
from bench.soaks.daemon import Daemon, running
from bench.soaks.report import MEBIBYTE, Report, mebibytes
from bench.soaks.visits import LOST_PROGRAM, WAYS, Way, visit

VISITS: Final = 100_000
PART: Final = 20_000
WARM_UP: Final = 10_000
REMEMBERED: Final = 20_000
"""Of how many programs whose connection was lost the server remembers who they were."""

ROOMS: Final = 10
GROWTH: Final = 5 * MEBIBYTE
SETTLE: Final = 30.0

_names = itertools.count()


async def churn(_: float, report: Report) -> None:
    """Run it: first what fills all that is bounded, then the hundred thousand."""
    rooms = [word for number in range(ROOMS) for word in ("--room", f"r{number}")]
    async with running("--max-clients", "0", *rooms) as daemon:
        witness = await connect(daemon.port, Client())
        await witness.join("r0", "witness")
        descriptors = daemon.descriptors()
        await _visits(daemon, WARM_UP, WAYS)
        await daemon.settles(descriptors, SETTLE)
        warm = daemon.memory()
        await _visits(daemon, REMEMBERED, (LOST_PROGRAM,))
        await daemon.settles(descriptors, SETTLE)
        memory = daemon.memory()
        report.figure(
            f"start, after {WARM_UP:,} visits and after {REMEMBERED:,} programs that may come back",
            f"{mebibytes(warm)}, {mebibytes(memory)}, {descriptors} descriptors",
        )
        began, cpu = time.monotonic(), daemon.cpu_seconds()
        for done in range(PART, VISITS + 1, PART):
            await _visits(daemon, PART, (*WAYS, LOST_PROGRAM))
            report.figure(f"after {done:,}", mebibytes(daemon.memory()))
        took, used = time.monotonic() - began, daemon.cpu_seconds() - cpu
        report.figure(
            f"{VISITS:,} visits in {len(WAYS) + 1} ways",
            f"{took:.0f} s, {VISITS / took:,.0f} a second, {used / took:.0%} of a core",
        )
        settled = await daemon.settles(descriptors, SETTLE)
        report.check("descriptors are back", settled is not None, daemon.descriptors())
        grown = daemon.memory() - memory
        report.check(
            f"memory grew by {mebibytes(GROWTH)} at most", grown <= GROWTH, mebibytes(grown)
        )
        rooms_now = await daemon.admin("list")
        alone = sum("no chatters!" in line for line in rooms_now) == ROOMS - 1
        report.check("nobody is left in a room but who was there before", alone)
        report.check("no fault in the log", not daemon.faults(), daemon.faults()[:3] or "")


async def _visits(daemon: Daemon, number: int, ways: Sequence[Way]) -> None:
    """Have so many come and go, some at a time."""
    left = itertools.islice(_names, number)

    async def comes_again() -> None:
        for name in left:
            await visit(daemon.port, ways[name % len(ways)], f"v{name}", f"r{name % ROOMS}")

    await asyncio.gather(*(comes_again() for _ in range(AT_ONCE)))
