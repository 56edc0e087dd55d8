"""Random and mutated frames, and random steps of many people, to see whether anything breaks.

    python -m bench.fuzz [--frames N] [--socket-frames N] [--steps N] [--seed N]

A million frames go to a whole server in memory, 100,000 over sockets, and 100,000 steps are done by
people whose store is slow and fails at random. Prints figures; the exit status is 1 if there was a
fault: a traceback in the log, or a connection closed because of one. The worst time of a frame is
CPU time, without that of the garbage collector.
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

from bench.crowd import Crowd
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.server.inbound import MAX_FRAMES_PER_TURN
from chatd.testing import MemoryServer

_ROUND: Final = 500
_AT_A_TIME: Final = 50
_NOISE: Final = (
    b"\0", b"\n", b"\r\n", b"\xff", b"\xff\xfa", b"\xff\xf0", b"`", b" ", b"{", b"}", b"[", b'"', b"\\u", b"\\ud800", b"\x1b[",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\x80", b"\xf0\x9f", b"x" * 3000, b"\t", b"@", b":", b"1", b"Ann", b"staple-battery",
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
    """Return frames without an end to them: requests as they should be, some of them mutated, and noise."""
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
class Faults:
    """Counts what was logged that is a fault of the server."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, event: dict[str, Any]) -> None:
        """Look at an event of the log, and show it if it is one."""
        if event.get("log_failure") is not None:
            self.count += 1
            print(event["log_failure"].getTraceback(), file=sys.stderr)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count what is logged inside."""
        globalLogPublisher.addObserver(self)
        try:
            yield
        finally:
            globalLogPublisher.removeObserver(self)


def memory_megabytes() -> float:
    """Return how much memory the process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_memory(count: int, chance: random.Random) -> dict[bool, float]:
    """Send so many frames to a server in memory, half of them with the trace on.

    Returns the worst time of one, in milliseconds, without the trace and with it.
    """
    server, traced, sent = None, False, 0
    worst = {False: 0.0, True: 0.0}
    stream = frames(chance)
    while sent < count:
        # A new server now and then: what is kept of rooms and accounts is meant to grow.
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
                raise SystemExit("A connection was closed because of a fault.")
            client.lose()
        server.turn(11)
    return worst


def _pour(port: int, count: int, chance: random.Random) -> int:
    """Send frames over sockets, many at a time as wrong passwords take long; return how many came back."""
    stream = frames(chance)
    blobs = [
        b"\0`join 1 Zed\0" + b"".join(next(stream) for _ in range(_ROUND)) + b"\0"
        for _ in range(0, count, _ROUND)
    ]

    def send(blob: bytes) -> int:
        with socket.create_connection(("127.0.0.1", port)) as one:
            one.sendall(blob)
            one.shutdown(socket.SHUT_WR)
            return sum(data.count(b"\0") for data in iter(lambda: one.recv(65536), b""))

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return sum(pool.map(send, blobs))


def over_sockets(count: int, chance: random.Random) -> int:
    """Send so many frames over sockets to a server in this process; return the answers."""
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
        raise SystemExit("Connections are left that have ended.")
    return answers[0]


def steps(count: int, chance: random.Random) -> None:
    """Let people do so many steps, and check after each what must hold."""
    done = 0
    while done < count:
        crowd = Crowd(chance)
        for _ in range(1000):
            crowd.step()
        crowd.end()
        done += 1000


def main() -> None:
    """Break it, or not."""
    parser = ArgumentParser(prog="python -m bench.fuzz", description="Try to break the server.")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--socket-frames", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    asked = parser.parse_args()
    chance = random.Random(asked.seed)  # noqa: S311 -- to be had again
    faults = Faults()
    print(f"seed {asked.seed}", flush=True)
    with faults.watched():
        if asked.frames:
            in_memory(min(asked.frames, 100_000), chance)
            before, began = memory_megabytes(), perf_counter()
            worst = in_memory(asked.frames, chance)
            print(
                f"{asked.frames} frames in memory: {perf_counter() - began:.0f} s, the worst {worst[False]:.1f} ms, "
                f"{worst[True]:.1f} ms with the trace, "
                f"memory {before:.0f} MB after the first, {memory_megabytes():.0f} MB at the end",
                flush=True,
            )
        if asked.steps:
            began = perf_counter()
            steps(asked.steps, chance)
            print(f"{asked.steps} steps: {perf_counter() - began:.0f} s", flush=True)
        if asked.socket_frames:
            answers = over_sockets(asked.socket_frames, chance)
            print(f"{asked.socket_frames} frames over sockets: {answers} answers", flush=True)
    print(f"{faults.count} faults")
    sys.exit(faults.count > 0)


if __name__ == "__main__":
    main()
