"""Clients that never read, in a busy room: they are dropped in time, and nobody else notices."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path
from typing import Final

from bench.soaks.clients import Client, all_of, connect
from bench.soaks.daemon import Daemon, happens, running
from bench.soaks.report import MEBIBYTE, Report, mebibytes, milliseconds, percentile

READERS: Final = 200
STUCK: Final = 20
SPEAKERS: Final = 4
RATE: Final = 200
LENGTH: Final = 4096
QUEUE: Final = 1_048_576
MEMORY: Final = 40 * MEBIBYTE
SLOWER: Final = 0.05
"""By how much the 99th percentile of the others may rise, on a machine that is shared."""

PATIENCE: Final = 120
NOTICED_WITHIN: Final = 0.5

_STAMP: Final = 16


class Reader(Client):
    """Reads, and notes for each read how long a message in it was on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.latencies: list[float] = []

    def data_received(self, data: bytes) -> None:
        """Look for a message; taking all of them apart is more than one core of ours can do."""
        at = data.find(b"#")
        stamp = data[at + 1 : at + 1 + _STAMP]
        if at < 0:
            super().data_received(data)
        elif len(stamp) == _STAMP:
            self.latencies.append(time.monotonic() - float(stamp))


class Room:
    """The room, those who read in it, and those who do not."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.bytes_said = 0
        self.memory = 0
        self.readers = [Reader() for _ in range(READERS)]
        self.speakers = [Reader() for _ in range(SPEAKERS)]

    async def begin(self) -> None:
        """Let readers and speakers in."""
        people = (*self.readers, *self.speakers)
        await all_of(connect(self.daemon.port, one) for one in people)
        await all_of(one.join("1", f"n{number}") for number, one in enumerate(people))

    async def talk(self) -> None:
        """Say `RATE` messages a second, until cancelled; note how much memory the server takes."""
        began, said = time.monotonic(), 0
        while True:
            while said < (time.monotonic() - began) * RATE:
                text = f"#{time.monotonic():{_STAMP}.6f} ".ljust(LENGTH, "x")
                self.speakers[said % SPEAKERS].send(text)
                said += 1
                self.bytes_said += LENGTH
            self.memory = max(self.memory, self.daemon.memory())
            await asyncio.sleep(1 / RATE)

    async def latencies(self, seconds: float) -> list[float]:
        """Return those of all readers in the time to come."""
        for reader in self.readers:
            reader.latencies.clear()
        await asyncio.sleep(seconds)
        return [latency for reader in self.readers for latency in reader.latencies]

    async def stick(self, number: int) -> tuple[socket.socket, int]:
        """Let one in who never reads; return with how much had been said by then."""
        loop = asyncio.get_running_loop()
        sock = socket.socket()
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", self.daemon.port))
        await loop.sock_sendall(sock, f"`join 1 stuck{number}\0".encode())
        return sock, self.bytes_said


async def stuck(seconds: float, report: Report) -> None:
    """Run it: `seconds` before the stuck come, and as long after they have gone."""
    async with running("--rate", "0", "--send-queue", str(QUEUE), "--room", "1") as daemon:
        start, room = daemon.memory(), Room(daemon)
        await room.begin()
        talk = asyncio.create_task(room.talk())
        await asyncio.sleep(1)
        before = await room.latencies(seconds)
        report.figure("before", milliseconds(before))
        for reader in room.readers:
            reader.latencies.clear()
        left = {
            sock.getsockname()[1]: (sock, said)
            for sock, said in [await room.stick(n) for n in range(STUCK)]
        }
        began, most = time.monotonic(), 0
        kernel = _kernel_holds(next(iter(left.values()))[0])
        while left and time.monotonic() - began < PATIENCE:
            await happens(lambda: left.keys() & daemon.aborted().keys(), NOTICED_WITHIN)
            for port in left.keys() & daemon.aborted().keys():
                sock, said = left.pop(port)
                sock.close()
                most = max(most, room.bytes_said - said)
        took = time.monotonic() - began
        during = [latency for reader in room.readers for latency in reader.latencies]
        report.figure("while the stuck were there", milliseconds(during))
        after = await room.latencies(seconds)
        report.figure("after", milliseconds(after))
        talk.cancel()
        waited = daemon.aborted().values()
        report.check(
            f"the {STUCK} were dropped, and the log says why",
            not left and len(waited) == STUCK,
            f"after {took:.1f} s",
        )
        bound = QUEUE + kernel + RATE * LENGTH
        report.check(
            "when no more was said than the send queue, the buffers of the kernel, and a second's talk hold",
            most <= bound,
            f"{mebibytes(most)} of {mebibytes(bound)}; waited: {mebibytes(max(waited, default=0))}",
        )
        report.check(
            f"the server took {mebibytes(MEMORY)} at most",
            room.memory - start <= MEMORY,
            f"{mebibytes(start)} to {mebibytes(room.memory)}",
        )
        here = sum(not reader.closed.done() for reader in room.readers)
        report.check("all others are there", here == READERS, here)
        slower = max(percentile(during, 0.99), percentile(after, 0.99)) - percentile(before, 0.99)
        report.check(
            f"their p99 rose by {SLOWER * 1e3:g} ms at most",
            slower <= SLOWER,
            f"{slower * 1e3:.2f} ms",
        )
        report.check("no fault in the log", not daemon.faults(), daemon.faults()[:3] or "")


def _kernel_holds(sock: socket.socket) -> int:
    """Return how much the kernel may hold: what the server's side may send, and this side receive."""
    sends = int(Path("/proc/sys/net/ipv4/tcp_wmem").read_text().split()[2])
    return sends + sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
