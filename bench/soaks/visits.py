"""Short connections, each of which ends in its own way: closed, reset, within a frame."""

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
    """A client on a plain socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        await self._loop.sock_sendall(self._socket, data)

    async def read_until(self, words: bytes) -> None:
        """Read until these bytes, or the end of the connection."""
        seen = b""
        while words not in seen:
            data = await self._loop.sock_recv(self._socket, _READ_BYTES)
            if not data:
                return
            seen = seen[-len(words) :] + data

    async def read_all(self) -> None:
        """Read until the end of the connection."""
        while await self._loop.sock_recv(self._socket, _READ_BYTES):
            pass

    def reset(self) -> None:
        """Let the connection end with a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def half_close(self) -> None:
        """Close the sending side."""
        self._socket.shutdown(socket.SHUT_WR)


Way = Callable[[Visitor, str, str], Awaitable[None]]


async def _connect_only(_: Visitor, __: str, ___: str) -> None:
    """Do nothing."""


async def _reset(visitor: Visitor, _: str, __: str) -> None:
    visitor.reset()


async def _close_within_a_frame(visitor: Visitor, name: str, room: str) -> None:
    await visitor.send(f"`join {room} {name}"[:-1].encode())


async def _reset_within_a_frame(visitor: Visitor, name: str, room: str) -> None:
    await visitor.send(f"`list\0`join {room} {name}".encode())
    visitor.reset()


async def _ask_and_half_close(visitor: Visitor, _: str, __: str) -> None:
    await visitor.send(b"`list\n")
    visitor.half_close()
    await visitor.read_all()


async def _half_close_within_a_frame(visitor: Visitor, _: str, __: str) -> None:
    await visitor.send(b"`help\n`lis")
    visitor.half_close()
    await visitor.read_all()


async def _join(visitor: Visitor, name: str, room: str) -> None:
    await visitor.send(f"`join {room} {name}\0".encode())
    await visitor.read_until(b"You join")


async def _join_and_reset(visitor: Visitor, name: str, room: str) -> None:
    await _join(visitor, name, room)
    visitor.reset()


async def _talk_and_exit(visitor: Visitor, name: str, room: str) -> None:
    await visitor.send(f"`join {room} {name}\n#{name} was here\n`quit\n`exit\n".encode())
    await visitor.read_all()


async def _lose_a_program(visitor: Visitor, name: str, room: str) -> None:
    join = f'{{"command":"join","chatroom_id":"{room}","chatter_name":"{name}"}}'
    await visitor.send(f"`format json\0{join}\0".encode())
    await visitor.read_until(b'"join"')
    visitor.reset()


async def _send_tls(visitor: Visitor, _: str, __: str) -> None:
    await visitor.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    await visitor.read_all()


async def _send_http(visitor: Visitor, _: str, __: str) -> None:
    await visitor.send(b"POST / HTTP/1.1\r\nHost: chat\r\n\r\n`start x x\r\n")
    await visitor.read_all()


WAYS: Final[tuple[Way, ...]] = (
    _connect_only,
    _reset,
    _close_within_a_frame,
    _reset_within_a_frame,
    _ask_and_half_close,
    _half_close_within_a_frame,
    _join,
    _join_and_reset,
    _talk_and_exit,
    _send_tls,
    _send_http,
)

LOST_PROGRAM: Final[Way] = _lose_a_program
"""The server keeps the name of this client for some minutes, for a resume."""


async def visit(port: int, way: Way, name: str, room: str) -> None:
    """Connect to the server at `port`, and leave in this way."""
    with socket.socket() as sock:
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(VISIT_SECONDS):
            await loop.sock_connect(sock, ("127.0.0.1", port))
            with suppress(ConnectionError):  # the server may close first
                await way(Visitor(sock), name, room)
