"""A real `twistd -n chatd` in a process of its own: how it is started, watched, asked and ended."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.build import BenchError

START_SECONDS: Final = 30
STOP_SECONDS: Final = 30
BACKLOG: Final = 4096

_ROOT: Final = Path(__file__).parents[2]
_PORT: Final = re.compile(r"listening at \(127\.0\.0\.1, (\d+)\)")
_TOO_SLOW: Final = re.compile(
    r"connection from \('[\d.]+', (\d+)\) aborted: it does not read, (\d+) bytes wait"
)
_FAULT: Final = re.compile(r"Traceback|#critical|#error|Unhandled|met a fault")
_PAGE: Final = resource.getpagesize()
_TICK: Final = os.sysconf("SC_CLK_TCK")


class Daemon:
    """A server that listens at `port` of 127.0.0.1."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.port = 0
        self._folder = folder
        self._process = process
        self._proc = Path("/proc", str(process.pid))

    # -- what it takes of the machine

    def memory(self) -> int:
        """Return how much memory it has, in bytes."""
        return int((self._proc / "statm").read_text().split()[1]) * _PAGE

    def descriptors(self) -> int:
        """Return how many descriptors it has open."""
        return len(list((self._proc / "fd").iterdir()))

    def cpu_seconds(self) -> float:
        """Return how much processor time it has had."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    async def cpu_share(self, seconds: float) -> float:
        """Return which part of a core it takes in the time to come."""
        before, began = self.cpu_seconds(), time.monotonic()
        await asyncio.sleep(seconds)
        return (self.cpu_seconds() - before) / (time.monotonic() - began)

    async def settles(self, descriptors: int, seconds: float) -> float | None:
        """Wait until no more descriptors are open; return how long that took, None if it did not come to be."""
        return await happens(lambda: self.descriptors() <= descriptors, seconds)

    # -- what it says

    def log(self) -> Iterator[str]:
        """Return the lines of its log."""
        with (self._folder / "chatd.log").open(encoding="utf-8", errors="replace") as lines:
            yield from lines

    def faults(self) -> list[str]:
        """Return the lines of its log that are none of a server in health."""
        return [line.strip() for line in self.log() if _FAULT.search(line)]

    def aborted(self) -> dict[int, int]:
        """Return who was aborted because he did not read: his port, and how many bytes waited."""
        found = (_TOO_SLOW.search(line) for line in self.log())
        return {int(match[1]): int(match[2]) for match in found if match}

    async def admin(self, *commands: str) -> list[str]:
        """Have the console carry out commands; return what it answers."""
        reader, writer = await asyncio.open_unix_connection(str(self._folder / "admin"))
        writer.write("".join(f"{command}\n" for command in commands).encode())
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer.decode().splitlines()

    def stored(self) -> dict[tuple[str, int], tuple[str, str]]:
        """Return all messages in the store: sender and text, by room and id."""
        with closing(sqlite3.connect(self._folder / "chatd.db")) as database:
            rows = database.execute("SELECT room, id, sender, text FROM messages")
            return {(room, number): (sender, text) for room, number, sender, text in rows}

    # -- its end

    async def stop(self) -> int:
        """End it in order, as systemd does; return the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        if await happens(lambda: self._process.poll() is not None, STOP_SECONDS) is None:
            self._process.kill()
        return self._process.wait()

    async def starts(self) -> None:
        """Wait until it listens; raise `BenchError` if it does not."""
        log = self._folder / "chatd.log"

        def listens() -> bool:
            found = log.exists() and _PORT.search(log.read_text())
            self.port = int(found[1]) if found else 0
            return bool(self.port) or self._process.poll() is not None

        await happens(listens, START_SECONDS)
        if not self.port:
            raise BenchError(f"the server does not start: see {log}")


@asynccontextmanager
async def running(*options: str, descriptors: int | None = None) -> AsyncIterator[Daemon]:
    """Run a server, with so many descriptors at most, in a folder of its own until the block ends."""
    _want_descriptors()
    twistd = Path(sys.executable).with_name("twistd")
    # Whom a full backlog turns away believes to be connected.
    listen = ("--listen", f"tcp:0:interface=127.0.0.1:backlog={BACKLOG}")
    doors = (*listen, "--admin", "admin", "--no-console")
    command = [sys.executable, twistd, "-n", "--pidfile=", "--logfile", "chatd.log", "chatd"]
    with TemporaryDirectory(prefix="chatd-soak-") as folder:
        process = subprocess.Popen(
            [*map(str, command), *doors, *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.DEVNULL,
            preexec_fn=_confine(descriptors),  # noqa: PLW1509 -- there is one thread
        )
        daemon = Daemon(Path(folder), process)
        try:
            await daemon.starts()
            yield daemon
        finally:
            await daemon.stop()


async def happens(condition: Callable[[], object], seconds: float) -> float | None:
    """Wait until something is so; return how long that took, or None if it did not come to be."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            return None
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def _want_descriptors() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _confine(descriptors: int | None) -> Callable[[], None]:
    def confine() -> None:
        if descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    return confine
