"""The design that one starts with: a thread for each client, and `sendall` to one after the other under a lock.

    python -m bench.lab_server

Listens on a free port of 127.0.0.1 and prints it. It speaks as much of NUL framing as the load generator
does, as the floor does (floor.c), and has no rules either: what differs is the design alone.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Lock
from typing import Final

_READ: Final = 65536


class Rooms:
    """Who is in which room; one lock for all, held while a message is sent to everybody."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._members: dict[str, set[socket.socket]] = defaultdict(set)

    def join(self, room: str, member: socket.socket, name: str) -> None:
        """Let `member` hear what is said in `room` from now on."""
        self.say(room, member, f"{name}: joined us @chatroom {room}.\0".encode())
        with self._lock:
            member.sendall(f"Server: You join @chatroom {room}\0".encode())
            self._members[room].add(member)

    def say(self, room: str, sender: socket.socket, frame: bytes) -> None:
        """Send a frame to everybody in `room` but the sender."""
        with self._lock:
            for member in self._members[room]:
                if member is not sender:
                    member.sendall(frame)

    def leave(self, room: str, member: socket.socket) -> None:
        """Let `member` hear nothing more."""
        with self._lock:
            self._members[room].discard(member)


class Connection(BaseRequestHandler):
    """One client, in a thread of its own."""

    server: Server
    request: socket.socket

    def setup(self) -> None:
        """Begin in no room."""
        self.room = ""
        self.name = ""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        """Read frames until the client has gone."""
        tail = b""
        try:
            while data := self.request.recv(_READ):
                *frames, tail = (tail + data).split(b"\0")
                for frame in frames:
                    self._take(frame)
        except OSError:
            pass  # the client is gone

    def finish(self) -> None:
        """Leave."""
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
    """Serve until the process is ended."""
    with Server() as server:
        print(f"listening at {server.server_address!r}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
