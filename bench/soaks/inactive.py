"""Thousands of clients that do nothing: some have joined a room, some never send a frame."""

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
"""The part of a core that all idle clients may cost."""

KEPT: Final = 5 * MEBIBYTE
"""How much more memory may be in use after a second group of clients than after the first."""

SILENT: Final = 5_000
TRICKLE_EVERY: Final = 5.0
FIRST_FRAME: Final = 60
LATE: Final = 5.0
PATIENCE: Final = 2.0 * FIRST_FRAME
CLOSED_WITHIN: Final = 30.0
MINUTE: Final = 60.0


class Idler(Client):
    """A client that joins and says nothing; `heard` counts the messages it reads."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.name = f"idle{number}"
        self.room = str(number % ROOMS)
        self.heard = 0

    def received(self, frame: bytes) -> None:
        """Count a message."""
        super().received(frame)
        self.heard += b": #" in frame

    async def begin(self, port: int) -> None:
        """Connect and join."""
        await connect(port, self)
        await self.join(self.room, self.name)


class TimedClient(Client):
    """A client that measures how long its connection lasts, in seconds."""

    lifetime = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the measurement."""
        super().connection_made(transport)
        self._began = time.monotonic()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the measurement."""
        self.lifetime = time.monotonic() - self._began
        super().connection_lost(exc)


async def idle(seconds: float, report: Report) -> None:
    """Run the scenario: one group of clients stays for `seconds`, another leaves at once."""
    rooms = [word for number in range(ROOMS) for word in ("--room", str(number))]
    async with running("--max-clients", "0", *rooms) as daemon:
        witness = await connect(daemon.port, Client())
        await witness.join("0", "witness")
        memory, descriptors = daemon.memory(), daemon.descriptors()
        report.figure("start", f"{mebibytes(memory)}, {descriptors} descriptors")
        began = time.monotonic()
        idlers = await _connect_idlers(daemon, IDLE)
        full = daemon.memory()
        report.figure(
            f"{IDLE:,} have joined in {time.monotonic() - began:.1f} s",
            f"{mebibytes(full)}, {(full - memory) / IDLE / 1024:.1f} KiB each, "
            f"{daemon.descriptors()} descriptors",
        )
        share = await _wait(daemon, seconds, report)
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
        await _check_delivery(idlers, report)
        await _disconnect(daemon, idlers, descriptors, report)
        left = daemon.memory()
        report.figure("memory after they left", mebibytes(left))
        again = await _connect_briefly(daemon, IDLE)
        await _disconnect(daemon, again, descriptors, report)
        report.check(
            f"a second group of clients leaves {mebibytes(KEPT)} more at most",
            daemon.memory() - left <= KEPT,
            mebibytes(daemon.memory()),
        )
        report.check("no error in the log", not daemon.errors(), daemon.errors()[:3] or "")


async def silent(_: float, report: Report) -> None:
    """Run the scenario: no client completes a frame, so the server disconnects all of them.

    Every fifth client sends a byte from time to time, which must not extend its time.
    """
    async with running("--max-clients", "0", "--room", "1") as daemon:
        witness = await connect(daemon.port, Client())
        await witness.join("1", "witness")
        memory, descriptors = daemon.memory(), daemon.descriptors()
        clients = [TimedClient() for _ in range(SILENT)]
        await all_of(connect(daemon.port, client) for client in clients)
        stays = (_stays(client, trickles=n % 5 == 0) for n, client in enumerate(clients))
        ages, answers = await asyncio.gather(asyncio.gather(*stays), _answers(witness, FIRST_FRAME))
        report.figure(f"{SILENT:,} were closed after", f"{min(ages):.2f} to {max(ages):.2f} s")
        report.check(
            f"none stayed for more than {FIRST_FRAME + LATE:g} s, nor closed too soon",
            min(ages) >= FIRST_FRAME - 0.1 and max(ages) <= FIRST_FRAME + LATE,
        )
        report.figure("answers to another client meanwhile", milliseconds(answers))
        gone = await daemon.settles(descriptors, CLOSED_WITHIN)
        report.check("descriptors are back", gone is not None, daemon.descriptors())
        report.figure(
            "memory before and after", f"{mebibytes(memory)}, {mebibytes(daemon.memory())}"
        )
        report.check("the other client stays connected", not witness.closed.done())
        report.check("no error in the log", not daemon.errors(), daemon.errors()[:3] or "")


async def _connect_idlers(daemon: Daemon, number: int) -> Sequence[Idler]:
    idlers = [Idler(index) for index in range(number)]
    await all_of((idler.begin(daemon.port) for idler in idlers), AT_ONCE)
    return idlers


async def _connect_briefly(daemon: Daemon, number: int) -> Sequence[Idler]:
    """Let `number` clients join, and leave at once."""
    idlers = await _connect_idlers(daemon, number)
    for idler in idlers:
        idler.close()
    await asyncio.wait([idler.closed for idler in idlers])
    return idlers


async def _wait(daemon: Daemon, seconds: float, report: Report) -> float:
    """Wait, and print figures each minute; return the part of a core that the server used."""
    cpu, began = daemon.cpu_seconds(), time.monotonic()
    for minute in itertools.count(1):
        left = seconds - (time.monotonic() - began)
        if left <= 0:
            break
        share = await daemon.cpu_share(min(left, MINUTE))
        report.figure(
            f"minute {minute}",
            f"{mebibytes(daemon.memory())}, {daemon.descriptors()} descriptors, "
            f"{share:.3%} of a core",
        )
    return (daemon.cpu_seconds() - cpu) / (time.monotonic() - began)


async def _check_delivery(idlers: Sequence[Idler], report: Report) -> None:
    speakers = idlers[:ROOMS]
    for speaker in speakers:
        speaker.send("#is anybody here?")
    listeners = idlers[ROOMS:]
    await happens(lambda: all(listener.heard for listener in listeners), CLOSED_WITHIN)
    heard = sum(listener.heard for listener in listeners)
    report.check("all of them read messages", heard == len(listeners), f"{heard:,}")


async def _disconnect(
    daemon: Daemon, idlers: Sequence[Idler], descriptors: int, report: Report
) -> None:
    for idler in idlers:
        idler.close()
    took = await daemon.settles(descriptors, CLOSED_WITHIN)
    report.check(
        f"descriptors are back to {descriptors}",
        took is not None,
        f"{daemon.descriptors()}, after {took or CLOSED_WITHIN:.1f} s",
    )


async def _stays(client: TimedClient, *, trickles: bool) -> float:
    """Complete no frame until the server disconnects; return the seconds since the connect."""
    while not client.closed.done():
        if trickles:
            client.transport.write(b"x")
        await asyncio.wait([client.closed], timeout=TRICKLE_EVERY if trickles else PATIENCE)
    return client.lifetime


async def _answers(client: Client, seconds: float) -> list[float]:
    """Send a command once a second; return the seconds that each answer took."""
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        asked = time.monotonic()
        await client.ask("`list", "Server: ")
        times.append(time.monotonic() - asked)
        await asyncio.sleep(1)
    return times
