"""Users log in while many addresses of one network, or a neighbour, guess passwords."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from bench.soaks.clients import Client, LostError, connect_from
from bench.soaks.daemon import Daemon, running
from bench.soaks.report import Report, milliseconds

GUESSERS: Final = 90
NEIGHBOURS: Final = 55
"""How many guess from one address: five of the 64 that it may have are left for users."""

USERS: Final = 25
SHARED_USERS: Final = 5
LOGIN_SECONDS: Final = 5.0
PASSWORD: Final = "correct-horse"  # noqa: S105 -- of invented accounts
SHARED: Final = ("198.51.100.1", "198.51.101.1")
"""The addresses that users share with those who guess, one for each case."""

SHARED_SECONDS: Final = 10.0

_numbers = itertools.count()


async def logins(seconds: float, report: Report) -> None:
    """Run the scenario; the users log in after others have guessed for `seconds`."""
    async with running("--listen", "haproxy:tcp:0:interface=127.0.0.1") as daemon:
        for number in range(USERS):
            client = await _connect(daemon, f"203.0.113.{number}")
            await client.ask(f"`register user{number} {PASSWORD}", "Server: Registered")
            client.close()
        many = [f"2001:db8:0:{number:x}::1" for number in range(GUESSERS)]
        elsewhere = [f"203.0.{number}.7" for number in range(USERS)]
        first, second = ([host] * NEIGHBOURS for host in SHARED)
        for case, addresses, users, name, limit in (
            ("addresses of one /48 guess", many, elsewhere, lambda: "root", LOGIN_SECONDS),
            (
                "neighbours try one name",
                first,
                first[:SHARED_USERS],
                lambda: "root",
                SHARED_SECONDS,
            ),
            ("neighbours try many names", second, second[:SHARED_USERS], _new_name, SHARED_SECONDS),
        ):
            async with _guessing(daemon, addresses, name):
                await asyncio.sleep(seconds)
                latencies = await asyncio.gather(
                    *(_log_in(daemon, host, f"user{n}") for n, host in enumerate(users))
                )
            logged_in = [took for took in latencies if took is not None]
            report.check(
                f"{len(addresses)} {case}: all of {len(latencies)} log in in {limit:g} s",
                len(logged_in) == len(latencies) and max(logged_in) <= limit,
                f"{len(logged_in)}, {milliseconds(logged_in)}",
            )
        report.check("no error in the log", not daemon.errors(), daemon.errors()[:3] or "")


def _new_name() -> str:
    return f"n{next(_numbers)}"


async def _connect(daemon: Daemon, host: str) -> Client:
    return await connect_from(host, daemon.ports[1], Client())


async def _log_in(daemon: Daemon, host: str, name: str) -> float | None:
    """Log in; return the seconds that it took, or None if it was refused."""
    began = time.monotonic()
    client = await _connect(daemon, host)
    answer = await client.ask(f"`login {name} {PASSWORD}", "Server: ")
    client.close()
    return time.monotonic() - began if answer.startswith(b"Server: Welcome back") else None


async def _guess(daemon: Daemon, host: str, name: Callable[[], str]) -> None:
    """Guess passwords without a pause, until cancelled."""
    while True:
        client = await _connect(daemon, host)
        try:
            while True:
                await client.ask(f"`login {name()} wrong-password", "Server: ")
        except (LostError, TimeoutError):
            pass
        finally:
            client.close()


@asynccontextmanager
async def _guessing(
    daemon: Daemon, addresses: list[str], name: Callable[[], str]
) -> AsyncIterator[None]:
    """Let a client from each of `addresses` guess until the block ends."""
    tasks = [asyncio.create_task(_guess(daemon, host, name)) for host in addresses]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
