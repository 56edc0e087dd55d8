"""A small chat server for tests of the load generator: IRC at one port, NUL framing at another.

    python -m tests.bench.irc_server

It prints both ports in chatd's manner, the one of IRC last.
"""

import os
import signal
import sys
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Lock, Thread

_TAGGED = {"message-tags", "server-time"}
_PINGS = "PING :a\r\n:test PING :b\r\n@time=2026-11-20T14:51:16.123Z :test PING :c\r\n"


class Room:
    """The only room: its members, and all lines of IRC that clients sent except for messages.

    With `echo_all` all speakers on IRC get their own messages, not only those that asked for it.
    A server with `refuse` grants no capabilities.
    """

    def __init__(self, *, echo_all=False, refuse=False):
        self.lock = Lock()
        self.members = []
        self.lines = []
        self.echo_all = echo_all
        self.refuse = refuse
        self.said = 0

    def say(self, sender, text):
        """Send a text to the members."""
        with self.lock:
            self.said += 1
            for member in self.members:
                if member is not sender or member.echoes:
                    member.request.sendall(member.format(sender.name, text, self.said))

    def join(self, member, answer):
        """Add a member, and send it an answer before any message."""
        with self.lock:
            self.members.append(member)
            member.send(answer)

    def leave(self, member):
        """Remove a member, if it is one."""
        with self.lock:
            self.members = [other for other in self.members if other is not member]


class Nul(BaseRequestHandler):
    """A client that uses NUL framing."""

    ending = b"\0"
    echoes = False
    name = ""

    def handle(self):
        """Read frames until the connection ends."""
        tail = b""
        try:
            while data := self.request.recv(65536):
                *frames, tail = (tail + data).split(self.ending)
                for frame in frames:
                    self.take(frame.decode())
        except OSError:
            pass  # the client is gone
        self.server.room.leave(self)

    def take(self, frame):
        """Handle a frame."""
        match frame.split():
            case ["`enter", _, name]:
                self.name = name
                self.server.room.join(self, "Server: You join @chatroom 0000.\0")
            case ["`help"]:
                self.send("Server: help\0")
            case _:
                self.server.room.say(self, frame)

    def send(self, text):
        """Send a text to this client."""
        self.request.sendall(text.encode())

    def format(self, sender, text, _number):
        """Return the bytes of a message."""
        return f"{sender}: {text}\0".encode()


class Irc(Nul):
    """A client that uses IRC."""

    ending = b"\r\n"

    def setup(self):
        """Start without capabilities."""
        self.granted = set()
        self.negotiates = False

    @property
    def echoes(self):
        """Whether the client gets its own messages."""
        return self.server.room.echo_all or "echo-message" in self.granted

    def take(self, frame):
        """Handle a line."""
        command, _, rest = frame.partition(" ")
        if command == "PRIVMSG":
            self.server.room.say(self, rest.partition(" :")[2])
            return
        self.server.room.lines.append(frame)
        last = rest.rpartition(":")[2]
        match command, rest.split():
            case "NICK", [name]:
                self.name = name
            case "USER", _ if not self.negotiates:
                self.welcome()
            case "CAP", ["LS", _]:
                self.negotiates = True
                self.send(":test CAP * LS :message-tags server-time\r\n")
            case "CAP", ["REQ", *_] if self.server.room.refuse:
                self.send(f":test CAP * NAK :{last}\r\n")
            case "CAP", ["REQ", *_]:
                self.granted = set(last.split())
                self.send(f":test CAP * ACK :{last}\r\n")
            case "CAP", ["END"]:
                self.welcome()
            case "JOIN", [room]:
                answer = f":{self.name} JOIN {room}\r\n:test 366 {self.name} {room} :End\r\n"
                self.server.room.join(self, answer + _PINGS)

    def welcome(self):
        """Complete the registration."""
        self.send(f":test 001 {self.name} :Welcome\r\n")

    def format(self, sender, text, number):
        """Return the bytes of a message; the number at the end of the tags has no fixed length."""
        line = f":{sender}!u@127.0.0.1 PRIVMSG #0000 :{text}\r\n"
        tags = f"@time=2026-11-20T14:51:16.123Z;msgid={number} "
        return (tags * (self.granted >= _TAGGED) + line).encode()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, room, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.room = room


@contextmanager
def serving(room):
    """Serve a room until the block ends; the value has the options of the load generator."""
    with _Server(room, Nul) as nul, _Server(room, Irc) as irc:
        threads = [
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            for server in (nul, irc)
        ]
        for thread in threads:
            thread.start()
        try:
            ports = (server.server_address[1] for server in (nul, irc))
            yield dict(zip(("port", "irc_port"), ports, strict=True), pids=os.getpid())
        finally:
            for server, thread in zip((nul, irc), threads, strict=True):
                server.shutdown()
                thread.join()


def main():
    """Serve until the process ends."""
    with serving(Room()) as server:
        for name in ("port", "irc_port"):
            sys.stdout.write(f"listening at (127.0.0.1, {server[name]})...\n")
            sys.stdout.flush()
        signal.pause()


if __name__ == "__main__":
    main()
