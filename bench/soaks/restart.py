"""Ten thousand clients that return at once after the server was killed and started again."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from bench.soaks.clients import Program, all_of, connect
from bench.soaks.daemon import running
from bench.soaks.report import Report

CLIENTS: Final = 10_000
ROOMS: Final = 100
WITHIN: Final = 10.0
"""In how many seconds from the first open port all clients are in their rooms again."""

PAUSE: Final = 0.02
"""How long a client waits that is refused because the port is not open yet."""


class Member(Program):
    """A client in JSON that is in a room, and returns to it."""

    def __init__(self, number: int, session: str = "") -> None:
        super().__init__()
        self.number = number
        self.session = session

    def received(self, frame: bytes) -> None:
        """Skip what others do: to parse half a million events would measure this program."""
        if not frame.startswith(b'{"event":"joined"'):
            super().received(frame)

    async def enter(self) -> None:
        """Join the room, as a guest that resumes if it had a session before."""
        session, self.session = self.session, (await self.begin())["session"]
        if session:
            await self.request("resume", session=session)
        room = str(self.number % ROOMS)
        joined = await self.request("join", chatroom_id=room, chatter_name=f"m{self.number}")
        if joined["event"] != "reply":
            raise AssertionError(joined)


async def restart(_: float, report: Report) -> None:
    """Run the scenario with the server's default options, save those for the rooms."""
    rooms = [word for number in range(ROOMS) for word in ("--room", str(number))]
    async with running(*rooms) as daemon:
        members = [Member(number) for number in range(CLIENTS)]
        await all_of((_arrive(member, daemon.port) for member in members), CLIENTS)
        daemon.kill()
        await asyncio.wait([member.closed for member in members])
        back = [Member(member.number, member.session) for member in members]
        returning = asyncio.gather(*(_arrive(member, daemon.port) for member in back))
        await daemon.start_again()
        opened, cpu = time.monotonic(), daemon.cpu_seconds()
        await returning
        took = time.monotonic() - opened
        report.figure("of a core meanwhile", f"{(daemon.cpu_seconds() - cpu) / took:.0%}")
        report.check(
            f"{CLIENTS:,} clients are in their rooms again within {WITHIN:g} s",
            took <= WITHIN,
            f"{took:.1f} s",
        )
        report.check("no error in the log", not daemon.errors(), daemon.errors()[:3] or "")


async def _arrive(member: Member, port: int) -> None:
    """Connect as soon as the port is open, and join."""
    while True:
        try:
            await connect(port, member)
        except ConnectionError:
            await asyncio.sleep(PAUSE)
        else:
            break
    await member.enter()
