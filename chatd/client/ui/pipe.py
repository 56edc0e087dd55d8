"""The screen without a terminal: lines in, lines out.

A thread reads the input and hands over one line at a time. It reads the next line when the client
is done with the last one, so that the input waits while there is no connection, and while too many
requests are unanswered. In command mode the client's own lines come after the replies to what was
typed before. In guided mode a line is taken when all replies are there, and is shown behind its
prompt, as on a terminal.
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
from chatd.client.model.effects import Send
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.frontend import Exit, Line, Prompt
from chatd.client.ui.render import style_prompt
from chatd.client.ui.tty import Echo
from chatd.core.sanitize import sanitize

EXIT_TIMEOUT: Final = 10.0
"""How many seconds the client waits for a silent server at the end."""

_CONNECT_TIMEOUT: Final = 60.0
_MAX_UNANSWERED: Final = 16
_READ_SIZE: Final = 65536
_MAX_LINE: Final = 1024 * 1024


class InputError(Exception):
    """The input cannot be read to its end; the message gives the reason."""


class PipeScreen:
    """Writes lines with `write`, and errors to `errors` unless that is None.

    Once nobody reads the output the screen is `broken`, and it calls `on_broken`.
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
        """Write a prompt and the line typed there, unless the prompt hides it."""
        asked = "".join(words for _, words in style_prompt(prompt, now))
        self._show(asked.rstrip() if prompt.hidden else asked + sanitize(line))

    def _show(self, words: str) -> None:
        if self.broken:
            return
        try:
            self._write(words.encode(errors="replace") + b"\n")
        except OSError as error:
            self.broken = True
            if not isinstance(error, BrokenPipeError):  # a broken pipe needs no words
                self.show_error(f"cannot write: {error}")
            self._on_broken()

    def show_error(self, words: str) -> None:
        """Write an error."""
        if self._errors is not None:
            with suppress(OSError):  # nobody reads it
                self._errors.write(f"chatd-client: {words}\n")
                self._errors.flush()

    def restore(self, text: str) -> None:
        """Do nothing: a pipe has no input that can be edited."""


class StdinReader(ABC):
    """Gives the input to the client, a line at a time."""

    def __init__(self, client: Client, clock: IReactorTime) -> None:
        self._client = client
        self._clock = clock
        self._waits_for_connection = True

    @abstractmethod
    async def take(self, line: str) -> None:
        """Handle a line, after the lines before it."""

    async def end(self) -> None:
        """Leave the server at the end of the input."""
        await self._settled()
        self._client.leave()

    async def fail(self, words: str) -> None:
        """Show why the rest of the input is not read."""
        self._client.show_error(words)

    @property
    def prompt(self) -> Prompt | None:
        """The prompt of the next line."""
        return self._client.frontend.prompt

    async def _settled(self) -> None:
        """Wait for a connection; after one that did not come, the next lines do not wait."""
        if self._client.is_settled:
            self._waits_for_connection = True
        elif self._waits_for_connection:
            await self._client.settled().addTimeout(_CONNECT_TIMEOUT, self._clock, self._timed_out)

    def _timed_out(self, *_: object) -> None:
        self._waits_for_connection = False


class CommandReader(StdinReader):
    """Handles commands and messages."""

    def __init__(self, client: Client, mode: CommandMode, clock: IReactorTime) -> None:
        super().__init__(client, clock)
        self._mode = mode

    async def take(self, line: str) -> None:
        """Handle a line, after the lines before it."""
        client = self._client
        if client.unanswered >= _MAX_UNANSWERED or self._mode.awaits_replies(line):
            await client.drained()
        await self._settled()
        if client.leaving:
            return
        actions = self._mode.typed(line)
        if not all(isinstance(action, Send | Exit) for action in actions):
            await client.drained()
        client.perform(actions)


class GuidedReader(StdinReader):
    """Handles the answers of guided mode; `now` returns the time in a prompt."""

    def __init__(
        self, client: Client, screen: PipeScreen, clock: IReactorTime, now: Callable[[], float]
    ) -> None:
        super().__init__(client, clock)
        self._screen = screen
        self._now = now

    async def take(self, line: str) -> None:
        """Handle an answer, once the question is asked."""
        await self._answered()
        prompt = self._client.frontend.prompt
        if self._client.leaving:
            return
        if prompt is None:  # the server did not reply in time
            self._client.complete = False
            return
        self._screen.show_typed(prompt, line, self._now())
        self._client.typed(line)

    async def end(self) -> None:
        """Leave the server at the end of the input."""
        await self._answered()
        self._client.perform(self._client.frontend.on_interrupt())

    async def _answered(self) -> None:
        """Wait for all replies, and for the replies to the requests that follow from them."""
        await self._settled()
        in_time = True
        while in_time and self._client.unanswered and not self._client.leaving:
            in_time = await self._client.drained()
            await self._settled()


class LineSplitter:
    """Splits input at newlines; `pending` is the length of the line that has not ended.

    The parts of a line are joined once, so that a long line costs no more than many short ones.
    """

    def __init__(self) -> None:
        self.pending = 0
        self._parts: list[bytes] = []

    @property
    def rest(self) -> bytes:
        """The line that has not ended."""
        return b"".join(self._parts)

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes; return the lines that they end, without the newlines."""
        part, *later = data.split(b"\n")
        self._parts.append(part)
        self.pending += len(part)
        if not later:
            return []
        lines = [self.rest, *later[:-1]]
        self._parts, self.pending = [later[-1]], len(later[-1])
        return lines


def read_lines(descriptor: int) -> Iterator[str]:
    """Yield the lines that can be read from a descriptor, without ends and byte order marks.

    A buffered file does not do: a thread that waits in it holds its lock, which aborts the
    interpreter at its end.
    """
    splitter = LineSplitter()
    while data := _read(descriptor):
        for line in splitter.feed(data):
            yield line.decode("utf-8-sig", errors="replace").removesuffix("\r")
        if splitter.pending > _MAX_LINE:
            raise InputError(f"a line of the input is longer than {_MAX_LINE} bytes")
    if splitter.pending:
        yield splitter.rest.decode("utf-8-sig", errors="replace")


def _read(descriptor: int) -> bytes:
    """Return the next bytes, after any time; b"" at the end."""
    while True:
        try:
            return os.read(descriptor, _READ_SIZE)
        except BlockingIOError:  # another process made the shared descriptor so
            select.select([descriptor], [], [])
        except OSError as error:
            raise InputError(f"cannot read: {error.strerror}") from error


def start_reading(reactor: Any, reader: StdinReader, lines: Iterable[str], echo: Echo) -> None:
    """Start a thread that gives `lines` to `reader`, one after another."""

    async def take(line: str) -> None:
        await reader.take(line)
        echo.update(reader.prompt)

    def begin(coroutine: Coroutine[Any, Any, None]) -> Any:
        return Deferred.fromCoroutine(coroutine)

    def wait_for(coroutine: Coroutine[Any, Any, None]) -> None:
        blockingCallFromThread(reactor, begin, coroutine)

    def read() -> None:
        try:
            for line in lines:
                wait_for(take(line))
        except InputError as error:
            wait_for(reader.fail(str(error)))
        except Exception:
            wait_for(reader.fail("ended by a fault of its own"))
            raise
        finally:  # without an end the client would stay for ever
            wait_for(reader.end())

    Thread(target=read, daemon=True).start()
