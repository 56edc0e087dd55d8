"""The long run: people, programs, and all who misbehave, for as long as one likes."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final

from bench.soaks.cast import Person, Talker, churns, floods, reads_nothing
from bench.soaks.clients import Program, all_of, connect
from bench.soaks.daemon import Daemon, running
from bench.soaks.ledger import Ledger, look_at
from bench.soaks.report import MEBIBYTE, Report, mebibytes

CALM: Final = [f"calm{number}" for number in range(8)]
FLOODED: Final = "flooded"
HEAVY: Final = "heavy"
TALKERS: Final = {**dict.fromkeys(CALM, 10), FLOODED: 6, HEAVY: 12}
PERSONS: Final = {**dict.fromkeys(CALM, 35), FLOODED: 24, HEAVY: 22}
FLOODERS: Final = 12
SLOW: Final = 20
CHURNERS: Final = 120
"""With those who start and end rooms some 500 at once."""

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


class Play:
    """All who take part, in a running server."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.ledger = Ledger()
        self.counts: Counter[str] = Counter()
        self.talkers = [
            Talker(self.ledger, f"talker-{room}-{number}", room)
            for room, talkers in TALKERS.items()
            for number in range(talkers)
        ]
        self.persons = [
            Person(self.ledger, f"person-{room}-{number}", room)
            for room, persons in PERSONS.items()
            for number in range(persons)
        ]

    async def begin(self) -> None:
        """Let in those who stay."""
        everybody: list[Talker | Person] = [*self.talkers, *self.persons]
        await all_of(one.begin(self.daemon.port) for one in everybody)

    def acts(self) -> list[Coroutine[Any, Any, None]]:
        """Return what goes on until it is cancelled; to be cancelled in this order."""
        port, rooms = self.daemon.port, list(TALKERS)
        return [
            *(floods(port, f"flood-{n}", FLOODED, FLOOD_SECONDS) for n in range(FLOODERS)),
            *(reads_nothing(port, f"slow-{n}", HEAVY, self._dropped) for n in range(SLOW)),
            *(self._churns(f"churn-{n}", rooms, n) for n in range(CHURNERS)),
            self._kicks(),
            self._rooms_come_and_go(),
            self._looks(),
        ]

    def talks(self) -> list[Coroutine[Any, Any, None]]:
        """Return what the talkers do."""
        return [
            talker.talk(SAYS_EVERY[talker.room], LENGTH[talker.room], number / len(self.talkers))
            for number, talker in enumerate(self.talkers)
        ]

    def look(self) -> None:
        """See, when all is said, whether everybody has read everything."""
        for talker in self.talkers:
            talker.look()
        for person in self.persons:
            person.view.look(self.ledger.newest(person.room))

    # -- within

    def _dropped(self, _: int) -> None:
        self.counts["slow readers dropped"] += 1

    def _visited(self) -> None:
        self.counts["visits"] += 1

    async def _churns(self, name: str, rooms: list[str], place: int) -> None:
        await asyncio.sleep(VISIT_PAUSE * place / CHURNERS)
        rooms = rooms[place % len(rooms) :] + rooms[: place % len(rooms)]
        await churns(self.daemon.port, name, rooms, VISIT_PAUSE, self._visited)

    async def _kicks(self) -> None:
        calm = [talker for talker in self.talkers if talker.room in CALM]
        for victim in itertools.cycle(calm):
            lines = await self.daemon.admin(f"kick {victim.name} {victim.room}", "stats", "list")
            self.counts["kicks"] += any("was kicked" in line for line in lines)
            await asyncio.sleep(KICK_EVERY)

    async def _looks(self) -> None:
        while True:
            await asyncio.sleep(KICK_EVERY)
            look_at(person.view for person in self.persons)

    async def _rooms_come_and_go(self) -> None:
        guests = [await self._guest(number) for number in range(FEW)]
        newest: Counter[str] = Counter()
        for time_ in itertools.count():
            room = f"short{time_ % FEW}"
            await self.daemon.admin(f"start {room} Short")
            numbers = [await self._speaks_in(guest, room) for guest in guests]
            if min(numbers) <= newest[room]:
                self.ledger.faults.append(f"{room}: {numbers} after {newest[room]}")
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
            self.ledger.faults.append(f"{room}: {joined} {said}")
        return int(said.get("id", 0))


async def long(seconds: float, report: Report) -> None:
    """Run it."""
    rooms = [word for room in TALKERS for word in ("--room", room)]
    async with running("--rate", "5", "--burst", "20", *rooms) as daemon:
        play = Play(daemon)
        await play.begin()
        acts = [asyncio.create_task(act) for act in play.acts()]
        talks = [asyncio.create_task(talk) for talk in play.talks()]
        memory = await _watch(play, seconds, [*acts, *talks], report)
        await _cancel(acts)
        # Who floods has left some frames; they are served for ten seconds at most.
        await asyncio.sleep(10 + SETTLE)
        await _cancel(talks, SETTLE)
        play.look()
        _judge(play, memory, report)
        status = await daemon.stop()
        report.check("SIGTERM ends it with exit status 0", status == 0, status)
        store = daemon.stored()
        told = sum(map(len, play.ledger.stored.values()))
        lost = play.ledger.lost(store)
        report.figure(
            "messages read by programs, told to be stored, in the store",
            f"{len(play.ledger):,}, {told:,}, {len(store):,}",
        )
        report.check(
            "every message that was told to be stored, or was read, is in the store",
            not lost,
            lost[:3] or "",
        )
        faults = daemon.faults()
        report.check("no fault in the log", not faults, faults[:3] or "")


async def _watch(
    play: Play, seconds: float, tasks: list[asyncio.Task[None]], report: Report
) -> list[int]:
    """Print figures each minute; return the memory at the end of the warm-up and later."""
    daemon, began = play.daemon, time.monotonic()
    warm_up, step = min(WARM_UP, seconds / 3), min(MINUTE, seconds / 6)
    memory = []
    while (passed := time.monotonic() - began) < seconds:
        share = await daemon.cpu_share(step)
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(play.counts.items()))
        report.figure(
            f"minute {round((passed + step) / MINUTE)}",
            f"{mebibytes(daemon.memory())}, {daemon.descriptors()} descriptors, "
            f"{share:.1%} of a core, {len(play.ledger):,} messages, {counts}",
        )
        if passed + step >= warm_up - 1:
            memory.append(daemon.memory())
        for task in tasks:
            if task.done():
                play.ledger.faults.append(f"a client met {task.exception()!r}")
        if play.ledger.faults:
            report.figure("faults so far", play.ledger.faults[:3])
    return memory


def _judge(play: Play, memory: list[int], report: Report) -> None:
    faults, counts = play.ledger.faults, play.counts
    report.check(
        "all well-behaved readers saw one order without gaps", not faults, faults[:5] or ""
    )
    kicks = sum(talker.kicks for talker in play.talkers)
    report.check("who was kicked was told, and came back", kicks >= counts["kicks"] > 0, kicks)
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
