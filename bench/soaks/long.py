"""The long run: well-behaved clients, and all kinds of others, for any time."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final

from bench.soaks.clients import Program, all_of, connect
from bench.soaks.daemon import Daemon, running
from bench.soaks.delivery_record import DeliveryRecord, check_views
from bench.soaks.participants import Talker, TextReader, come_and_go, flood_repeatedly, stop_reading
from bench.soaks.report import MEBIBYTE, Report, mebibytes

CALM: Final = [f"calm{number}" for number in range(8)]
FLOODED: Final = "flooded"
HEAVY: Final = "heavy"
TALKERS: Final = {**dict.fromkeys(CALM, 10), FLOODED: 6, HEAVY: 12}
READERS: Final = {**dict.fromkeys(CALM, 35), FLOODED: 24, HEAVY: 22}
FLOODERS: Final = 12
SLOW: Final = 20
CHURNERS: Final = 120
"""With all other clients some 500 at once."""

SAYS_EVERY: Final = {**dict.fromkeys(CALM, 4.0), FLOODED: 5.0, HEAVY: 0.3}
LENGTH: Final = {**dict.fromkeys(CALM, 60), FLOODED: 60, HEAVY: 4096}

WARM_UP: Final = 300
MINUTE: Final = 60
GROWTH: Final = 5 * MEBIBYTE
VISIT_PAUSE: Final = 3.0
FLOOD_SECONDS: Final = 20
KICK_EVERY: Final = 1.0
ROOM_EVERY: Final = 4.0
SETTLE: Final = 3.0
FEW: Final = 10


class LongRun:
    """All clients of the long run, on a running server."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.record = DeliveryRecord()
        self.counts: Counter[str] = Counter()
        self.talkers = [
            Talker(self.record, f"talker-{room}-{number}", room)
            for room, talkers in TALKERS.items()
            for number in range(talkers)
        ]
        self.readers = [
            TextReader(self.record, f"reader-{room}-{number}", room)
            for room, readers in READERS.items()
            for number in range(readers)
        ]

    async def begin(self) -> None:
        """Connect the clients that stay."""
        clients: list[Talker | TextReader] = [*self.talkers, *self.readers]
        await all_of(client.begin(self.daemon.port) for client in clients)

    def disturbances(self) -> list[Coroutine[Any, Any, None]]:
        """Return coroutines for all clients but the talkers; they run until they are cancelled."""
        port, rooms = self.daemon.port, list(TALKERS)
        return [
            *(
                flood_repeatedly(port, f"flood-{n}", FLOODED, FLOOD_SECONDS)
                for n in range(FLOODERS)
            ),
            *(stop_reading(port, f"slow-{n}", HEAVY, self._dropped) for n in range(SLOW)),
            *(self._come_and_go(f"churn-{n}", rooms, n) for n in range(CHURNERS)),
            self._kick(),
            self._start_and_end_rooms(),
            self._check_order(),
        ]

    def talks(self) -> list[Coroutine[Any, Any, None]]:
        """Return the coroutines of the talkers."""
        return [
            talker.talk(SAYS_EVERY[talker.room], LENGTH[talker.room], number / len(self.talkers))
            for number, talker in enumerate(self.talkers)
        ]

    def check(self) -> None:
        """Check at the end that all clients have read all messages."""
        for talker in self.talkers:
            talker.check()
        for reader in self.readers:
            reader.view.check(self.record.newest(reader.room))

    # -- the coroutines

    def _dropped(self, _: int) -> None:
        self.counts["slow readers dropped"] += 1

    def _visited(self) -> None:
        self.counts["visits"] += 1

    async def _come_and_go(self, name: str, rooms: list[str], index: int) -> None:
        await asyncio.sleep(VISIT_PAUSE * index / CHURNERS)
        rooms = rooms[index % len(rooms) :] + rooms[: index % len(rooms)]
        await come_and_go(self.daemon.port, name, rooms, VISIT_PAUSE, self._visited)

    async def _kick(self) -> None:
        calm = [talker for talker in self.talkers if talker.room in CALM]
        for talker in itertools.cycle(calm):
            lines = await self.daemon.admin(f"kick {talker.name} {talker.room}", "stats", "list")
            self.counts["kicks"] += any("was kicked" in line for line in lines)
            await asyncio.sleep(KICK_EVERY)

    async def _check_order(self) -> None:
        while True:
            await asyncio.sleep(KICK_EVERY)
            check_views(reader.view for reader in self.readers)

    async def _start_and_end_rooms(self) -> None:
        guests = [await self._guest(number) for number in range(FEW)]
        newest: Counter[str] = Counter()
        for count in itertools.count():
            room = f"short{count % FEW}"
            await self.daemon.admin(f"start {room} Short")
            numbers = [await self._speaks_in(guest, room) for guest in guests]
            if min(numbers) <= newest[room]:
                self.record.errors.append(f"{room}: {numbers} after {newest[room]}")
            newest[room] = max(numbers)
            answer = await self.daemon.admin(f"end {room}")
            self.counts["rooms ended"] += any("closed" in line for line in answer)
            await asyncio.sleep(ROOM_EVERY)

    async def _guest(self, number: int) -> Program:
        guest = await connect(self.daemon.port, Program())
        await guest.begin()
        await guest.request("join", chatroom_id=CALM[0], chatter_name=f"guest-{number}")
        await guest.request("quit")
        return guest

    async def _speaks_in(self, guest: Program, room: str) -> int:
        joined = await guest.request("join", chatroom_id=room)
        said = await guest.request("say", text="#here for a while")
        if joined["event"] != "reply" or said["event"] != "stored":
            self.record.errors.append(f"{room}: {joined} {said}")
        return int(said.get("id", 0))


async def long(seconds: float, report: Report) -> None:
    """Run the scenario."""
    rooms = [word for room in TALKERS for word in ("--room", room)]
    async with running("--rate", "5", "--burst", "20", *rooms) as daemon:
        long_run = LongRun(daemon)
        await long_run.begin()
        disturbances = [asyncio.create_task(work) for work in long_run.disturbances()]
        talks = [asyncio.create_task(talk) for talk in long_run.talks()]
        memory = await _watch(long_run, seconds, [*disturbances, *talks], report)
        await _cancel(disturbances)
        # The server still processes frames of the flooders, for ten seconds at most.
        await asyncio.sleep(10 + SETTLE)
        await _cancel(talks, SETTLE)
        long_run.check()
        _check_results(long_run, memory, report)
        status = await daemon.stop()
        report.check("SIGTERM ends it with exit status 0", status == 0, status)
        store = daemon.stored()
        confirmed = sum(map(len, long_run.record.stored.values()))
        lost = long_run.record.lost(store)
        report.figure(
            "messages read by clients in JSON, confirmed as stored, in the store",
            f"{len(long_run.record):,}, {confirmed:,}, {len(store):,}",
        )
        report.check(
            "every message that was confirmed or read is in the store",
            not lost,
            lost[:3] or "",
        )
        errors = daemon.errors()
        report.check("no error in the log", not errors, errors[:3] or "")


async def _watch(
    long_run: LongRun, seconds: float, tasks: list[asyncio.Task[None]], report: Report
) -> list[int]:
    """Print figures each minute; return the memory at the end of the warm-up and after it."""
    daemon, began = long_run.daemon, time.monotonic()
    warm_up, step = min(WARM_UP, seconds / 3), min(MINUTE, seconds / 6)
    memory = []
    while (passed := time.monotonic() - began) < seconds:
        share = await daemon.cpu_share(step)
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(long_run.counts.items()))
        report.figure(
            f"minute {round((passed + step) / MINUTE)}",
            f"{mebibytes(daemon.memory())}, {daemon.descriptors()} descriptors, "
            f"{share:.1%} of a core, {len(long_run.record):,} messages, {counts}",
        )
        if passed + step >= warm_up - 1:
            memory.append(daemon.memory())
        for task in tasks:
            if task.done():
                long_run.record.errors.append(f"a client met {task.exception()!r}")
        if long_run.record.errors:
            report.figure("errors so far", long_run.record.errors[:3])
    return memory


def _check_results(long_run: LongRun, memory: list[int], report: Report) -> None:
    errors, counts = long_run.record.errors, long_run.counts
    report.check(
        "all well-behaved readers saw one order without gaps", not errors, errors[:5] or ""
    )
    kicks = sum(talker.kicks for talker in long_run.talkers)
    report.check("kicked clients were told, and joined again", kicks >= counts["kicks"] > 0, kicks)
    report.check(
        "slow readers were dropped",
        counts["slow readers dropped"] >= SLOW,
        counts["slow readers dropped"],
    )
    report.figure(
        "memory after the warm-up, most since, at the end",
        ", ".join(map(mebibytes, (memory[0], max(memory), memory[-1]))),
    )
    report.check(
        f"memory grew by {mebibytes(GROWTH)} at most after the warm-up",
        memory[-1] - memory[0] <= GROWTH,
        mebibytes(memory[-1] - memory[0]),
    )


async def _cancel(tasks: list[asyncio.Task[None]], seconds: float = 0) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(seconds)
