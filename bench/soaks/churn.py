"""A hundred thousand clients that come and go in every way, and leave nothing behind."""

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
RESUMABLE: Final = 20_000
"""How many lost connections of clients in JSON the server keeps for a resume."""

ROOMS: Final = 10
GROWTH: Final = 5 * MEBIBYTE
SETTLE: Final = 30.0

_names = itertools.count()


async def churn(_: float, report: Report) -> None:
    """Run the scenario: first fill everything that has a limit, then make the visits."""
    rooms = [word for number in range(ROOMS) for word in ("--room", f"r{number}")]
    async with running("--max-clients", "0", *rooms) as daemon:
        witness = await connect(daemon.port, Client())
        await witness.join("r0", "witness")
        descriptors = daemon.descriptors()
        await _visits(daemon, WARM_UP, WAYS)
        await daemon.settles(descriptors, SETTLE)
        warm = daemon.memory()
        await _visits(daemon, RESUMABLE, (LOST_PROGRAM,))
        await daemon.settles(descriptors, SETTLE)
        memory = daemon.memory()
        report.figure(
            f"start, after {WARM_UP:,} visits and after {RESUMABLE:,} programs that may resume",
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
        report.check("all visitors have left the rooms", alone)
        report.check("no error in the log", not daemon.errors(), daemon.errors()[:3] or "")


async def _visits(daemon: Daemon, number: int, ways: Sequence[Way]) -> None:
    """Make `number` visits, several at the same time."""
    left = itertools.islice(_names, number)

    async def visit_repeatedly() -> None:
        for name in left:
            await visit(daemon.port, ways[name % len(ways)], f"v{name}", f"r{name % ROOMS}")

    await asyncio.gather(*(visit_repeatedly() for _ in range(AT_ONCE)))
