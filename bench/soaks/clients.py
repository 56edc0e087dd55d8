"""Clients that behave: they speak NUL framing, read all there is, and know what to wait for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

ANSWER_SECONDS: Final = 30

AT_ONCE: Final = 40
"""How many connect at a time: a listener keeps some fifty waiting."""

C = TypeVar("C", bound="Client")


class LostError(Exception):
    """The connection has ended, and something was still expected of it."""


class Client(asyncio.Protocol):
    """A connection; `port` is its own, `closed` is done once it has ended."""

    def __init__(self) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.port = 0
        self._tail = b""
        self._awaited: tuple[bytes, asyncio.Future[bytes]] | None = None

    # -- asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def data_received(self, data: bytes) -> None:
        """Cut frames."""
        *frames, self._tail = (self._tail + data).split(b"\0")
        for frame in frames:
            self.received(frame)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's
        """Note the end."""
        if not self.closed.done():
            self.closed.set_result(None)
        if self._awaited is not None and not self._awaited[1].done():
            self._awaited[1].set_exception(LostError())

    # -- ours

    def received(self, frame: bytes) -> None:
        """Take a frame."""
        if self._awaited is not None and frame.startswith(self._awaited[0]):
            _, future = self._awaited
            self._awaited = None
            if not future.done():
                future.set_result(frame)

    def send(self, frame: str) -> None:
        """Send a frame."""
        self.transport.write(frame.encode() + b"\0")

    async def ask(self, frame: str, answer: str) -> bytes:
        """Send a frame; return the next one that begins with `answer`."""
        if self.closed.done():
            raise LostError
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._awaited = answer.encode(), future
        self.send(frame)
        async with asyncio.timeout(ANSWER_SECONDS):
            return await future

    async def join(self, room: str, name: str) -> None:
        """Join a room that is there."""
        await self.ask(f"`join {room} {name}", "Server: You join")

    def close(self) -> None:
        """Close the connection."""
        self.transport.close()


class Program(Client):
    """A client that speaks JSON; each event, answers among them, is given to `on_event` as it comes."""

    def __init__(self, on_event: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
        super().__init__()
        self.on_event = on_event
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._tags = 0

    def connection_lost(self, exc: Exception | None) -> None:
        """Let nobody wait for an answer any more."""
        super().connection_lost(exc)
        for future in self._answers.values():
            if not future.done():
                future.set_exception(LostError())

    def received(self, frame: bytes) -> None:
        """Take an event."""
        event = json.loads(frame)
        self.on_event(event)
        answers = event["event"] in {"reply", "error", "stored"}
        future = self._answers.pop(event.get("tag") or "", None) if answers else None
        if future is not None and not future.done():
            future.set_result(event)

    async def request(self, command: str, **parameters: object) -> dict[str, Any]:
        """Ask for something; return the answer: `reply`, `error` or `stored`."""
        if self.closed.done():
            raise LostError
        self._tags += 1
        tag = str(self._tags)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[tag] = future
        self.send(json.dumps({"command": command, "tag": tag, **parameters}))
        async with asyncio.timeout(ANSWER_SECONDS):
            return await future

    async def begin(self) -> None:
        """Speak JSON from now on."""
        future = self._answers[""] = asyncio.get_running_loop().create_future()
        self.send("`format json")
        async with asyncio.timeout(ANSWER_SECONDS):
            await future


async def connect(port: int, client: C) -> C:
    """Connect a client to a server on this machine."""
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: client, "127.0.0.1", port)
    return client


async def knock(port: int) -> Client:
    """Connect to a server that may have no place; return a client that is closed if it has none."""
    client = Client()
    try:
        await connect(port, client)
    except ConnectionError:  # it was as quick as that
        client.closed.set_result(None)
    return client


async def all_of(work: Iterable[Coroutine[Any, Any, Any]], at_once: int = AT_ONCE) -> list[Any]:
    """Do all of some work, so much at a time; return what came of each."""
    gate = asyncio.Semaphore(at_once)

    async def one(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async with gate:
            return await coroutine

    return await asyncio.gather(*(one(coroutine) for coroutine in work))
