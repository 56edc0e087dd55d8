"""The wall clock is set ahead, back and right again, while clients talk and read history."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.soaks.clients import Program, all_of, connect
from bench.soaks.daemon import running
from bench.soaks.delivery_record import DeliveryRecord
from bench.soaks.report import Report, milliseconds
from bench.soaks.wall_clock import WallClock

ROOMS: Final = [f"r{number}" for number in range(4)]
TALKERS: Final = 24
SAYS_EVERY: Final = 0.5
RATE: Final = 20
LIMITED: Final = 6
BATCH: Final = 60
"""How many messages a client at its rate sends at once: the last ones wait for some seconds."""

READERS: Final = 6
READS_EVERY: Final = 0.5
OFFSETS: Final = (0, 3600, 0, -3600, 0)
"""How far ahead the wall clock is, in seconds, for equal parts of the time."""

LATE: Final = 1.0
SETTLE: Final = 1.0


class Participant:
    """A client in JSON, in a room. It checks the ids and the times of all events that it reads.

    `answered` has how many seconds each of its requests took.
    """

    def __init__(self, record: DeliveryRecord, name: str, room: str) -> None:
        self.answered: list[float] = []
        self.name = name
        self._record = record
        self._room = room
        self._said = itertools.count(1)
        self._newest = 0
        self._last_time = 0.0

    async def begin(self, port: int) -> None:
        """Connect and join."""
        self._client = await connect(port, Program(self._event))
        await self._client.begin()
        await self._client.request("join", chatroom_id=self._room, chatter_name=self.name)

    async def say(self) -> None:
        """Say a message, and wait until it is stored."""
        text = f"#{self.name}-{next(self._said)}"
        answer = await self._ask("stored", "say", text=text)
        if answer is not None:
            self._record.add(self._room, answer["id"], self.name, text)
            self._record.stored[self._room].add(answer["id"])

    async def say_many(self) -> None:
        """Say more messages at once than the rate allows, and wait until all are stored."""
        await asyncio.gather(*(self.say() for _ in range(BATCH)))

    async def read(self) -> None:
        """Read the newest messages from the store."""
        answer = await self._ask("history", "history", limit=20)
        if answer is not None:
            ids = [message["id"] for message in answer["messages"]]
            times = [_seconds(message) for message in answer["messages"]]
            if ids != sorted(ids) or times != sorted(times):
                self._record.errors.append(f"{self.name}: the history is not in order")

    async def repeat(
        self, act: Callable[[], Coroutine[Any, Any, None]], pause: float, end: float
    ) -> None:
        """Call `act` again and again until the monotonic clock is at `end`."""
        while time.monotonic() < end:
            await act()
            await asyncio.sleep(pause)

    async def _ask(self, event: str, command: str, **parameters: object) -> dict[str, Any] | None:
        began = time.monotonic()
        answer = await self._client.request(command, chatroom_id=self._room, **parameters)
        self.answered.append(time.monotonic() - began)
        if answer["event"] == event:
            return answer
        self._record.errors.append(f"{self.name}: {answer}")
        return None

    def _event(self, event: dict[str, Any]) -> None:
        if event["event"] not in {"said", "joined", "left"}:
            return
        if (seconds := _seconds(event)) < self._last_time:
            self._record.errors.append(f"{self.name}: the time goes backwards: {event}")
        self._last_time = seconds
        if event["event"] == "said":
            if event["id"] <= self._newest:
                self._record.errors.append(f"{self.name}: the id goes backwards: {event}")
            self._newest = event["id"]
            self._record.add(self._room, event["id"], event["from"], event["text"])


async def clock(seconds: float, report: Report) -> None:
    """Run the scenario."""
    # The rate of frames alone decides how long a client waits.
    options = [
        "--rate",
        str(RATE),
        "--byte-rate",
        "0",
        *(word for room in ROOMS for word in ("--room", room)),
    ]
    with TemporaryDirectory(prefix="chatd-clock-") as directory:
        wall_clock = WallClock(Path(directory))
        async with running(*options, environment=wall_clock.environment) as daemon:
            began, record = time.monotonic(), DeliveryRecord()
            talkers = _participants(record, "talker", TALKERS)
            limited = _participants(record, "limited", LIMITED)
            readers = _participants(record, "reader", READERS)
            everybody = [*talkers, *limited, *readers]
            await all_of(each.begin(daemon.port) for each in everybody)
            end = time.monotonic() + seconds
            tasks = [
                asyncio.create_task(repeated)
                for repeated in (
                    *(each.repeat(each.say, SAYS_EVERY, end) for each in talkers),
                    *(each.repeat(each.say_many, 0, end) for each in limited),
                    *(each.repeat(each.read, READS_EVERY, end) for each in readers),
                )
            ]
            for offset in OFFSETS:
                wall_clock.set(offset)
                await asyncio.sleep(seconds / len(OFFSETS))
            _, unanswered = await asyncio.wait(tasks, timeout=BATCH / RATE + LATE + SETTLE)
            for task in unanswered:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            failed = sum(result is not None for result in results)
            report.check(
                "all requests are answered", not failed, f"{failed} clients wait" if failed else ""
            )
            _check_answers(report, "stored, of clients below their rate", talkers, LATE)
            _check_answers(report, "history", readers, LATE)
            _check_answers(report, "stored, of clients at their rate", limited, BATCH / RATE + LATE)
            uptime = _uptime(await daemon.admin("stats"))
            passed = time.monotonic() - began
            report.check("uptime is right", abs(uptime - passed) < LATE + 1, f"{uptime} s")
            report.check("the server stops", await daemon.stop() == 0)
            lost = record.lost(daemon.stored())
            report.check(f"none of {len(record):,} messages is lost", not lost, lost[:3] or "")
            report.check(
                "ids and times ascend, no request fails", not record.errors, record.errors[:3] or ""
            )
            report.check("no error in the log", not daemon.errors(), daemon.errors()[:3] or "")


def _participants(record: DeliveryRecord, name: str, number: int) -> list[Participant]:
    return [Participant(record, f"{name}-{n}", ROOMS[n % len(ROOMS)]) for n in range(number)]


def _check_answers(report: Report, what: str, clients: list[Participant], limit: float) -> None:
    answered = [seconds for client in clients for seconds in client.answered]
    report.check(
        f"{what}: {limit:g} s at most",
        bool(answered) and max(answered) <= limit,
        f"{len(answered):,} answers, {milliseconds(answered)}",
    )


def _uptime(lines: list[str]) -> int:
    found = (re.search(r"uptime: (-?\d+) s", line) for line in lines)
    return next(int(match[1]) for match in found if match)


def _seconds(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()
