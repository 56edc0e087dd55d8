"""The line editor of the console: prompt_toolkit on a terminal, and the server at a socket.

`chatd-admin` runs it on the UNIX socket of the server. The server runs it in a thread for its own
terminal, on one end of a socket pair. The editor knows no commands. Both sides send JSON objects
with one key, one object a line:

    from the server                          from the editor
    {"prompt": "Chat administration:> "}     {"line": "kick Bob 1"}
    {"question": "Enter password: "}         {"line": "the answer"} or {"cancel": null}
    {"confirm": "Stop the server? [y/N] "}   {"line": "y"} or {"cancel": null}
    {"print": ["a line", "another"]}
    {"completion": ["ki", 2, "kick "]}       {"complete": "ki"}
    {"closed": null}

The server asks for one line at a time: by a prompt, by a question whose answer is not shown, or by
`confirm`, whose answer is shown. It prints at any time. `completion` answers `complete`, which has
the text before the cursor: it says how many characters before the cursor to replace, and by what.
The editor closes its sending side when the administrator ends the console with Ctrl-D; the server
sends `closed` before it closes the connection, so that the editor can tell an orderly end from a
crash of the server.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import DummyHistory, InMemoryHistory
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPress, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import DummyOutput, Output
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import is_dumb_terminal

from chatd.io import in_foreground, quiet_mode

_MAX_MESSAGE: Final = 2**26
"""The longest message from the server, in bytes. `who` prints a line for each connection."""

_ERASE_ROW: Final = "\r\x1b[J"


class Editor:
    """Edits lines for the console behind `connection` until either side closes it.

    Ctrl-C calls `on_interrupt`; without it, Ctrl-C closes the console. At a question, Ctrl-C and
    Ctrl-D cancel the question alone. `terminal_in` and `terminal_out` are standard input and
    output unless given. `orderly` is set when the console was closed, not the connection lost.
    """

    def __init__(
        self,
        connection: socket.socket,
        on_interrupt: Callable[[], None] | None = None,
        terminal_in: Input | None = None,
        terminal_out: Output | None = None,
    ) -> None:
        self.orderly = False
        self._connection = connection
        self._on_interrupt = on_interrupt or self._leave
        self._input = terminal_in or create_input(sys.__stdin__)
        self._output = terminal_out or _standard_output()
        self._is_dumb = is_dumb_terminal()
        self._commands: PromptSession[str]
        with create_app_session(self._input, self._output):
            # Given the output by its session alone, prompt_toolkit itself serves dumb terminals.
            self._commands = PromptSession(
                history=InMemoryHistory(), key_bindings=self._keys(self._complete)
            )
            self._confirmations: PromptSession[str] = PromptSession(
                history=DummyHistory(), key_bindings=self._keys(lambda _: None)
            )
        # Renders nothing, so that nobody sees what is typed, nor how long it is.
        self._answers: PromptSession[str] = PromptSession(
            history=DummyHistory(),
            key_bindings=self._keys(lambda _: None),
            input=self._input,
            output=DummyOutput(),
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._prompt = ""
        # Which message asked for the line that is typed: prompt, question or confirm.
        self._asked = "prompt"
        # Whether there is a prompt or a question that prompt_toolkit does not draw.
        self._is_drawn = False
        self._typing: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Edit until the console is closed; raise the exception that the line editing raised."""
        self._loop = asyncio.get_running_loop()
        reader, self._writer = await asyncio.open_connection(
            sock=self._connection, limit=_MAX_MESSAGE
        )
        self._reading = asyncio.ensure_future(self._read(reader))
        # Ctrl-C ends `chatd-admin` even while it waits for a server that hangs.
        signals = self._on_interrupt == self._leave
        with quiet_mode(self._input.fileno(), signals=signals):
            try:
                await asyncio.wait([self._reading])
            finally:
                await self._stop_typing()
                self._writer.close()
        if self._failure is not None:
            raise self._failure
        if not self._reading.cancelled():
            self._reading.result()

    def resume(self) -> None:
        """Use the terminal again after the process was stopped. A signal handler may call this."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._take_terminal)

    # -- the server

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionResetError):
            async for line in reader:
                self._receive(json.loads(line))

    def _receive(self, message: dict[str, Any]) -> None:
        for key, value in message.items():
            if key == "print":
                self._print(value)
            elif key == "completion":
                self._insert_completion(*value)
            elif key == "closed":
                self.orderly = True
            else:
                self._asked = key
                self._prompt = value
                self._typing = asyncio.ensure_future(self._type())

    def _send(self, **message: str | None) -> None:
        # prompt_toolkit decodes bytes that are not UTF-8 to surrogates.
        text = json.dumps(message, ensure_ascii=False).encode(errors="ignore")
        self._writer.write(text + b"\n")

    # -- typing

    async def _type(self) -> None:
        """Send the line that is typed next."""
        self._is_drawn = self._is_dumb or self._asked == "question"
        try:
            line = await self._next_line()
        except (KeyboardInterrupt, EOFError) as key:
            if self._asked != "prompt":
                self._send(cancel=None)
            elif isinstance(key, EOFError):
                self._writer.write_eof()
            else:
                self._on_interrupt()
        except Exception as error:  # noqa: BLE001 -- `run` raises it
            self._failure = error
            self._reading.cancel()
        else:
            self._send(line=line)
        finally:
            self._is_drawn = False

    async def _next_line(self) -> str:
        # The owner of the process handles SIGINT.
        if self._asked != "question":
            return await self._shown.prompt_async(self._prompt, handle_sigint=False)
        self._write(self._prompt)
        try:
            return await self._answers.prompt_async(handle_sigint=False)
        finally:
            self._write("\r\n")

    @property
    def _shown(self) -> PromptSession[str]:
        """The session in which a line that is shown is typed."""
        return self._confirmations if self._asked == "confirm" else self._commands

    async def _stop_typing(self) -> None:
        """Erase the line that is being typed, and give the terminal back."""
        if self._typing is not None and not self._typing.done():
            self._shown.app.erase_when_done = True
            self._typing.cancel()
            with suppress(asyncio.CancelledError):
                await self._typing

    def _leave(self) -> None:
        """Close the console without the server, which may hang."""
        self.orderly = True
        self._reading.cancel()

    # -- the terminal

    def _print(self, lines: Sequence[str]) -> None:
        """Print lines above the one being typed, if there is one."""
        text = "".join(f"{line}\r\n" for line in lines)
        app = self._shown.app
        if app.is_running:
            app.renderer.erase()
            self._write(text)
            app.invalidate()
        elif not self._is_drawn:
            self._write(text)
        else:
            typed = "" if self._asked == "question" else self._shown.default_buffer.text
            erase = "\r\n" if self._is_dumb else _ERASE_ROW
            self._write(f"{erase}{text}{self._prompt}{typed}")

    def _take_terminal(self) -> None:
        """Set the mode again, which the shell has changed, and draw the line in a new row."""
        if in_foreground(self._input.fileno()):
            self._input.raw_mode().__enter__()
            app = self._shown.app
            if app.is_running:
                app.renderer.reset()
                app.invalidate()

    def _write(self, text: str) -> None:
        self._output.write_raw(text)
        self._output.flush()

    # -- keys

    def _keys(self, complete: Callable[[KeyPressEvent], None]) -> KeyBindings:
        """Return the keys that differ from prompt_toolkit's."""
        keys = KeyBindings()
        keys.add("c-c")(_exit_with(KeyboardInterrupt))
        keys.add("c-d", filter=Condition(self._is_empty))(_exit_with(EOFError))
        keys.add("c-i")(complete)
        for key in ("c-@", "c-z"):  # selecting text, and suspending the process
            keys.add(key)(lambda _: None)
        keys.add(Keys.BracketedPaste)(_paste)
        return keys

    def _is_empty(self) -> bool:
        """Return whether Ctrl-D ends the input: at a question it always does."""
        return self._asked != "prompt" or not self._commands.default_buffer.text

    def _complete(self, event: KeyPressEvent) -> None:
        self._send(complete=event.current_buffer.document.text_before_cursor)

    def _insert_completion(self, before: str, count: int, text: str) -> None:
        """Replace `count` characters before the cursor, if `before` still stands there."""
        buffer = self._commands.default_buffer
        if buffer.document.text_before_cursor == before:
            buffer.delete_before_cursor(count)
            buffer.insert_text(text)


def _exit_with(exception: type[BaseException]) -> Callable[[KeyPressEvent], None]:
    def leave(event: KeyPressEvent) -> None:
        event.app.erase_when_done = True
        event.app.exit(exception=exception)

    return leave


def _paste(event: KeyPressEvent) -> None:
    """Take pasted text as keys, so that a pasted answer to a question is not shown."""
    keys = [
        KeyPress(Keys.ControlM if character in "\r\n" else character)
        for character in event.data.replace("\r\n", "\n")
        if character.isprintable() or character in "\r\n"
    ]
    event.key_processor.feed_multiple(keys)


def _standard_output() -> Output:
    """Return standard output, which is not asked for the position of its cursor.

    prompt_toolkit needs the position for menus alone, and some terminals do not answer.
    """
    # `sys.stdout` of a server is its log.
    if is_dumb_terminal():
        return PlainTextOutput(sys.__stdout__)  # type: ignore[arg-type]
    output = Vt100_Output.from_pty(sys.__stdout__)  # type: ignore[arg-type]
    output.enable_cpr = False
    return output
