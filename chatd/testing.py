"""Fakes for tests of chatd and of what is built on it: a whole server in memory, and its clients.

No sockets, no threads, no time but the one that is set: a turn of the reactor is a call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.admin.commands import execute
from chatd.auth.hashing import Hashing
from chatd.config import Config, Limits, RoomPolicy
from chatd.core.ports import ISendQueue, IStore
from chatd.daemon.service import ChatService
from chatd.server.native import ChatProtocol


class MemoryServer:
    """A server in memory; options are those of `Config`, or of the `Rules` and `Limits` in it.

    Frames are served as fast as they come unless `rate` is given.

    `store`, `hashing` and `reactor` are used in place of those that would be made.
    """

    def __init__(
        self,
        *,
        store: IStore | None = None,
        hashing: Hashing | None = None,
        reactor: Any = None,
        **options: Any,
    ) -> None:
        self.reactor = reactor or MemoryReactorClock()
        rules = RoomPolicy(**_taken(options, RoomPolicy))
        limits = Limits(**{"rate": 0, **_taken(options, Limits)})
        config = Config(
            **{"listen": (), "admin": "", "console": False, "store": "memory:", **options},
            rules=rules,
            limits=limits,
        )
        hashing = hashing or MemoryHashing()
        self.service = ChatService(config, self.reactor, hashing=hashing, store=store)
        self.service.privilegedStartService()
        self.service.startService()
        self._port = 50000

    def turn(self, seconds: float = 0) -> None:
        """Let a turn of the reactor pass, and so many seconds."""
        self.reactor.advance(seconds)

    def connect(self, host: str = "127.0.0.1", **options: Any) -> MemoryClient:
        """Return a new connection from `host`; options are those of `MemoryClient`."""
        self._port += 1
        make = IPv6Address if ":" in host else IPv4Address
        return MemoryClient(self, make("TCP", host, self._port), **options)

    def join(self, room_id: str, name: str, **options: Any) -> MemoryClient:
        """Return a client who has entered a room, with all that was said to him read."""
        client = self.connect(**options)
        client.send(f"`enter {room_id} {name}")
        client.read()
        return client

    def console(self, line: str) -> list[str]:
        """Return what the administrator is answered, who types `line`."""
        lines: list[str] = []
        done = Deferred.fromCoroutine(execute(self.service.consoles.context, line))
        done.addCallback(lines.extend)
        done.addErrback(Failure.raiseException)
        return lines


class MemoryHashing:
    """Hashes passwords at once, and not at all safely."""

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    async def hash(self, password: str) -> str:
        """Return what `verify` knows again."""
        return f"hash of {password}"

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether a hash is that of a password."""
        return password_hash == f"hash of {password}"

    def needs_rehash(self, password_hash: str) -> bool:  # noqa: ARG002 -- as the true one
        """Return that it does not."""
        return False


def _taken(options: dict[str, Any], kind: type[RoomPolicy | Limits]) -> dict[str, Any]:
    """Take out of `options` what is for `kind`."""
    known = {field.name for field in fields(kind)}
    return {name: options.pop(name) for name in known & options.keys()}


class MemoryClient:
    """A client of a `MemoryServer`. `end`: what ends its frames, a NUL or an end of line."""

    def __init__(
        self, server: MemoryServer, peer: IPv4Address | IPv6Address, end: bytes = b"\0"
    ) -> None:
        self.end = end
        self.transport = _Transport(peer)
        self.protocol = cast("ChatProtocol", server.service.factory.buildProtocol(peer))
        self.protocol.makeConnection(self.transport)  # type: ignore[no-untyped-call]
        self.transport.on_close = self._closed
        self._server = server

    @property
    def closed(self) -> bool:
        """Whether the server has closed the connection."""
        return self.transport.disconnected

    def send(self, *frames: str) -> None:
        """Send frames, in one packet."""
        self.send_bytes(b"".join(frame.encode() + self.end for frame in frames))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.protocol.dataReceived(data)

    def half_close(self) -> None:
        """Send no more, but go on reading."""
        self.protocol.readConnectionLost()

    def lose(self) -> None:
        """Lose the connection."""
        self._closed()

    def read_bytes(self) -> bytes:
        """Let the turn pass, and return what has come since the last call."""
        self._server.turn()
        data: bytes = self.transport.value()  # type: ignore[no-untyped-call]
        self.transport.clear()  # type: ignore[no-untyped-call]
        return data

    def read(self) -> list[str]:
        """Let the turn pass, and return the frames that have come since the last call."""
        *frames, rest = self.read_bytes().split(self.end)
        if rest:
            raise AssertionError(f"a frame without end: {rest!r}")
        return [frame.decode() for frame in frames]

    def ask(self, frame: str) -> list[str]:
        """Send a frame, and return what comes."""
        self.send(frame)
        return self.read()

    def _closed(self) -> None:
        if not self.transport.disconnected:
            self.transport.disconnected = True
            self.protocol.connectionLost(Failure(ConnectionDone()))


class _Transport(StringTransport):
    """A string transport that closes at once, and knows what is asked of TCP.

    `closes_late`: as if the peer had still to read, until it is aborted.
    """

    disconnected = False
    closes_late = False
    on_close: Callable[[], None]

    def __init__(self, peer: IPv4Address | IPv6Address) -> None:
        super().__init__(peerAddress=peer)  # type: ignore[no-untyped-call]

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Note that small packets are not to wait."""
        self.no_delay = enabled

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Note that dead peers are to be found."""
        self.keep_alive = enabled

    def loseConnection(self) -> None:
        """Close."""
        if not self.closes_late:
            self.on_close()

    def abortConnection(self) -> None:
        """Close."""
        self.on_close()


@implementer(ISendQueue)
class MemorySendQueue:
    """Keeps what is written, a blob a write."""

    limit = queued = 0

    def __init__(self) -> None:
        self.blobs: list[bytes] = []

    def write(self, blob: bytes) -> None:
        """Keep `blob`."""
        self.blobs.append(blob)

    def close_when_sent(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""
