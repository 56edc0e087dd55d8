"""Clients that never read, in a busy room: they are aborted, and other clients notice nothing."""

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
"""By how many seconds the others' 99th percentile may rise, on a shared machine."""

PATIENCE: Final = 120
NOTICED_WITHIN: Final = 0.5

_STAMP: Final = 16


class Reader(Client):
    """A client that measures the latency of one message in each read."""

    def __init__(self) -> None:
        super().__init__()
        self.latencies: list[float] = []

    def data_received(self, data: bytes) -> None:
        """Measure the first message; parsing all messages takes more than one core."""
        at = data.find(b"#")
        stamp = data[at + 1 : at + 1 + _STAMP]
        if at < 0:
            super().data_received(data)
        elif len(stamp) == _STAMP:
            self.latencies.append(time.monotonic() - float(stamp))


class Room:
    """The room with its readers and speakers."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.bytes_said = 0
        self.memory = 0
        self.readers = [Reader() for _ in range(READERS)]
        self.speakers = [Reader() for _ in range(SPEAKERS)]

    async def begin(self) -> None:
        """Connect readers and speakers."""
        clients = (*self.readers, *self.speakers)
        await all_of(connect(self.daemon.port, client) for client in clients)
        await all_of(client.join("1", f"n{number}") for number, client in enumerate(clients))

    async def talk(self) -> None:
        """Say `RATE` messages a second until cancelled, and record the server's memory."""
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
        """Measure for `seconds`; return the latencies of all readers."""
        for reader in self.readers:
            reader.latencies.clear()
        await asyncio.sleep(seconds)
        return [latency for reader in self.readers for latency in reader.latencies]

    async def connect_stuck(self, number: int) -> tuple[socket.socket, int]:
        """Connect a client that never reads; return its socket, and the bytes said before."""
        loop = asyncio.get_running_loop()
        sock = socket.socket()
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", self.daemon.port))
        await loop.sock_sendall(sock, f"`join 1 stuck{number}\0".encode())
        return sock, self.bytes_said


async def stuck(seconds: float, report: Report) -> None:
    """Run the scenario; `seconds` are measured before the stuck clients, and after them."""
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
            for sock, said in [await room.connect_stuck(n) for n in range(STUCK)]
        }
        began, most = time.monotonic(), 0
        kernel = _kernel_buffers(next(iter(left.values()))[0])
        while left and time.monotonic() - began < PATIENCE:
            await happens(lambda: left.keys() & daemon.aborted().keys(), NOTICED_WITHIN)
            for port in left.keys() & daemon.aborted().keys():
                sock, said = left.pop(port)
                sock.close()
                most = max(most, room.bytes_said - said)
        took = time.monotonic() - began
        during = [latency for reader in room.readers for latency in reader.latencies]
        report.figure("while the stuck clients were connected", milliseconds(during))
        after = await room.latencies(seconds)
        report.figure("after", milliseconds(after))
        talk.cancel()
        waited = daemon.aborted().values()
        report.check(
            f"the {STUCK} were aborted, and the log says why",
            not left and len(waited) == STUCK,
            f"after {took:.1f} s",
        )
        bound = QUEUE + kernel + RATE * LENGTH
        report.check(
            "before more was said than the send queue, the kernel's buffers and one second hold",
            most <= bound,
            f"{mebibytes(most)} of {mebibytes(bound)}; waited: {mebibytes(max(waited, default=0))}",
        )
        report.check(
            f"the server used {mebibytes(MEMORY)} at most",
            room.memory - start <= MEMORY,
            f"{mebibytes(start)} to {mebibytes(room.memory)}",
        )
        connected = sum(not reader.closed.done() for reader in room.readers)
        report.check("all other clients are connected", connected == READERS, connected)
        slower = max(percentile(during, 0.99), percentile(after, 0.99)) - percentile(before, 0.99)
        report.check(
            f"their p99 rose by {SLOWER * 1e3:g} ms at most",
            slower <= SLOWER,
            f"{slower * 1e3:.2f} ms",
        )
        report.check("no error in the log", not daemon.errors(), daemon.errors()[:3] or "")


def _kernel_buffers(sock: socket.socket) -> int:
    """Return how many bytes the kernel may buffer, on the sending and the receiving side."""
    sends = int(Path("/proc/sys/net/ipv4/tcp_wmem").read_text().split()[2])
    return sends + sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
