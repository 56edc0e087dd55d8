"""The servers that are measured: their commands, their protocols, and their scenarios."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import peers
from bench.build import BenchError, program
from bench.scenarios import SCENARIOS, Scenario

Command = Callable[[Path, int], list[str]]
"""Returns the command that runs a server in a directory, on a port.

A server that prints its own port ignores the port.
"""

_MIXED: Final = frozenset("JL")
_IRC: Final = frozenset("KL")
_UNMIXED: Final = frozenset(SCENARIOS) - _MIXED - _IRC


@dataclass(frozen=True)
class Server:
    """A server that can be measured.

    `package` is its program, and its package in Debian, for a server that is not of this project.
    A server that `prints_port` chooses its port itself; with `irc_port` it chooses a second one,
    for IRC, and prints it after the first. A `mixed` server understands all protocols of its mixed
    scenarios. `at_once` is the number of clients that connect at the same time; it is less than the
    backlog of the server's listening socket.
    """

    name: str
    title: str
    protocol: str
    command: Command
    scenarios: frozenset[str] = _UNMIXED
    package: str | None = None
    prints_port: bool = False
    irc_port: bool = False
    mixed: bool = False
    at_once: int = 32

    def why_not(self) -> str | None:
        """Return why the server cannot run, or None if it can."""
        if self.package is None or shutil.which(self.package, path=search_path()):
            return None
        return f"{self.title} is left out: install it (on Debian: apt install {self.package})"

    def version(self) -> str | None:
        """Return the first line of its `--version`, or None if it is no installed package."""
        if self.package is None or self.why_not() is not None:
            return None
        printed = subprocess.run(
            [self.package, "--version"],
            env={**os.environ, "PATH": search_path()},
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return next(iter(printed.stdout.splitlines()), "")

    def load(self, scenario: Scenario) -> dict[str, object]:
        """Return the options of the load generator that depend on the server."""
        mixed = self.mixed and scenario.is_mixed
        return {
            "protocols": ",".join(scenario.protocols) if mixed else self.protocol,
            "json": scenario.json if mixed else 0,
            "at_once": self.at_once,
        }


def search_path() -> str:
    """Return the PATH for servers: Debian installs daemons into a directory for root."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


_LISTEN: Final = "tcp:0:interface=127.0.0.1"
_MEMORY: Final = ("--store", "memory:")
_NO_LIMITS: Final = ("--rate", "0", "--max-clients", "0")


def _chatd(*options: str) -> Command:
    def command(_directory: Path, _port: int) -> list[str]:
        twistd = Path(sys.executable).with_name("twistd")
        if not twistd.exists():
            raise BenchError(f"there is no twistd beside {sys.executable}: install chatd there")
        words = ["--listen", _LISTEN, "--admin", "", "--no-console", *_NO_LIMITS, *options]
        return [sys.executable, str(twistd), "-n", "--pidfile=", "chatd", *words]

    return command


def _python(module: str) -> Command:
    return lambda _directory, _port: [sys.executable, "-m", module]


def _floor(_directory: Path, _port: int) -> list[str]:
    return [str(program("floor")), "16384"]


CHATD: Final = "chatd"
CHATD_MEMORY: Final = "chatd-memory"
CHATD_IRC: Final = "chatd-irc"
"""The server with an IRC port, which all clients use unless the scenario is mixed."""

CHATD_IRC_MEMORY: Final = "chatd-irc-memory"
FLOOR: Final = "floor"
PEERS: Final = ("ngircd", "inspircd", "redis", "nats")
"""The servers of other projects, written in C, C++ and Go."""

UNMIXED: Final = "chatd-nul"
"""The server for comparison in a mixed scenario: all clients use NUL framing, as in B."""

SERVERS: Final = {
    server.name: server
    for server in (
        Server(
            CHATD, "chatd", "nul", _chatd(), _UNMIXED | {"J", "K"}, prints_port=True, mixed=True
        ),
        Server(
            CHATD_MEMORY,
            "chatd, memory:",
            "nul",
            _chatd(*_MEMORY),
            _UNMIXED | {"J", "K"},
            prints_port=True,
            mixed=True,
        ),
        Server(
            CHATD_IRC,
            "chatd, IRC",
            "irc",
            _chatd("--irc", _LISTEN),
            _IRC,
            prints_port=True,
            irc_port=True,
            mixed=True,
        ),
        Server(
            CHATD_IRC_MEMORY,
            "chatd, IRC, memory:",
            "irc",
            _chatd("--irc", _LISTEN, *_MEMORY),
            _IRC,
            prints_port=True,
            irc_port=True,
            mixed=True,
        ),
        Server(UNMIXED, "chatd, NUL alone", "nul", _chatd(), _MIXED, prints_port=True),
        Server(FLOOR, "floor", "nul", _floor, prints_port=True),
        # A line of IRC has 510 bytes at most; the backlog of ngIRCd is ten.
        Server(
            "ngircd", "ngIRCd", "irc", peers.ngircd, _UNMIXED - {"I"} | {"K"}, "ngircd", at_once=8
        ),
        # InspIRCd completes the logins of new clients once a second.
        Server(
            "inspircd",
            "InspIRCd",
            "irc",
            peers.inspircd,
            _UNMIXED | {"K"},
            "inspircd",
            at_once=1000,
        ),
        # Redis and NATS announce no joins, which is the load in a storm of joins.
        Server("redis", "Redis", "resp", peers.redis, _UNMIXED - {"H"}, "redis-server"),
        Server("nats", "NATS", "nats", peers.nats, _UNMIXED - {"H"}, "nats-server"),
        Server("plain", "plain Twisted", "nul", _python("bench.plain_server"), prints_port=True),
        Server(
            "lab",
            "threads",
            "nul",
            _python("bench.lab_server"),
            _UNMIXED - {"G", "H"},
            prints_port=True,
        ),
    )
}
