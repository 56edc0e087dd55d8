"""Random and mutated frames, and random steps of many users, to find errors of the server.

    python -m bench.fuzz [--frames N] [--socket-frames N] [--steps N] [--seed N]

A million frames are sent to a server in memory, 100,000 over sockets, and users do 100,000 steps on
a server whose store is slow and fails at random. Prints figures; the exit status is 1 if there was
an error: a traceback in the log, or a connection that the server closed because of one. The worst
time of a frame is CPU time, without that of the garbage collector.
"""

from __future__ import annotations

import gc
import json
import random
import resource
import secrets
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter, thread_time
from typing import Any, Final

from twisted.internet import reactor as _reactor
from twisted.internet.threads import deferToThread
from twisted.logger import ILogObserver, globalLogPublisher
from zope.interface import implementer

from bench.random_users import RandomUsers
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.server.inbound import MAX_FRAMES_PER_TURN
from chatd.testing import MemoryServer

_ROUND: Final = 500
_AT_A_TIME: Final = 50
_NOISE: Final = (
    b"\0", b"\n", b"\r\n", b"\xff", b"\xff\xfa", b"\xff\xf0", b"`", b" ", b"{", b"}", b"[", b'"',
    b"\\u", b"\\ud800", b"\x1b[", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\x80",
    b"\xf0\x9f", b"x" * 3000, b"\t", b"@", b":", b"1", b"Ann", b"staple-battery",
)  # fmt: skip
_WORDS: Final = (
    "1",
    "2",
    "Ann",
    "Bob",
    "staple-battery",
    "json",
    "text",
    "5",
    "",
    "x",
    "\u202e",
    "\x9b",
)


def frames(chance: random.Random) -> Iterator[bytes]:
    """Yield frames without end: valid requests, mutated requests, and noise."""
    commands = [command for command in CLIENT_COMMANDS.values() if command.name != "exit"]
    while True:
        command = chance.choice(commands)
        words = {p.name: chance.choice(_WORDS) for p in command.parameters}
        kind = chance.random()
        if kind < 0.4:  # noqa: PLR2004 -- as many of each as finds most
            frame = f"`{command.name} {' '.join(words.values())}".encode()
        elif kind < 0.8:  # noqa: PLR2004 -- the same
            frame = json.dumps({"command": command.name, **words, "tag": "t"}).encode()
        else:
            frame = b"".join(chance.choices(_NOISE, k=chance.randint(0, 8)))
        if chance.random() < 0.5:  # noqa: PLR2004 -- half of them
            frame = mutated(frame, chance)
        yield frame + chance.choice((b"\0", b"\0", b"\n", b"\r\n"))


def mutated(frame: bytes, chance: random.Random) -> bytes:
    """Return a frame with something cut out of it, put into it or changed."""
    at, to = sorted(chance.choices(range(len(frame) + 1), k=2))
    put = chance.choice((b"", chance.choice(_NOISE), chance.randbytes(chance.randint(1, 4))))
    return frame[:at] + put + frame[chance.choice((at, to)) :]


@implementer(ILogObserver)
class LoggedErrors:
    """Counts the exceptions that the server logs."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, event: dict[str, Any]) -> None:
        """Count and print an exception."""
        if event.get("log_failure") is not None:
            self.count += 1
            print(event["log_failure"].getTraceback(), file=sys.stderr)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count the exceptions logged in the block."""
        globalLogPublisher.addObserver(self)
        try:
            yield
        finally:
            globalLogPublisher.removeObserver(self)


def memory_megabytes() -> float:
    """Return the maximum resident memory of the process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_memory(count: int, chance: random.Random) -> dict[bool, float]:
    """Send `count` frames to servers in memory, half of which have the trace on.

    Return the worst CPU time of a frame in milliseconds: without the trace, and with it.
    """
    server, traced, sent = None, False, 0
    worst = {False: 0.0, True: 0.0}
    stream = frames(chance)
    while sent < count:
        # A new server from time to time: rooms and accounts are kept, so the memory grows.
        if sent % 50_000 == 0 or server is None:
            traced = not traced
            server = MemoryServer(rooms=(("1", "tea"), ("2", "food")), trace=traced)
        clients = [server.connect(end=chance.choice((b"\0", b"\n", b"\r\n"))) for _ in range(4)]
        for number, client in enumerate(clients):
            client.send(f"`join 1 N{number}")
            if number % 2:
                client.send("`format json")
        gc.collect()
        gc.disable()
        for number in range(_ROUND):
            if number % MAX_FRAMES_PER_TURN == 0:
                server.turn()
            client, frame = chance.choice(clients), next(stream)
            if not client.closed:
                began = thread_time()
                client.send_bytes(frame)
                worst[traced] = max(worst[traced], (thread_time() - began) * 1000)
            sent += 1
        gc.enable()
        for client in clients:
            if b"fault" in client.read_bytes():
                raise SystemExit("The server closed a connection because of an error.")
            client.lose()
        server.turn(11)
    return worst


def _pour(port: int, count: int, chance: random.Random) -> int:
    """Send `count` frames over sockets; return the number of frames that came back.

    Many connections are open at the same time, because wrong passwords are answered late.
    """
    stream = frames(chance)
    blobs = [
        b"\0`join 1 Zed\0" + b"".join(next(stream) for _ in range(_ROUND)) + b"\0"
        for _ in range(0, count, _ROUND)
    ]

    def send(blob: bytes) -> int:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(blob)
            client.shutdown(socket.SHUT_WR)
            return sum(data.count(b"\0") for data in iter(lambda: client.recv(65536), b""))

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return sum(pool.map(send, blobs))


def over_sockets(count: int, chance: random.Random) -> int:
    """Send `count` frames over sockets to a server in this process; return the answers."""
    reactor: Any = _reactor
    server = MemoryServer(reactor=reactor, rooms=(("1", "tea"),))
    factory: Any = server.service.factory
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    answers: list[int] = []
    reactor.callWhenRunning(
        lambda: (
            deferToThread(_pour, port.getHost().port, count, chance)
            .addCallback(answers.append)
            .addBoth(lambda _: reactor.stop())
        )
    )
    reactor.run()
    if len(server.service.sessions):
        raise SystemExit("Closed connections still have sessions.")
    return answers[0]


def steps(count: int, chance: random.Random) -> None:
    """Let random users do `count` steps, with checks after each."""
    done = 0
    while done < count:
        users = RandomUsers(chance)
        for _ in range(1000):
            users.step()
        users.end()
        done += 1000


def main() -> None:
    """Run all parts, and exit with 1 if there were errors."""
    parser = ArgumentParser(prog="python -m bench.fuzz", description="Try to break the server.")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--socket-frames", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 -- reproducible
    errors = LoggedErrors()
    print(f"seed {options.seed}", flush=True)
    with errors.counting():
        if options.frames:
            in_memory(min(options.frames, 100_000), chance)
            before, began = memory_megabytes(), perf_counter()
            worst = in_memory(options.frames, chance)
            print(
                f"{options.frames} frames in memory: {perf_counter() - began:.0f} s, "
                f"the worst {worst[False]:.1f} ms, {worst[True]:.1f} ms with the trace, "
                f"memory {before:.0f} MB after the first, {memory_megabytes():.0f} MB at the end",
                flush=True,
            )
        if options.steps:
            began = perf_counter()
            steps(options.steps, chance)
            print(f"{options.steps} steps: {perf_counter() - began:.0f} s", flush=True)
        if options.socket_frames:
            answers = over_sockets(options.socket_frames, chance)
            print(f"{options.socket_frames} frames over sockets: {answers} answers", flush=True)
    print(f"{errors.count} errors")
    sys.exit(errors.count > 0)


if __name__ == "__main__":
    main()
