"""More clients than the system has descriptors for: those inside notice nothing."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from bench.soaks.clients import Client, LostError, Program, all_of, connect, knock
from bench.soaks.daemon import Daemon, running
from bench.soaks.report import Report, milliseconds, percentile

DESCRIPTORS: Final = 300
CROWD: Final = 1000
INSIDE: Final = 20
SAYS_EVERY: Final = 0.2
STORED_WITHIN: Final = 0.5
BACK_WITHIN: Final = 2.0
FREE_FAILURES: Final = 10
"""How many descriptors the server must have left for its store and its log."""

SPINNING: Final = 0.1
"""How much more of a core than before would be a sign of it."""

WATCH: Final = 5.0
TRY_AGAIN: Final = 1.0


class Inside:
    """Programs that talk all the time, and what becomes of what they say."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.stored: dict[int, str] = {}
        self.latencies: list[float] = []
        self.refused: list[dict[str, Any]] = []
        self.programs = [Program() for _ in range(INSIDE)]

    async def begin(self) -> None:
        """Let them in."""
        for number, program in enumerate(self.programs):
            await connect(self._daemon.port, program)
            await program.begin()
            await program.request("join", chatroom_id="1", chatter_name=f"in{number}")

    async def talk(self, number: int) -> None:
        """Say something, and wait until it is stored; until cancelled."""
        await asyncio.sleep(SAYS_EVERY * number / INSIDE)
        for time_ in itertools.count():
            said, text = time.monotonic(), f"{number}: {time_}"
            answer = await self.programs[number].request("say", text=text)
            self.latencies.append(time.monotonic() - said)
            if answer["event"] == "stored":
                self.stored[answer["id"]] = text
            else:
                self.refused.append(answer)
            await asyncio.sleep(SAYS_EVERY)

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        """Have all talk until the block ends."""
        tasks = [asyncio.create_task(self.talk(number)) for number in range(INSIDE)]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def descriptors(seconds: float, report: Report) -> None:
    """Run it: a crowd comes, those who are not let in try again for `seconds`, and all go."""
    async with running(
        "--rate", "0", "--max-clients", "0", "--room", "1", descriptors=DESCRIPTORS
    ) as daemon:
        inside = Inside(daemon)
        await inside.begin()
        async with inside.talking():
            start, quiet = daemon.descriptors(), await daemon.cpu_share(WATCH)
            report.figure(
                "before",
                f"{milliseconds(inside.latencies)}, {quiet:.1%} of a core, {start} descriptors",
            )
            inside.latencies.clear()
            crowd = await all_of(knock(daemon.port) for _ in range(CROWD))
            tries = await _try_again(daemon, crowd, seconds)
            let_in = sum(not one.closed.done() for one in crowd)
            used = daemon.descriptors()
            report.figure(
                f"{CROWD:,} come, and try {tries:,} times again",
                f"{let_in} are let in, {used} descriptors of {DESCRIPTORS}",
            )
            crowded = await daemon.cpu_share(WATCH)
            report.figure(
                "while they are there", f"{milliseconds(inside.latencies)}, {crowded:.1%} of a core"
            )
            for one in crowd:
                if not one.closed.done():
                    one.transport.abort()
            took = await _time_to_join(daemon)
            report.check(
                f"when they have gone a new client can join within {BACK_WITHIN:g} s",
                took <= BACK_WITHIN,
                f"{took * 1e3:.0f} ms",
            )
            settled = await daemon.settles(start, BACK_WITHIN)
            report.check("descriptors are back", settled is not None, daemon.descriptors())
        report.check(
            f"{FREE_FAILURES} descriptors stayed free", used <= DESCRIPTORS - FREE_FAILURES
        )
        report.check("the server does not spin", crowded - quiet <= SPINNING)
        slow = percentile(inside.latencies, 0.99)
        report.check(
            f"99 % of what is said inside is stored within {STORED_WITHIN:g} s",
            slow <= STORED_WITHIN,
        )
        here = sum(not program.closed.done() for program in inside.programs)
        report.check(
            "who was inside is inside",
            here == INSIDE and not inside.refused,
            inside.refused[:3] or here,
        )
        await daemon.stop()
        store = {number: text for (_, number), (_, text) in daemon.stored().items()}
        lost = [number for number, text in inside.stored.items() if store.get(number) != text]
        report.check(
            f"all {len(inside.stored):,} messages that were told to be stored are in the store",
            not lost,
            lost[:3] or "",
        )
        report.check("no fault in the log", not daemon.faults(), daemon.faults()[:3] or "")


async def _try_again(daemon: Daemon, crowd: list[Client], seconds: float) -> int:
    """Have those who were not let in try again, about once a second; return how often they did."""
    tries, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        outside = [place for place, one in enumerate(crowd) if one.closed.done()]
        again = await all_of(knock(daemon.port) for _ in outside)
        for place, client in zip(outside, again, strict=True):
            crowd[place] = client
        tries += len(again)
        await asyncio.sleep(max(TRY_AGAIN - (time.monotonic() - began), 0.1))
    return tries


async def _time_to_join(daemon: Daemon) -> float:
    began = time.monotonic()
    while time.monotonic() - began < BACK_WITHIN * 10:
        try:
            client = await connect(daemon.port, Client())
            await client.join("1", "late")
        except (LostError, OSError):
            await asyncio.sleep(0.02)
        else:
            client.close()
            break
    return time.monotonic() - began
