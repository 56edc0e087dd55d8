"""A plain Twisted chat server: one `transport.write` for each member and message.

    python -m bench.plain_server

It listens on a free port of 127.0.0.1 and prints it. Like the floor (floor.c) it supports the
commands of the load generator in NUL framing and checks nothing, so that only the design differs.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol

_rooms: defaultdict[str, set[Connection]] = defaultdict(set)


class Connection(TwistedProtocol):
    """A client."""

    def connectionMade(self) -> None:
        """Start in no room."""
        self.room = ""
        self.name = b""
        self._tail = b""
        cast("ITCPTransport", self.transport).setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        """Process the complete frames."""
        *frames, self._tail = (self._tail + data).split(b"\0")
        for frame in frames:
            self._take(frame)

    def connectionLost(self, reason: object = None) -> None:  # noqa: ARG002 -- Twisted's
        """Leave the room."""
        _rooms[self.room].discard(self)

    def _take(self, frame: bytes) -> None:
        if not frame.startswith(b"`"):
            self._say(self.name + b": " + frame)
            return
        command, *words = frame[1:].decode().split()
        if command != "enter":
            self._send(b"Server: no such thing")
            return
        self.room, self.name = words[0], words[1].encode()
        self._send(f"Server: You join @chatroom {self.room}".encode())
        self._say(self.name + f": joined us @chatroom {self.room}.".encode())
        _rooms[self.room].add(self)

    def _say(self, frame: bytes) -> None:
        for member in _rooms[self.room]:
            if member is not self:
                member._send(frame)  # noqa: SLF001 -- of the same class

    def _send(self, frame: bytes) -> None:
        cast("ITCPTransport", self.transport).write(frame + b"\0")


def main() -> None:
    """Serve until the process ends."""
    loop = cast("Any", reactor)
    port = loop.listenTCP(0, Factory.forProtocol(Connection), backlog=1024, interface="127.0.0.1")
    print(f"listening at ('127.0.0.1', {port.getHost().port})", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
