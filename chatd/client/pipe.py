"""The screen where there is no terminal: lines in, lines out, nothing else.

A thread reads the input and hands over one line at a time; the next is read when it is done with,
so that input waits while there is no connection, and while too much is unanswered. Whatever the
client says of itself comes after the answers to what was asked before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable, Iterator
from threading import Thread
from typing import Any, Final, TextIO

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import blockingCallFromThread

from chatd.client.actions import Ask, Exit, Line
from chatd.client.client import Client

PATIENCE: Final = 10.0
"""For how many seconds at most one waits for the server at the end."""

_CONNECTED_IN: Final = 60.0
_UNANSWERED: Final = 16
_READ_SIZE: Final = 65536


class PipeScreen:
    """Writes lines with `write` and troubles to `errors`.

    Once what is written goes nowhere it is `broken`, and `on_broken` is called.
    """

    def __init__(
        self, write: Callable[[bytes], object], errors: TextIO, on_broken: Callable[[], None]
    ) -> None:
        self._write = write
        self._errors = errors
        self._on_broken = on_broken
        self.broken = False

    def show(self, line: Line) -> None:
        """Write a line."""
        if self.broken:
            return
        try:
            self._write(line.text.encode(errors="replace") + b"\n")
        except OSError as error:
            self.broken = True
            if not isinstance(error, BrokenPipeError):  # more than that nobody reads any more
                self.trouble(f"cannot write: {error}")
            self._on_broken()

    def trouble(self, words: str) -> None:
        """Write what is wrong."""
        self._errors.write(f"chatd-client: {words}\n")
        self._errors.flush()


class Intake:
    """Does what is read, a line at a time."""

    def __init__(self, client: Client, clock: IReactorTime) -> None:
        self._client = client
        self._clock = clock
        self._patient = True

    async def take(self, line: str) -> None:
        """Do what a line says, once its turn has come."""
        client = self._client
        if client.unanswered >= _UNANSWERED or client.conversation.leads_away(line):
            await client.caught_up()
        await self._settled()
        actions = client.conversation.typed(line)
        if not all(isinstance(action, Ask | Exit) for action in actions):
            await client.caught_up()
        client.perform(actions)

    async def end(self) -> None:
        """Leave: there are no more lines."""
        await self._settled()
        self._client.leave()

    async def _settled(self) -> None:
        """Wait for a connection; if one line did so in vain, the next do not until there is one."""
        if self._client.is_settled:
            self._patient = True
        elif self._patient:
            await self._client.settled().addTimeout(_CONNECTED_IN, self._clock, self._in_vain)

    def _in_vain(self, *_: object) -> None:
        self._patient = False


def lines_of(descriptor: int) -> Iterator[str]:
    """Return the lines that can be read from a descriptor, without their ends.

    Not by a buffered file: its lock, held by a thread that waits, is fatal at the interpreter's end.
    """
    tail = b""
    while data := os.read(descriptor, _READ_SIZE):
        *lines, tail = (tail + data).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").removesuffix("\r")
    if tail:
        yield tail.decode(errors="replace")


def start_reading(reactor: Any, intake: Intake, lines: Iterable[str]) -> None:
    """Let a thread give `lines` to `intake`, one after another."""

    def wait_for(coroutine: Coroutine[Any, Any, None]) -> Any:
        return Deferred.fromCoroutine(coroutine)

    def read() -> None:
        for line in lines:
            blockingCallFromThread(reactor, wait_for, intake.take(line))
        blockingCallFromThread(reactor, wait_for, intake.end())

    Thread(target=read, daemon=True).start()
