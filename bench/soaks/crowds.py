"""Crowds that do little or nothing: thousands who stay, thousands who never say a word."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import Final

from bench.soaks.clients import AT_ONCE, Client, all_of, connect
from bench.soaks.daemon import Daemon, happens, running
from bench.soaks.report import MEBIBYTE, Report, mebibytes, milliseconds

IDLE: Final = 10_000
ROOMS: Final = 100
MEMORY_EACH: Final = 10 * 1024
IDLE_CPU: Final = 0.01
"""Of a core."""

KEPT: Final = 5 * MEBIBYTE
"""How much more memory a second crowd may leave behind than the first."""

SILENT: Final = 5_000
TRICKLE_EVERY: Final = 5.0
FIRST_FRAME: Final = 60
LATE: Final = 5.0
PATIENCE: Final = 2.0 * FIRST_FRAME
GONE_WITHIN: Final = 30.0
MINUTE: Final = 60.0


class Idler(Client):
    """Joins and says nothing; counts what is said."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.name = f"idle{number}"
        self.room = str(number % ROOMS)
        self.heard = 0

    def received(self, frame: bytes) -> None:
        """Take a frame."""
        super().received(frame)
        self.heard += b": #" in frame

    async def begin(self, port: int) -> None:
        """Connect and join."""
        await connect(port, self)
        await self.join(self.room, self.name)


class Crowded(Client):
    """Notes how long the server leaves it there."""

    lived = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        super().connection_made(transport)
        self._began = time.monotonic()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        self.lived = time.monotonic() - self._began
        super().connection_lost(exc)


async def idle(seconds: float, report: Report) -> None:
    """Run it: a crowd that stays for `seconds`, then another that goes at once."""
    rooms = [word for number in range(ROOMS) for word in ("--room", str(number))]
    async with running("--max-clients", "0", *rooms) as daemon:
        witness = await connect(daemon.port, Client())
        await witness.join("0", "witness")
        memory, descriptors = daemon.memory(), daemon.descriptors()
        report.figure("start", f"{mebibytes(memory)}, {descriptors} descriptors")
        began = time.monotonic()
        idlers = await _come(daemon, IDLE)
        full = daemon.memory()
        report.figure(
            f"{IDLE:,} have joined in {time.monotonic() - began:.1f} s",
            f"{mebibytes(full)}, {(full - memory) / IDLE / 1024:.1f} KiB each, {daemon.descriptors()} descriptors",
        )
        share = await _hold(daemon, seconds, report)
        report.check(
            f"they cost {IDLE_CPU:.0%} of a core at most", share <= IDLE_CPU, f"{share:.3%}"
        )
        report.check(
            "and no more memory for being there",
            daemon.memory() - full <= KEPT,
            mebibytes(daemon.memory()),
        )
        report.check(f"{MEMORY_EACH // 1024} KiB each at most", full - memory <= IDLE * MEMORY_EACH)
        here = sum(not idler.closed.done() for idler in idlers)
        report.check("all are still there", here == IDLE, here)
        await _all_hear(idlers, report)
        await _go(daemon, idlers, descriptors, report)
        left = daemon.memory()
        report.figure("memory when they have gone", mebibytes(left))
        again = await _pass_by(daemon, IDLE)
        await _go(daemon, again, descriptors, report)
        report.check(
            f"a second crowd leaves {mebibytes(KEPT)} more at most",
            daemon.memory() - left <= KEPT,
            mebibytes(daemon.memory()),
        )
        report.check("no fault in the log", not daemon.faults(), daemon.faults()[:3] or "")


async def silent(_: float, report: Report) -> None:
    """Run it: most say nothing, some a byte every few seconds, and none is there after the time for a first frame."""
    async with running("--max-clients", "0", "--room", "1") as daemon:
        witness = await connect(daemon.port, Client())
        await witness.join("1", "witness")
        memory, descriptors = daemon.memory(), daemon.descriptors()
        crowd = [Crowded() for _ in range(SILENT)]
        await all_of(connect(daemon.port, one) for one in crowd)
        stays = (_stays(one, trickles=number % 5 == 0) for number, one in enumerate(crowd))
        ages, answers = await asyncio.gather(asyncio.gather(*stays), _answers(witness, FIRST_FRAME))
        report.figure(f"{SILENT:,} were closed after", f"{min(ages):.2f} to {max(ages):.2f} s")
        report.check(
            f"none was there for more than {FIRST_FRAME + LATE:g} s, nor closed too soon",
            min(ages) >= FIRST_FRAME - 0.1 and max(ages) <= FIRST_FRAME + LATE,
        )
        report.figure("answers to who speaks meanwhile", milliseconds(answers))
        gone = await daemon.settles(descriptors, GONE_WITHIN)
        report.check("descriptors are back", gone is not None, daemon.descriptors())
        report.figure(
            "memory before and after", f"{mebibytes(memory)}, {mebibytes(daemon.memory())}"
        )
        report.check("who speaks was left alone", not witness.closed.done())
        report.check("no fault in the log", not daemon.faults(), daemon.faults()[:3] or "")


async def _come(daemon: Daemon, number: int) -> Sequence[Idler]:
    idlers = [Idler(place) for place in range(number)]
    await all_of((idler.begin(daemon.port) for idler in idlers), AT_ONCE)
    return idlers


async def _pass_by(daemon: Daemon, number: int) -> Sequence[Idler]:
    """Let so many come, and go at once."""
    idlers = await _come(daemon, number)
    for idler in idlers:
        idler.close()
    await asyncio.wait([idler.closed for idler in idlers])
    return idlers


async def _hold(daemon: Daemon, seconds: float, report: Report) -> float:
    """Wait, print figures each minute; return which part of a core the server took."""
    cpu, began = daemon.cpu_seconds(), time.monotonic()
    for minute in itertools.count(1):
        left = seconds - (time.monotonic() - began)
        if left <= 0:
            break
        share = await daemon.cpu_share(min(left, MINUTE))
        report.figure(
            f"minute {minute}",
            f"{mebibytes(daemon.memory())}, {daemon.descriptors()} descriptors, {share:.3%} of a core",
        )
    return (daemon.cpu_seconds() - cpu) / (time.monotonic() - began)


async def _all_hear(idlers: Sequence[Idler], report: Report) -> None:
    speakers = idlers[:ROOMS]
    for speaker in speakers:
        speaker.send("#is anybody here?")
    listeners = idlers[ROOMS:]
    await happens(lambda: all(one.heard for one in listeners), GONE_WITHIN)
    heard = sum(one.heard for one in listeners)
    report.check("and all of them hear what is said", heard == len(listeners), f"{heard:,}")


async def _go(daemon: Daemon, idlers: Sequence[Idler], descriptors: int, report: Report) -> None:
    for idler in idlers:
        idler.close()
    took = await daemon.settles(descriptors, GONE_WITHIN)
    report.check(
        f"descriptors are back to {descriptors}",
        took is not None,
        f"{daemon.descriptors()}, after {took or GONE_WITHIN:.1f} s",
    )


async def _stays(client: Crowded, *, trickles: bool) -> float:
    """End no frame; return after how many seconds since it connected the server closes."""
    while not client.closed.done():
        if trickles:
            client.transport.write(b"x")
        await asyncio.wait([client.closed], timeout=TRICKLE_EVERY if trickles else PATIENCE)
    return client.lived


async def _answers(client: Client, seconds: float) -> list[float]:
    """Ask for something once a second; return how long each answer took."""
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        asked = time.monotonic()
        await client.ask("`list", "Server: ")
        times.append(time.monotonic() - asked)
        await asyncio.sleep(1)
    return times
