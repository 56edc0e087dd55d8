"""Well-behaved clients: they use NUL framing, read everything, and wait for replies."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

ANSWER_SECONDS: Final = 30

AT_ONCE: Final = 40
"""How many clients connect at the same time."""

C = TypeVar("C", bound="Client")


class LostError(Exception):
    """The connection ended while a reply was due."""


class Client(asyncio.Protocol):
    """A client in text; `port` is its local port, `closed` fires when the connection ends."""

    def __init__(self) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.port = 0
        self._tail = b""
        self._awaited: tuple[bytes, asyncio.Future[bytes]] | None = None

    # -- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def data_received(self, data: bytes) -> None:
        """Pass each complete frame to `received`."""
        *frames, self._tail = (self._tail + data).split(b"\0")
        for frame in frames:
            self.received(frame)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's
        """Fail the reply that is due."""
        if not self.closed.done():
            self.closed.set_result(None)
        if self._awaited is not None and not self._awaited[1].done():
            self._awaited[1].set_exception(LostError())

    # -- called by scenarios

    def received(self, frame: bytes) -> None:
        """Complete the reply that is due, if this frame is it."""
        if self._awaited is not None and frame.startswith(self._awaited[0]):
            _, future = self._awaited
            self._awaited = None
            if not future.done():
                future.set_result(frame)

    def send(self, frame: str) -> None:
        """Send a frame."""
        self.transport.write(frame.encode() + b"\0")

    async def ask(self, frame: str, answer: str) -> bytes:
        """Send a frame; return the next frame that starts with `answer`."""
        if self.closed.done():
            raise LostError
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._awaited = answer.encode(), future
        self.send(frame)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await future

    async def join(self, room: str, name: str) -> None:
        """Join a room that exists."""
        await self.ask(f"`join {room} {name}", "Server: You join")

    def close(self) -> None:
        """Close the connection."""
        self.transport.close()


class Program(Client):
    """A client in JSON, which passes each event, replies included, to `on_event`."""

    def __init__(self, on_event: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
        super().__init__()
        self.on_event = on_event
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._tags = 0

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail all replies that are due."""
        super().connection_lost(exc)
        for future in self._answers.values():
            if not future.done():
                future.set_exception(LostError())

    def received(self, frame: bytes) -> None:
        """Pass the event on, and complete the reply that is due, if this event is it."""
        event = json.loads(frame)
        self.on_event(event)
        answers = event["event"] in {"reply", "error", "stored", "history"}
        future = self._answers.pop(event.get("tag") or "", None) if answers else None
        if future is not None and not future.done():
            future.set_result(event)

    async def request(self, command: str, **parameters: object) -> dict[str, Any]:
        """Send a request; return the event that answers it, such as `reply`."""
        if self.closed.done():
            raise LostError
        self._tags += 1
        tag = str(self._tags)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[tag] = future
        self.send(json.dumps({"command": command, "tag": tag, **parameters}))
        async with asyncio.timeout(ANSWER_SECONDS):
            return await future

    async def begin(self) -> dict[str, Any]:
        """Switch to JSON; return the reply."""
        future = self._answers[""] = asyncio.get_running_loop().create_future()
        self.send("`format json")
        async with asyncio.timeout(ANSWER_SECONDS):
            reply: dict[str, Any] = await future
        return reply


async def connect(port: int, client: C) -> C:
    """Connect a client to a server on this machine."""
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: client, "127.0.0.1", port)
    return client


async def connect_from(
    host: str, port: int, client: C, connection: socket.socket | None = None
) -> C:
    """Connect a client as a proxy does for one at the address `host`, over `connection` if given.

    `port` is one that is behind a proxy.
    """
    loop = asyncio.get_running_loop()
    if connection is None:
        await connect(port, client)
    else:
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.create_connection(lambda: client, sock=connection)
    version, proxy = (6, "::1") if ":" in host else (4, "127.0.0.1")
    client.transport.write(f"PROXY TCP{version} {host} {proxy} 40000 9999\r\n".encode())
    return client


async def knock(port: int) -> Client:
    """Connect to a server that may be full; return a client, closed if the server refused it."""
    client = Client()
    try:
        await connect(port, client)
    except ConnectionError:  # reset before the connection was complete
        client.closed.set_result(None)
    return client


async def all_of(
    coroutines: Iterable[Coroutine[Any, Any, Any]], at_once: int = AT_ONCE
) -> list[Any]:
    """Run all coroutines, `at_once` at the same time; return their results."""
    slots = asyncio.Semaphore(at_once)

    async def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async with slots:
            return await coroutine

    return await asyncio.gather(*(run(coroutine) for coroutine in coroutines))
