"""Test doubles for chatd and for programs built on it: a whole server in memory, and its clients.

There are no sockets and no threads, and time passes only in `MemoryServer.turn`. The wall clock can
be set while it passes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import LoopingCall
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from chatd.admin.answer import Answer
from chatd.admin.commands import execute
from chatd.auth.hashing import Hashing
from chatd.config import Config, Limits, RoomPolicy
from chatd.core.events import Address
from chatd.core.rooms import User
from chatd.core.store import IStore
from chatd.daemon.service import ChatService
from chatd.fanout.testing import MemorySession
from chatd.oplog.entry import SharedLog
from chatd.oplog.local import LocalLog
from chatd.protocol.codec import text_codec
from chatd.protocol.framing import Framing
from chatd.server.gateway import Gateway, GatewayFactory


class MemoryServer:
    """A server in memory.

    `options` are fields of `Config`, or of the `RoomPolicy` and `Limits` in it. Unlike in `Limits`,
    there is no limit on the rate of frames unless `rate` is given. `store`, `hashing` and `reactor`
    replace the objects that the server makes otherwise. `node` and `shared_log` make it one of
    several servers (`chatd.testing_cluster`).

    The wall clock is `clock_offset` seconds ahead of the clock of the reactor.
    """

    def __init__(
        self,
        *,
        store: IStore | None = None,
        hashing: Hashing | None = None,
        reactor: Any = None,
        clock_offset: float = 0.0,
        node: str = LocalLog.node,
        shared_log: SharedLog | None = None,
        **options: Any,
    ) -> None:
        self.reactor = reactor or MemoryReactorClock()
        self.clock_offset = clock_offset
        rules = RoomPolicy(**_take_fields(options, RoomPolicy))
        limits = Limits(**{"rate": 0, **_take_fields(options, Limits)})
        config = Config(
            **{"listen": (), "admin": "", "console": False, "store": "memory:", **options},
            rules=rules,
            limits=limits,
        )
        hashing = hashing or MemoryHashing()
        self.service = ChatService(
            config,
            self.reactor,
            hashing=hashing,
            store=store,
            wall_time=self.wall_time,
            node=node,
            shared_log=shared_log,
        )
        self.service.privilegedStartService()
        self.service.startService()
        self._port = 50000

    def turn(self, seconds: float = 0) -> None:
        """Run one turn of the reactor, `seconds` later."""
        self.reactor.advance(seconds)

    def timers(self) -> set[Any]:
        """Return the timers that run, but for those of tasks that run at fixed intervals."""
        reactor: Any = self.reactor
        calls = reactor.getDelayedCalls()
        return {call for call in calls if not isinstance(call.func, LoopingCall)}

    def wall_time(self) -> float:
        """Return the time since the epoch, as the wall clock has it."""
        return self.reactor.seconds() + self.clock_offset

    def connect(self, host: str = "127.0.0.1", **options: Any) -> MemoryClient:
        """Return a new client from the address `host`; `options` are those of `MemoryClient`."""
        self._port += 1
        address = IPv6Address if ":" in host else IPv4Address
        return MemoryClient(self, address("TCP", host, self._port), **options)

    def connect_irc(self, host: str = "127.0.0.1") -> MemoryClient:
        """Return a new client of the IRC gateway, which has sent nothing."""
        return self.connect(host, end=b"\r\n", factory=self.service.irc_factory)

    def irc(self, nick: str, *capabilities: str, host: str = "127.0.0.1") -> MemoryClient:
        """Return a new IRC client that has registered and read all lines sent to it."""
        client = self.connect_irc(host)
        if capabilities:
            client.send("CAP LS 302", f"CAP REQ :{' '.join(capabilities)}")
        client.send(f"NICK {nick}", f"USER {nick} 0 * :{nick} of chatd")
        if capabilities:
            client.send("CAP END")
        client.read()
        return client

    def join(self, room_id: str, name: str, **options: Any) -> MemoryClient:
        """Return a new client that has joined a room and read all frames sent to it."""
        client = self.connect(**options)
        client.send(f"`enter {room_id} {name}")
        client.read()
        return client

    def open_session(self, host: str = "127.0.0.1") -> MemorySession:
        """Return the session of a new guest, without a connection; it uses text with NUL frames."""
        codec = text_codec(Framing.NUL, show_addresses=False)
        session = MemorySession(User((host, 1)), codec, self.turn, self._session_lost)
        self.service.router.attach(session)
        return session

    def _session_lost(self, session: MemorySession) -> None:
        self.service.accounts.connection_lost(session, self.wall_time())

    def console(self, line: str) -> list[str]:
        """Run a command of the administrator; return the lines that the console prints.

        If the command waits, the lines are added to the list when it has been carried out.
        """
        lines: list[str] = []
        self._execute(line).addCallback(lambda answer: lines.extend(answer.lines))
        return lines

    def answer(self, line: str) -> Answer:
        """Run a command of the administrator, which does not wait; return its answer."""
        answers: list[Answer] = []
        self._execute(line).addCallback(answers.append)
        (answer,) = answers
        return answer

    def _execute(self, line: str) -> Deferred[Answer]:
        done = Deferred.fromCoroutine(execute(self.service.consoles.context, line))
        done.addErrback(Failure.raiseException)
        return done


def _take_fields(options: dict[str, Any], kind: type[RoomPolicy | Limits]) -> dict[str, Any]:
    """Remove the fields of `kind` from `options`, and return them."""
    known = {field.name for field in fields(kind)}
    return {name: options.pop(name) for name in known & options.keys()}


class MemoryHashing:
    """Hashes passwords without delay and without any security."""

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    async def hash(self, password: str, _: Address | None) -> str:
        """Return a hash that `verify` accepts."""
        return f"hash of {password}"

    async def verify(self, password_hash: str | None, password: str, _: Address | None) -> bool:
        """Return whether `password` has this hash."""
        return password_hash == f"hash of {password}"

    def needs_rehash(self, password_hash: str) -> bool:  # noqa: ARG002 -- as in Hashing
        """Return False."""
        return False


class MemoryClient:
    """A client of a `MemoryServer`.

    `end` is the end of a frame in both directions: a NUL or a newline. `factory` is that of the
    gateway, by default the native one.
    """

    def __init__(
        self,
        server: MemoryServer,
        peer: IPv4Address | IPv6Address,
        end: bytes = b"\0",
        factory: GatewayFactory | None = None,
    ) -> None:
        self.end = end
        self.transport = MemoryTransport(peer)
        build = (factory or server.service.factory).buildProtocol
        self.protocol = cast("Gateway", build(peer))
        self.protocol.makeConnection(self.transport)  # type: ignore[no-untyped-call]
        self.transport.on_close = self.lose
        self._server = server

    @property
    def closed(self) -> bool:
        """Whether the connection is closed."""
        return self.transport.disconnected

    def send(self, *frames: str) -> None:
        """Send frames, all in one read of the server."""
        self.send_bytes(b"".join(frame.encode() + self.end for frame in frames))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.protocol.dataReceived(data)

    def half_close(self) -> None:
        """Close the sending side; the client can still read."""
        self.protocol.readConnectionLost()

    def lose(self) -> None:
        """Close the connection without a word, as a client that crashes does."""
        if not self.transport.disconnected:
            self.transport.disconnected = True
            self.protocol.connectionLost(Failure(ConnectionDone()))

    def read_bytes(self) -> bytes:
        """Run a turn of the reactor; return the bytes that came since the last call."""
        self._server.turn()
        data: bytes = self.transport.value()  # type: ignore[no-untyped-call]
        self.transport.clear()  # type: ignore[no-untyped-call]
        return data

    def read(self) -> list[str]:
        """Run a turn of the reactor; return the frames that came since the last call."""
        *frames, rest = self.read_bytes().split(self.end)
        if rest:
            raise AssertionError(f"a frame without end: {rest!r}")
        return [frame.decode() for frame in frames]

    def ask(self, frame: str) -> list[str]:
        """Send a frame; return the frames that come back in the same turn."""
        self.send(frame)
        return self.read()


class MemoryTransport(StringTransport):
    """A transport in memory that records the TCP options set on it.

    `loseConnection` closes it at once, or, with `closes_late`, not before `abortConnection`, like a
    connection whose peer does not read.
    """

    disconnected = False
    closes_late = False
    on_close: Callable[[], None]

    def __init__(self, peer: IPv4Address | IPv6Address) -> None:
        super().__init__(peerAddress=peer)  # type: ignore[no-untyped-call]

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Record TCP_NODELAY."""
        self.no_delay = enabled

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Record SO_KEEPALIVE."""
        self.keep_alive = enabled

    def loseConnection(self) -> None:
        """Close the connection, unless it closes late."""
        if not self.closes_late:
            self.on_close()

    def abortConnection(self) -> None:
        """Close the connection."""
        self.on_close()
