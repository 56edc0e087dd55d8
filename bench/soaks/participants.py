"""The clients of the long run: some that behave well, and some that do not."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from bench.soaks.clients import Client, LostError, Program, connect
from bench.soaks.delivery_record import DeliveryRecord, JsonView, TextView
from bench.soaks.visits import LOST_PROGRAM, WAYS, visit

FLOOD_FRAMES: Final = 200
"""How many frames a flooder sends at once; it sends more whenever the server reads."""

SLOW_BUFFER: Final = 4096
RECONNECT_AFTER: Final = 3.0


class Talker:
    """A client in JSON that says messages in a room, and joins again after a kick."""

    def __init__(self, record: DeliveryRecord, name: str, room: str) -> None:
        self.name = name
        self.room = room
        self.refused = 0
        self.kicks = 0
        self._record = record
        self._view = JsonView(record, name, room)
        self._said = itertools.count(1)
        self._joined = asyncio.Event()

    async def begin(self, port: int) -> None:
        """Connect and join."""
        self.client = await connect(port, Program(self._event))
        await self.client.begin()
        await self._join()

    async def talk(self, seconds: float, length: int, offset: float) -> None:
        """Say a message of `length` characters every `seconds` until cancelled.

        `offset`, a part of the interval, delays the first message.
        """
        await asyncio.sleep(seconds * offset)
        while True:
            await self._joined.wait()
            text = f"#{self.name}-{next(self._said)} ".ljust(length, "x")
            # A cancelled talker still waits for the confirmation of its last message.
            await asyncio.shield(self._say(text))
            await asyncio.sleep(seconds)

    def check(self) -> None:
        """Check at the end that no message is missing."""
        self._view.check(self._record.newest(self.room))
        if self.client.closed.done():
            self._record.errors.append(f"{self.name} was disconnected")

    async def _say(self, text: str) -> None:
        answer = await self.client.request("say", chatroom_id=self.room, text=text)
        if answer["event"] == "stored":
            self._view.stored(answer["id"], self.name, text)
        elif answer["code"] == "not-in-room":
            self.refused += 1  # it was kicked in the meantime
        else:
            self._record.errors.append(f"{self.name}: {answer}")

    async def _join(self) -> None:
        answer = await self.client.request("join", chatroom_id=self.room, chatter_name=self.name)
        if answer["event"] != "reply":
            raise LostError(answer)
        self._joined.set()

    def _event(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "said":
                self._view.said(event["id"], event["from"], event["text"])
            case "left" if event["who"] == self.name:
                self.kicks += 1
                self._joined.clear()
                self._rejoining = asyncio.create_task(self._join())
            case "reply" if event["command"] == "join":
                self._view.joined(event["last"])


class TextReader(Client):
    """A client in text that reads all messages of a room."""

    def __init__(self, record: DeliveryRecord, name: str, room: str) -> None:
        super().__init__()
        self.name = name
        self.room = room
        self.view = TextView(record, name, room)

    async def begin(self, port: int) -> None:
        """Connect and join."""
        await connect(port, self)
        await self.join(self.room, self.name)

    def received(self, frame: bytes) -> None:
        """Record a message; the texts of all messages start with a number sign."""
        super().received(frame)
        sender, colon, text = frame.decode().partition(": ")
        if colon and text.startswith("#"):
            self.view.read(sender, text)


class Flooder(Client):
    """A client that sends more messages than the server reads."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._said = itertools.count(1)
        self._flooding = False

    def flood(self) -> None:
        """Start to send."""
        self._flooding = True
        self.resume_writing()

    def resume_writing(self) -> None:
        """Send more messages: the transport has room for them."""
        if self._flooding and not self.transport.is_closing():
            texts = (f"#{self.name}-{next(self._said)}\0" for _ in range(FLOOD_FRAMES))
            self.transport.write("".join(texts).encode())
            asyncio.get_running_loop().call_soon(self._continue)

    def _continue(self) -> None:
        if not self.transport.get_write_buffer_size():
            self.resume_writing()


async def flood_repeatedly(port: int, name: str, room: str, seconds: float) -> None:
    """Flood for `seconds`, abort the connection and connect again, until cancelled."""
    for attempt in itertools.count(1):
        with suppress(LostError, OSError):
            flooder = await connect(port, Flooder(f"{name}-{attempt}"))
            await flooder.join(room, flooder.name)
            flooder.flood()
            await asyncio.wait([flooder.closed], timeout=seconds)
            flooder.transport.abort()
        await asyncio.sleep(RECONNECT_AFTER)


async def stop_reading(port: int, name: str, room: str, on_end: Callable[[int], None]) -> None:
    """Join and read nothing until the server aborts, and connect again, until cancelled."""
    loop = asyncio.get_running_loop()
    for attempt in itertools.count(1):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", port))
            await loop.sock_sendall(sock, f"`join {room} {name}-{attempt}\0".encode())
            while not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                await asyncio.sleep(0.2)
            on_end(attempt)
        await asyncio.sleep(RECONNECT_AFTER)


async def come_and_go(
    port: int, name: str, rooms: list[str], pause: float, on_visit: Callable[[], None]
) -> None:
    """Visit all rooms in turn, and leave in every way, until cancelled."""
    ways = (*WAYS, LOST_PROGRAM)
    for attempt in itertools.count():
        await visit(
            port, ways[attempt % len(ways)], f"{name}-{attempt}", rooms[attempt % len(rooms)]
        )
        on_visit()
        await asyncio.sleep(pause)
