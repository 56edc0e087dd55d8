"""Who takes part in the long run: programs and people that behave, and others that do not."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from bench.soaks.clients import Client, LostError, Program, connect
from bench.soaks.ledger import Ledger, PersonsView, ProgramsView
from bench.soaks.visits import LOST_PROGRAM, WAYS, visit

FLOOD_FRAMES: Final = 200
"""How many frames a flooder sends at a time; the server stops reading him, and he goes on when it reads."""

SLOW_BUFFER: Final = 4096
BACK_AFTER: Final = 3.0


class Talker:
    """A program that stays in one room, says something now and then, and comes back when it is kicked."""

    def __init__(self, ledger: Ledger, name: str, room: str) -> None:
        self.name = name
        self.room = room
        self.refused = 0
        self.kicks = 0
        self._ledger = ledger
        self._view = ProgramsView(ledger, name, room)
        self._said = itertools.count(1)
        self._here = asyncio.Event()

    async def begin(self, port: int) -> None:
        """Connect and join."""
        self.client = await connect(port, Program(self._event))
        await self.client.begin()
        await self._join()

    async def talk(self, seconds: float, length: int, offset: float) -> None:
        """Say something every so many seconds, until cancelled; see that each message is stored."""
        await asyncio.sleep(seconds * offset)
        while True:
            await self._here.wait()
            text = f"#{self.name}-{next(self._said)} ".ljust(length, "x")
            # Whoever is cancelled in between still learns what has become of his last message.
            await asyncio.shield(self._say(text))
            await asyncio.sleep(seconds)

    def look(self) -> None:
        """See whether nothing is missing, when all is said."""
        self._view.look(self._ledger.newest(self.room))
        if self.client.closed.done():
            self._ledger.faults.append(f"{self.name} was disconnected")

    async def _say(self, text: str) -> None:
        answer = await self.client.request("say", chatroom_id=self.room, text=text)
        if answer["event"] == "stored":
            self._view.stored(answer["id"], self.name, text)
        elif answer["code"] == "not-in-room":
            self.refused += 1  # kicked meanwhile
        else:
            self._ledger.faults.append(f"{self.name}: {answer}")

    async def _join(self) -> None:
        request = self.client.request("join", chatroom_id=self.room, chatter_name=self.name)
        answer = await request
        if answer["event"] != "reply":
            raise LostError(answer)
        self._here.set()

    def _event(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "said":
                self._view.said(event["id"], event["from"], event["text"])
            case "left" if event["who"] == self.name:
                self.kicks += 1
                self._here.clear()
                self._coming_back = asyncio.create_task(self._join())
            case "reply" if event["command"] == "join":
                self._view.joined(event["last"])


class Person(Client):
    """A client that speaks text and reads all that is said in one room."""

    def __init__(self, ledger: Ledger, name: str, room: str) -> None:
        super().__init__()
        self.name = name
        self.room = room
        self.view = PersonsView(ledger, name, room)

    async def begin(self, port: int) -> None:
        """Connect and join."""
        await connect(port, self)
        await self.join(self.room, self.name)

    def received(self, frame: bytes) -> None:
        """Take what was said: all of it begins with a number sign."""
        super().received(frame)
        sender, colon, text = frame.decode().partition(": ")
        if colon and text.startswith("#"):
            self.view.read(sender, text)


class Flooder(Client):
    """Says as much as the server reads, and more."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._said = itertools.count(1)
        self._floods = False

    def flood(self) -> None:
        """Begin."""
        self._floods = True
        self.resume_writing()

    def resume_writing(self) -> None:
        """Say more: the connection takes it."""
        if self._floods and not self.transport.is_closing():
            texts = (f"#{self.name}-{next(self._said)}\0" for _ in range(FLOOD_FRAMES))
            self.transport.write("".join(texts).encode())
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        if not self.transport.get_write_buffer_size():
            self.resume_writing()


async def floods(port: int, name: str, room: str, seconds: float) -> None:
    """Flood, be gone without a word after a while, and come again; until cancelled."""
    for time in itertools.count(1):
        with suppress(LostError, OSError):
            flooder = await connect(port, Flooder(f"{name}-{time}"))
            await flooder.join(room, flooder.name)
            flooder.flood()
            await asyncio.wait([flooder.closed], timeout=seconds)
            flooder.transport.abort()
        await asyncio.sleep(BACK_AFTER)


async def reads_nothing(port: int, name: str, room: str, on_end: Callable[[int], None]) -> None:
    """Join and read nothing until the server has had enough, and come again; until cancelled."""
    loop = asyncio.get_running_loop()
    for time in itertools.count(1):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", port))
            await loop.sock_sendall(sock, f"`join {room} {name}-{time}\0".encode())
            while not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                await asyncio.sleep(0.2)
            on_end(time)
        await asyncio.sleep(BACK_AFTER)


async def churns(
    port: int, name: str, rooms: list[str], pause: float, on_visit: Callable[[], None]
) -> None:
    """Come and go in every way, in every room; until cancelled."""
    ways = (*WAYS, LOST_PROGRAM)
    for time in itertools.count():
        await visit(port, ways[time % len(ways)], f"{name}-{time}", rooms[time % len(rooms)])
        on_visit()
        await asyncio.sleep(pause)
