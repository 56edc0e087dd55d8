"""Clients of one remote address send as much as they can: a slow reader stays, and the store holds.

The server has its default limits, and sees the addresses that a proxy tells it.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from bench.soaks.clients import Client, all_of, connect_from
from bench.soaks.daemon import Daemon, running
from bench.soaks.report import Report

READER_BYTES: Final = 125_000
"""How many bytes a second the reader reads: 1 Mbit/s."""

STORE_BYTES: Final = 3_000_000_000
"""How many bytes a day the store may grow by."""

_DAY: Final = 86_400
_RECEIVE_BUFFER: Final = 8192
_READER: Final = "198.51.100.7"


class Case(NamedTuple):
    """A flood: how many clients send `data` without end, and in which room they are, if in any."""

    description: str
    clients: int
    room: str
    data: bytes


CASES: Final = (
    Case("say 16 KB", 16, "1", b"x" * 16_000 + b"\0"),
    Case("say one byte", 64, "1", b"x\0" * 1000),
    Case("send 16 KB in private", 64, "2", b"`secret Reader2 " + b"x" * 16_000 + b"\0"),
    Case("send telnet requests", 1, "", b"\xff\xfb\x01" * 10_000),
)


class SlowReader(Client):
    """A client that reads `READER_BYTES` a second, through a small buffer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to count."""
        super().connection_made(transport)
        self._began, self._read = time.monotonic(), 0

    def data_received(self, data: bytes) -> None:
        """Stop reading for as long as the data takes."""
        super().data_received(data)
        self._read += len(data)
        ahead = self._read / READER_BYTES - (time.monotonic() - self._began)
        if ahead > 0:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_later(ahead, self._resume)

    def _resume(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()


class Flooder(Client):
    """A client that sends data without end, as fast as the server reads."""

    def __init__(self) -> None:
        super().__init__()
        self._writable = asyncio.Event()
        self._writable.set()

    def pause_writing(self) -> None:
        """Wait: the server does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._writable.set()

    async def flood(self, data: bytes) -> None:
        """Send `data` again and again, until the connection ends or this is cancelled."""
        while not self.transport.is_closing():
            self.transport.write(data)
            await asyncio.sleep(0)
            await self._writable.wait()


async def flood(seconds: float, report: Report) -> None:
    """Run the scenario: each case takes `seconds`."""
    options = ("--listen", "haproxy:tcp:0:interface=127.0.0.1", "--room", "1", "--room", "2")
    async with running(*options) as daemon:
        for number, case in enumerate(CASES):
            await _run(daemon, case, number, seconds, report)
        report.check("no error in the log", not daemon.errors(), daemon.errors()[:3] or "")


async def _run(daemon: Daemon, case: Case, number: int, seconds: float, report: Report) -> None:
    # The server still processes what the clients of the case before have sent.
    host, names = f"203.0.113.{number}", [f"f{number}x{n}" for n in range(case.clients)]
    reader = SlowReader()
    await connect_from(_READER, daemon.ports[1], reader, _small_socket())
    await reader.join("1", f"Reader{number}")
    flooders = [Flooder() for _ in range(case.clients)]
    await all_of(connect_from(host, daemon.ports[1], flooder) for flooder in flooders)
    if case.room:
        await all_of(
            client.join(case.room, name) for client, name in zip(flooders, names, strict=True)
        )
    with _flooding(flooders, case.data):
        await asyncio.sleep(seconds / 2)  # after the bursts
        size, cpu, began = daemon.store_bytes(), daemon.cpu_seconds(), time.monotonic()
        await asyncio.sleep(seconds / 2)
        took = time.monotonic() - began
        growth = (daemon.store_bytes() - size) / took * _DAY
        share = (daemon.cpu_seconds() - cpu) / took
    name = f"{case.clients} clients {case.description}"
    stays = not reader.closed.done()
    report.check(f"{name}: a reader of 1 Mbit/s stays", stays, f"{share:.1%} of a core")
    report.check(
        f"{name}: the store grows by {STORE_BYTES / 1e9:g} GB a day at most",
        growth <= STORE_BYTES,
        f"{growth / 1e9:.2f} GB a day",
    )
    for client in (reader, *flooders):
        client.transport.abort()
    await asyncio.wait([client.closed for client in (reader, *flooders)])


def _small_socket() -> socket.socket:
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    return reader


@contextmanager
def _flooding(flooders: Sequence[Flooder], data: bytes) -> Iterator[None]:
    """Let all flood until the block ends."""
    tasks = [asyncio.create_task(flooder.flood(data)) for flooder in flooders]
    yield
    for task in tasks:
        task.cancel()
