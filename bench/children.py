"""The processes that the benchmark starts: each on its own core, for a limited time."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.build import BenchError
from bench.servers import Server, search_path

START_SECONDS: Final = 20
"""The time in which a server has to listen."""

STOP_SECONDS: Final = 5
"""The time in which a server has to stop before it is killed."""

LIFETIME_SECONDS: Final = 900
"""The time after which an alarm ends a child, in case the benchmark was killed."""

_ROOT: Final = Path(__file__).parent.parent
_PORT: Final = re.compile(rb"listening (?:for IRC )?at \('?127\.0\.0\.1'?, (\d+)\)")


@dataclass(frozen=True)
class Cores:
    """The cores of the server and of the load generator; None is any core."""

    server: int | None
    generator: int | None


@dataclass(frozen=True)
class Running:
    """A server that listens at `port` of 127.0.0.1, with the ids of all its processes.

    `irc_port` is None if there is no other port for IRC.
    """

    port: int
    pids: tuple[int, ...]
    irc_port: int | None = None


def choose_cores() -> Cores:
    """Return different cores for server and generator, if this process may use two."""
    if not hasattr(os, "sched_getaffinity"):
        raise BenchError("the benchmark needs Linux")
    cores = sorted(os.sched_getaffinity(0))
    return Cores(cores[1], cores[0]) if len(cores) > 1 else Cores(None, None)


@contextmanager
def serving(server: Server, core: int | None) -> Iterator[Running]:
    """Run a server in a temporary directory until the block ends."""
    with TemporaryDirectory(prefix="chatd-bench-") as directory:
        port = 0 if server.prints_port else _free_port()
        command = server.command(Path(directory), port)
        log = Path(directory, "log")
        with log.open("wb") as output:
            child = subprocess.Popen(
                command,
                cwd=directory,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=_confine(core),  # noqa: PLW1509 -- the benchmark has one thread
            )
        try:
            ports = _wait_for_ports(child, log, 2 if server.irc_port else 1, port)
            yield Running(ports[0], _with_children(child.pid), *ports[1:])
        finally:
            _stop(child)


def output_of(command: Sequence[str], core: int | None) -> str:
    """Return the output of a program; raise `BenchError` with its last line if it fails."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_confine(core),  # noqa: PLW1509 -- the benchmark has one thread
    ) as child:
        try:
            output, errors = child.communicate(timeout=LIFETIME_SECONDS)
        finally:
            _stop(child)
    if child.returncode != 0:
        raise BenchError(_last_line(errors) or f"{command[0]} ended with {child.returncode}")
    return output


def _environment() -> dict[str, str]:
    """Return an environment in which Python imports the chatd of this checkout."""
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": paths, "PATH": search_path()}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _with_children(pid: int) -> tuple[int, ...]:
    """Return the ids of a process and of all its descendants."""
    tasks = Path(f"/proc/{pid}/task")
    started = " ".join(path.read_text() for path in tasks.glob("*/children"))
    return (pid, *(found for child in started.split() for found in _with_children(int(child))))


def _confine(core: int | None) -> Callable[[], None]:
    def confine() -> None:
        signal.alarm(LIFETIME_SECONDS)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if core is not None:
            os.sched_setaffinity(0, {core})

    return confine


def _wait_for_ports(
    server: subprocess.Popen[bytes], log: Path, count: int, port: int
) -> Sequence[int]:
    """Wait until a server listens; return the first `count` ports in its log, or else `port`."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        ended = server.poll() is not None
        text = log.read_bytes()
        found = _PORT.findall(text)
        if len(found) >= count:
            return [int(number) for number in found[:count]]
        if ended:
            reason = _last_line(text.decode(errors="replace"))
            raise BenchError(f"the server did not start: {reason or 'it printed nothing'}")
        if port and _is_open(port):
            return [port]
        if time.monotonic() > deadline:
            raise BenchError(f"the server does not listen after {START_SECONDS} s")
        time.sleep(0.02)


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _stop(child: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
