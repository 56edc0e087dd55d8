"""A real `twistd -n chatd` in its own process: start, measure, administer and stop it."""

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
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.build import BenchError

START_SECONDS: Final = 30
STOP_SECONDS: Final = 30

_ROOT: Final = Path(__file__).parents[2]
_PORT: Final = re.compile(r"listening at \(127\.0\.0\.1, (\d+)\)")
_TOO_SLOW: Final = re.compile(
    r"connection from \('[\d.]+', (\d+)\) aborted: it does not read, (\d+) bytes wait"
)
_FAULT: Final = re.compile(r"Traceback|#critical|#error|Unhandled")
_PAGE: Final = resource.getpagesize()
_TICK: Final = os.sysconf("SC_CLK_TCK")


class Daemon:
    """A server that listens at `ports` of 127.0.0.1: first its own, then those of its options.

    `start` starts its process at a port, 0 for any.
    """

    def __init__(self, directory: Path, start: Callable[[int], subprocess.Popen[bytes]]) -> None:
        self.ports: list[int] = []
        self._directory = directory
        self._start = start
        self._run()

    def _run(self) -> None:
        self._process = self._start(self.ports[0] if self.ports else 0)
        self._proc = Path("/proc", str(self._process.pid))

    @property
    def port(self) -> int:
        """The port that every server has."""
        return self.ports[0]

    # -- resources

    def memory(self) -> int:
        """Return the resident memory, in bytes."""
        return int((self._proc / "statm").read_text().split()[1]) * _PAGE

    def descriptors(self) -> int:
        """Return the number of open descriptors."""
        return len(list((self._proc / "fd").iterdir()))

    def cpu_seconds(self) -> float:
        """Return the CPU time it has used."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    async def cpu_share(self, seconds: float) -> float:
        """Measure for `seconds`; return the part of a core that the server used."""
        before, began = self.cpu_seconds(), time.monotonic()
        await asyncio.sleep(seconds)
        return (self.cpu_seconds() - before) / (time.monotonic() - began)

    async def settles(self, descriptors: int, seconds: float) -> float | None:
        """Wait until at most `descriptors` are open; return the seconds, or None if late."""
        return await happens(lambda: self.descriptors() <= descriptors, seconds)

    # -- its log, console and store

    def log(self) -> Iterator[str]:
        """Yield the lines of the log."""
        with (self._directory / "chatd.log").open(encoding="utf-8", errors="replace") as lines:
            yield from lines

    def errors(self) -> list[str]:
        """Return the lines of the log that report errors or tracebacks."""
        return [line.strip() for line in self.log() if _FAULT.search(line)]

    def aborted(self) -> dict[int, int]:
        """Return the connections aborted for not reading: bytes that waited, by client port."""
        found = (_TOO_SLOW.search(line) for line in self.log())
        return {int(match[1]): int(match[2]) for match in found if match}

    async def admin(self, *commands: str) -> list[str]:
        """Run commands on the console; return the lines that it prints."""
        reader, writer = await asyncio.open_unix_connection(str(self._directory / "admin"))
        writer.write("".join(f"{command}\n" for command in commands).encode())
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer.decode().splitlines()

    def stored(self) -> dict[tuple[str, int], tuple[str, str]]:
        """Return all messages in the store: sender and text, by room and id."""
        with closing(sqlite3.connect(self._directory / "chatd.db")) as database:
            rows = database.execute("SELECT room, id, sender, text FROM messages")
            return {(room, number): (sender, text) for room, number, sender, text in rows}

    def store_bytes(self) -> int:
        """Return the size of the database, with what is still in its WAL."""
        with closing(sqlite3.connect(self._directory / "chatd.db")) as database:
            (pages,) = database.execute("PRAGMA page_count").fetchone()
            (size,) = database.execute("PRAGMA page_size").fetchone()
            return int(pages * size)

    # -- start and stop

    async def stop(self) -> int:
        """Stop the server with SIGTERM, or kill it if it hangs; return the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        if await happens(lambda: self._process.poll() is not None, STOP_SECONDS) is None:
            self._process.kill()
        return self._process.wait()

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        self._process.kill()
        self._process.wait()

    async def start_again(self) -> None:
        """Start the server that was killed, at the same port, with an empty log."""
        (self._directory / "chatd.log").unlink()
        listeners = len(self.ports)
        self._run()
        await self.wait_until_listening(listeners)

    async def wait_until_listening(self, listeners: int) -> None:
        """Wait until the server listens; raise `BenchError` if it does not."""
        log = self._directory / "chatd.log"

        def listens() -> bool:
            found = _PORT.findall(log.read_text()) if log.exists() else []
            self.ports = [int(port) for port in found]
            return len(self.ports) == listeners or self._process.poll() is not None

        await happens(listens, START_SECONDS)
        if len(self.ports) != listeners:
            raise BenchError(f"the server does not start: see {log}")


@asynccontextmanager
async def running(
    *options: str, descriptors: int | None = None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Daemon]:
    """Run a server in a temporary directory until the block ends.

    `descriptors` limits the number of its open descriptors, `environment` has further variables.
    """
    _raise_descriptor_limit()
    twistd = Path(sys.executable).with_name("twistd")
    command = [sys.executable, twistd, "-n", "--pidfile=", "--logfile", "chatd.log", "chatd"]
    endpoints = ("--admin", "admin", "--no-console")
    with TemporaryDirectory(prefix="chatd-soak-") as directory:

        def start(port: int) -> subprocess.Popen[bytes]:
            listen = ("--listen", f"tcp:{port}:interface=127.0.0.1")
            return subprocess.Popen(
                [*map(str, command), *listen, *endpoints, *options],
                cwd=directory,
                env={**os.environ, "PYTHONPATH": str(_ROOT), **(environment or {})},
                stdin=subprocess.DEVNULL,
                preexec_fn=_confine(descriptors),  # noqa: PLW1509 -- there is one thread
            )

        daemon = Daemon(Path(directory), start)
        try:
            await daemon.wait_until_listening(1 + options.count("--listen"))
            yield daemon
        finally:
            await daemon.stop()


async def happens(condition: Callable[[], object], seconds: float) -> float | None:
    """Wait until `condition` is true; return the seconds that took, or None after `seconds`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            return None
        await asyncio.sleep(0.02)
    return time.monotonic() - began


def _raise_descriptor_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _confine(descriptors: int | None) -> Callable[[], None]:
    def confine() -> None:
        if descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    return confine
