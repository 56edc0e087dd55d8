"""Visits that come and go, each in its own way: in order, rudely, in mid-frame, in another protocol."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

VISIT_SECONDS: Final = 30

_READ_BYTES: Final = 65536
_RESET: Final = struct.pack("ii", 1, 0)


class Visitor:
    """A socket that leaves in one way or another."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        await self._loop.sock_sendall(self._socket, data)

    async def sees(self, words: bytes) -> None:
        """Read until these bytes have come, or the end has."""
        seen = b""
        while words not in seen:
            data = await self._loop.sock_recv(self._socket, _READ_BYTES)
            if not data:
                return
            seen = seen[-len(words) :] + data

    async def reads_all(self) -> None:
        """Read up to the end."""
        while await self._loop.sock_recv(self._socket, _READ_BYTES):
            pass

    def reset(self) -> None:
        """Have the end of the connection be a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)


Way = Callable[[Visitor, str, str], Awaitable[None]]


async def _comes_and_goes(_: Visitor, __: str, ___: str) -> None:
    """Do nothing."""


async def _is_reset(visitor: Visitor, _: str, __: str) -> None:
    visitor.reset()


async def _goes_in_mid_frame(visitor: Visitor, name: str, room: str) -> None:
    await visitor.send(f"`join {room} {name}"[:-1].encode())


async def _is_reset_in_mid_frame(visitor: Visitor, name: str, room: str) -> None:
    await visitor.send(f"`list\0`join {room} {name}".encode())
    visitor.reset()


async def _asks_and_half_closes(visitor: Visitor, _: str, __: str) -> None:
    await visitor.send(b"`list\n")
    visitor.half_close()
    await visitor.reads_all()


async def _half_closes_in_mid_frame(visitor: Visitor, _: str, __: str) -> None:
    await visitor.send(b"`help\n`lis")
    visitor.half_close()
    await visitor.reads_all()


async def _joins(visitor: Visitor, name: str, room: str) -> None:
    await visitor.send(f"`join {room} {name}\0".encode())
    await visitor.sees(b"You join")


async def _joins_and_is_reset(visitor: Visitor, name: str, room: str) -> None:
    await _joins(visitor, name, room)
    visitor.reset()


async def _speaks_and_exits(visitor: Visitor, name: str, room: str) -> None:
    await visitor.send(f"`join {room} {name}\n#{name} was here\n`quit\n`exit\n".encode())
    await visitor.reads_all()


async def _speaks_json_and_is_lost(visitor: Visitor, name: str, room: str) -> None:
    join = f'{{"command":"join","chatroom_id":"{room}","chatter_name":"{name}"}}'
    await visitor.send(f"`format json\0{join}\0".encode())
    await visitor.sees(b'"join"')
    visitor.reset()


async def _speaks_tls(visitor: Visitor, _: str, __: str) -> None:
    await visitor.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    await visitor.reads_all()


async def _speaks_http(visitor: Visitor, _: str, __: str) -> None:
    await visitor.send(b"POST / HTTP/1.1\r\nHost: chat\r\n\r\n`start x x\r\n")
    await visitor.reads_all()


WAYS: Final[tuple[Way, ...]] = (
    _comes_and_goes,
    _is_reset,
    _goes_in_mid_frame,
    _is_reset_in_mid_frame,
    _asks_and_half_closes,
    _half_closes_in_mid_frame,
    _joins,
    _joins_and_is_reset,
    _speaks_and_exits,
    _speaks_tls,
    _speaks_http,
)

LOST_PROGRAM: Final[Way] = _speaks_json_and_is_lost
"""The one who is remembered for some minutes, as he may come back."""


async def visit(port: int, way: Way, name: str, room: str) -> None:
    """Come to the server at `port`, and go."""
    with socket.socket() as sock:
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(VISIT_SECONDS):
            await loop.sock_connect(sock, ("127.0.0.1", port))
            with suppress(ConnectionError):  # the server may be the first to go
                await way(Visitor(sock), name, room)
