"""More clients than the server has descriptors: connected clients notice nothing."""

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
CLIENTS: Final = 1000
CONNECTED: Final = 20
SAYS_EVERY: Final = 0.2
STORED_WITHIN: Final = 0.5
BACK_WITHIN: Final = 2.0
RESERVED: Final = 10
"""How many descriptors the server has to keep free for its store and its log."""

SPINNING: Final = 0.1
"""The additional part of a core that shows that the server spins."""

WATCH: Final = 5.0
TRY_AGAIN: Final = 1.0


class ConnectedPrograms:
    """Clients in JSON that are connected and talk all the time.

    `stored` are confirmed messages by id, `latencies` the seconds until each confirmation.
    """

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.stored: dict[int, str] = {}
        self.latencies: list[float] = []
        self.refused: list[dict[str, Any]] = []
        self.programs = [Program() for _ in range(CONNECTED)]

    async def begin(self) -> None:
        """Connect and join."""
        for number, program in enumerate(self.programs):
            await connect(self._daemon.port, program)
            await program.begin()
            await program.request("join", chatroom_id="1", chatter_name=f"in{number}")

    async def talk(self, number: int) -> None:
        """Say messages, each after the last one is confirmed, until cancelled."""
        await asyncio.sleep(SAYS_EVERY * number / CONNECTED)
        for count in itertools.count():
            sent, text = time.monotonic(), f"{number}: {count}"
            answer = await self.programs[number].request("say", text=text)
            self.latencies.append(time.monotonic() - sent)
            if answer["event"] == "stored":
                self.stored[answer["id"]] = text
            else:
                self.refused.append(answer)
            await asyncio.sleep(SAYS_EVERY)

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        """Let all clients talk until the block ends."""
        tasks = [asyncio.create_task(self.talk(number)) for number in range(CONNECTED)]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def descriptors(seconds: float, report: Report) -> None:
    """Run the scenario: more clients connect than there are descriptors, and leave.

    Clients that are refused try again for `seconds`.
    """
    async with running(
        "--rate", "0", "--max-clients", "0", "--room", "1", descriptors=DESCRIPTORS
    ) as daemon:
        programs = ConnectedPrograms(daemon)
        await programs.begin()
        async with programs.talking():
            start, quiet = daemon.descriptors(), await daemon.cpu_share(WATCH)
            report.figure(
                "before",
                f"{milliseconds(programs.latencies)}, {quiet:.1%} of a core, {start} descriptors",
            )
            programs.latencies.clear()
            clients = await all_of(knock(daemon.port) for _ in range(CLIENTS))
            tries = await _try_again(daemon, clients, seconds)
            accepted = sum(not client.closed.done() for client in clients)
            used = daemon.descriptors()
            report.figure(
                f"{CLIENTS:,} connect, and try {tries:,} times again",
                f"{accepted} are accepted, {used} descriptors of {DESCRIPTORS}",
            )
            busy = await daemon.cpu_share(WATCH)
            report.figure(
                "while they are there", f"{milliseconds(programs.latencies)}, {busy:.1%} of a core"
            )
            for client in clients:
                if not client.closed.done():
                    client.transport.abort()
            took = await _time_to_join(daemon)
            report.check(
                f"after they left a new client can join within {BACK_WITHIN:g} s",
                took <= BACK_WITHIN,
                f"{took * 1e3:.0f} ms",
            )
            settled = await daemon.settles(start, BACK_WITHIN)
            report.check("descriptors are back", settled is not None, daemon.descriptors())
        report.check(f"{RESERVED} descriptors stayed free", used <= DESCRIPTORS - RESERVED)
        report.check("the server does not spin", busy - quiet <= SPINNING)
        slow = percentile(programs.latencies, 0.99)
        report.check(
            f"99 % of the messages are stored within {STORED_WITHIN:g} s",
            slow <= STORED_WITHIN,
        )
        connected = sum(not program.closed.done() for program in programs.programs)
        report.check(
            "the clients from before stay connected",
            connected == CONNECTED and not programs.refused,
            programs.refused[:3] or connected,
        )
        await daemon.stop()
        store = {number: text for (_, number), (_, text) in daemon.stored().items()}
        lost = [number for number, text in programs.stored.items() if store.get(number) != text]
        report.check(
            f"all {len(programs.stored):,} confirmed messages are in the store",
            not lost,
            lost[:3] or "",
        )
        report.check("no error in the log", not daemon.errors(), daemon.errors()[:3] or "")


async def _try_again(daemon: Daemon, clients: list[Client], seconds: float) -> int:
    """Let refused clients try again, about once a second; return the number of tries."""
    tries, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        refused = [index for index, client in enumerate(clients) if client.closed.done()]
        again = await all_of(knock(daemon.port) for _ in refused)
        for index, client in zip(refused, again, strict=True):
            clients[index] = client
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
