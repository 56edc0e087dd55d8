"""A simple threaded chat server: a thread per client, and `sendall` to each member under a lock.

    python -m bench.lab_server

It listens on a free port of 127.0.0.1 and prints it. Like the floor (floor.c) it supports the
commands of the load generator in NUL framing and checks nothing, so that only the design differs.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Lock
from typing import Final

_READ: Final = 65536


class Rooms:
    """The members of all rooms, behind one lock that is held while a message is sent."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._members: dict[str, set[socket.socket]] = defaultdict(set)

    def join(self, room: str, member: socket.socket, name: str) -> None:
        """Add `member` to `room`, and tell the other members."""
        self.say(room, member, f"{name}: joined us @chatroom {room}.\0".encode())
        with self._lock:
            member.sendall(f"Server: You join @chatroom {room}\0".encode())
            self._members[room].add(member)

    def say(self, room: str, sender: socket.socket, frame: bytes) -> None:
        """Send a frame to all members of `room` but the sender."""
        with self._lock:
            for member in self._members[room]:
                if member is not sender:
                    member.sendall(frame)

    def leave(self, room: str, member: socket.socket) -> None:
        """Remove `member` from `room`."""
        with self._lock:
            self._members[room].discard(member)


class Connection(BaseRequestHandler):
    """A client, in its own thread."""

    server: Server
    request: socket.socket

    def setup(self) -> None:
        """Start in no room."""
        self.room = ""
        self.name = ""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        """Read frames until the connection ends."""
        tail = b""
        try:
            while data := self.request.recv(_READ):
                *frames, tail = (tail + data).split(b"\0")
                for frame in frames:
                    self._take(frame)
        except OSError:
            pass  # the client is gone

    def finish(self) -> None:
        """Leave the room."""
        self.server.rooms.leave(self.room, self.request)

    def _take(self, frame: bytes) -> None:
        rooms = self.server.rooms
        if not frame.startswith(b"`"):
            rooms.say(self.room, self.request, self.name.encode() + b": " + frame + b"\0")
            return
        command, *words = frame[1:].decode().split()
        if command != "enter":
            self.request.sendall(b"Server: no such thing\0")
            return
        self.room, self.name = words
        rooms.join(self.room, self.request, self.name)


class Server(ThreadingTCPServer):
    """Starts a thread for each client."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.rooms = Rooms()


def main() -> None:
    """Serve until the process ends."""
    with Server() as server:
        print(f"listening at {server.server_address!r}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
