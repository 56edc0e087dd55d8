"""The screen where there is no terminal: lines in, lines out, nothing else.

A thread reads the input and hands over one line at a time; the next is read when it is done with,
so that input waits while there is no connection, and while too much is unanswered. In commands,
whatever the client says of itself comes after the answers to what was asked before; guided, a line is
taken when all answers are there, and is shown behind its prompt, as a terminal would have shown it.
"""

from __future__ import annotations

import os
import select
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Any, Final, TextIO

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import blockingCallFromThread

from chatd.client.app import Client
from chatd.client.cutting import Cutter
from chatd.client.ui.command_mode import Conversation
from chatd.client.ui.effects import Ask, Exit, Line, Prompt
from chatd.client.ui.modes import Echo
from chatd.client.ui.render import paint_prompt
from chatd.core.sanitize import sanitize

PATIENCE: Final = 10.0
"""For how many seconds at most one waits for the server at the end."""

_CONNECTED_IN: Final = 60.0
_UNANSWERED: Final = 16
_READ_SIZE: Final = 65536
_LONGEST_LINE: Final = 1024 * 1024


class InputError(Exception):
    """The input cannot be read to its end; the message says why."""


class PipeScreen:
    """Writes lines with `write` and troubles to `errors`, if there is such a place.

    Once what is written goes nowhere it is `broken`, and `on_broken` is called.
    """

    def __init__(
        self, write: Callable[[bytes], object], errors: TextIO | None, on_broken: Callable[[], None]
    ) -> None:
        self._write = write
        self._errors = errors
        self._on_broken = on_broken
        self.broken = False

    def show(self, line: Line) -> None:
        """Write a line."""
        self._show(line.text)

    def show_typed(self, prompt: Prompt, line: str, now: float) -> None:
        """Write a prompt and what was typed there, unless that is hidden."""
        asked = "".join(words for _, words in paint_prompt(prompt, now))
        self._show(asked.rstrip() if prompt.hidden else asked + sanitize(line))

    def _show(self, words: str) -> None:
        if self.broken:
            return
        try:
            self._write(words.encode(errors="replace") + b"\n")
        except OSError as error:
            self.broken = True
            if not isinstance(error, BrokenPipeError):  # more than that nobody reads any more
                self.trouble(f"cannot write: {error}")
            self._on_broken()

    def trouble(self, words: str) -> None:
        """Write what is wrong."""
        if self._errors is not None:
            with suppress(OSError):  # nobody reads there any more
                self._errors.write(f"chatd-client: {words}\n")
                self._errors.flush()


class Intake(ABC):
    """Does what is read, a line at a time."""

    def __init__(self, client: Client, clock: IReactorTime) -> None:
        self._client = client
        self._clock = clock
        self._patient = True

    @abstractmethod
    async def take(self, line: str) -> None:
        """Do what a line says, once its turn has come."""

    async def end(self) -> None:
        """Leave: there are no more lines."""
        await self._settled()
        self._client.leave()

    async def fail(self, words: str) -> None:
        """Say why there will be no more lines, though there may be more to read."""
        self._client.trouble(words)

    @property
    def prompt(self) -> Prompt | None:
        """What stands before the next line."""
        return self._client.talk.prompt

    async def _settled(self) -> None:
        """Wait for a connection; if one line did so in vain, the next do not until there is one."""
        if self._client.is_settled:
            self._patient = True
        elif self._patient:
            await self._client.settled().addTimeout(_CONNECTED_IN, self._clock, self._in_vain)

    def _in_vain(self, *_: object) -> None:
        self._patient = False


class CommandIntake(Intake):
    """Takes commands and messages."""

    def __init__(self, client: Client, conversation: Conversation, clock: IReactorTime) -> None:
        super().__init__(client, clock)
        self._conversation = conversation

    async def take(self, line: str) -> None:
        """Do what a line says, once its turn has come."""
        client = self._client
        if client.unanswered >= _UNANSWERED or self._conversation.leads_away(line):
            await client.drained()
        await self._settled()
        if client.leaving:
            return
        actions = self._conversation.typed(line)
        if not all(isinstance(action, Ask | Exit) for action in actions):
            await client.drained()
        client.perform(actions)


class GuidedIntake(Intake):
    """Takes what is asked for; `now` returns the time that stands in a prompt."""

    def __init__(
        self, client: Client, screen: PipeScreen, clock: IReactorTime, now: Callable[[], float]
    ) -> None:
        super().__init__(client, clock)
        self._screen = screen
        self._now = now

    async def take(self, line: str) -> None:
        """Answer what is asked, once it is."""
        await self._answered()
        prompt = self._client.talk.prompt
        if self._client.leaving:
            return
        if prompt is None:  # the server has not answered in time
            self._client.complete = False
            return
        self._screen.show_typed(prompt, line, self._now())
        self._client.typed(line)

    async def end(self) -> None:
        """Leave: there are no more lines."""
        await self._answered()
        self._client.perform(self._client.talk.interrupted())

    async def _answered(self) -> None:
        """Wait for all answers, and for the answers to what is asked because of these, if they come."""
        await self._settled()
        in_time = True
        while in_time and self._client.unanswered and not self._client.leaving:
            in_time = await self._client.drained()
            await self._settled()


def lines_of(descriptor: int) -> Iterator[str]:
    """Return the lines that can be read from a descriptor, without their ends.

    Not by a buffered file: its lock, held by a thread that waits, is fatal at the interpreter's end.
    """
    cutter = Cutter(b"\n")
    while data := _read(descriptor):
        for line in cutter.feed(data):
            yield line.decode(errors="replace").removesuffix("\r")
        if cutter.pending > _LONGEST_LINE:
            raise InputError(f"a line of the input is longer than {_LONGEST_LINE} bytes")
    if cutter.pending:
        yield cutter.rest.decode(errors="replace")


def _read(descriptor: int) -> bytes:
    """Return what can be read, however long it takes until there is something; nothing at the end."""
    while True:
        try:
            return os.read(descriptor, _READ_SIZE)
        except BlockingIOError:  # somebody who shares it has made it so
            select.select([descriptor], [], [])
        except OSError as error:
            raise InputError(f"cannot read: {error.strerror}") from error


def start_reading(reactor: Any, intake: Intake, lines: Iterable[str], echo: Echo) -> None:
    """Let a thread give `lines` to `intake`, one after another."""

    async def take(line: str) -> None:
        await intake.take(line)
        echo.follow(intake.prompt)

    def begin(coroutine: Coroutine[Any, Any, None]) -> Any:
        return Deferred.fromCoroutine(coroutine)

    def wait_for(coroutine: Coroutine[Any, Any, None]) -> None:
        blockingCallFromThread(reactor, begin, coroutine)

    def read() -> None:
        try:
            for line in lines:
                wait_for(take(line))
        except InputError as error:
            wait_for(intake.fail(str(error)))
        except BaseException:
            wait_for(intake.fail("ended by a fault of its own"))
            raise
        finally:  # or the client would stay for ever
            wait_for(intake.end())

    Thread(target=read, daemon=True).start()
