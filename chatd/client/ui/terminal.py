"""The screen on a terminal: the line being typed, and above it the lines that arrive.

prompt_toolkit edits the line, on the asyncio loop that Twisted's reactor runs on. Lines of one turn
are printed together, and never while others are being printed, so they keep their order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import Final, Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import DummyHistory, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.output import DummyOutput, Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import is_dumb_terminal

from chatd.client.app import Client
from chatd.client.model.state import ClientState
from chatd.client.ui.attention import Attention
from chatd.client.ui.colours import NameColours
from chatd.client.ui.commands import complete, has_password
from chatd.client.ui.frontend import Line, Prompt
from chatd.client.ui.localtime import day_line, day_of
from chatd.client.ui.output import standard_output
from chatd.client.ui.render import STYLES, rows, style_prompt
from chatd.client.ui.statusline import STATUS_STYLES, status_line
from chatd.client.ui.tty import no_echo
from chatd.client.ui.typed import may_be_kept, may_be_stored
from chatd.client.ui.wrap import Fragments

EXIT_TIMEOUT: Final = 2.0
"""How many seconds the client waits for a silent server at the end."""

_STYLE: Final = Style.from_dict(STYLES)
_STATUS_STYLE: Final = Style.from_dict(STATUS_STYLES)
_REFRESH_SECONDS: Final = 0.5


class LineStore(Protocol):
    """Keeps typed lines between two starts."""

    def load(self) -> list[str]:
        """Return the lines, the oldest first."""

    def add(self, line: str) -> None:
        """Add a line."""


class TerminalScreen:
    """Prints lines above the one being typed.

    `completes`: whether Tab completes commands. `repaints`: a typed line gives place to its echo,
    and a line tells when the day has changed. `history` keeps the typed lines for the next start.
    `rings`: whether the bell sounds at a line that draws the attention of the user.
    `terminal_in` and `terminal_out` are for tests.
    """

    def __init__(
        self,
        terminal_in: Input | None = None,
        terminal_out: Output | None = None,
        *,
        completes: bool = True,
        repaints: bool = False,
        history: LineStore | None = None,
        rings: bool = True,
    ) -> None:
        self._client: Client | None = None
        self._is_dumb = is_dumb_terminal()
        if terminal_out is None and not self._is_dumb:  # prompt_toolkit knows a dumb one itself
            terminal_out = standard_output()
        self._repaints = repaints
        self._colours = NameColours()
        self._day: date | None = None
        self._unprinted: list[Line] = []
        self._restored = ""
        self._printing: asyncio.Task[None] | None = None
        self._session: PromptSession[str] = PromptSession(
            history=_History(history),
            completer=_Completer(self) if completes else None,
            complete_while_typing=False,
            # The other styles keep rows below the prompt free for a menu.
            complete_style=CompleteStyle.READLINE_LIKE,
            enable_suspend=True,
            key_bindings=_keys(),
            erase_when_done=repaints and not self._is_dumb,
            input=terminal_in,
            output=terminal_out,
        )
        self._hidden: PromptSession[str] = PromptSession(
            history=DummyHistory(),
            input_processors=[_Blank()],
            enable_suspend=True,
            key_bindings=_keys(searching=False),
            input=terminal_in,
            # On a dumb terminal prompt_toolkit would show each key.
            output=DummyOutput() if self._is_dumb else terminal_out,
        )
        # A dumb terminal has neither a title nor, perhaps, a bell.
        output = DummyOutput() if self._is_dumb else self._session.output
        self._attention = Attention(output, time.monotonic, rings=rings)
        for session in (self._session, self._hidden):
            session.style = _STATUS_STYLE
            session.app.key_processor.before_key_press += lambda _: self._attention.answered()

    @property
    def state(self) -> ClientState:
        """The known state of the user."""
        return self._client.frontend.state if self._client is not None else ClientState()

    # -- what the client calls

    def show(self, line: Line) -> None:
        """Print a line."""
        if line.echo and (self._is_dumb or not self._repaints):
            return
        self._unprinted.append(line)
        if line.calls:
            self._attention.draw()
        if self._printing is None:
            self._printing = asyncio.ensure_future(self._print())

    def show_error(self, words: str) -> None:
        """Print what is wrong."""
        self.show(Line(words))

    def restore(self, text: str) -> None:
        """Put a text that was not sent into the input again, unless something was typed there."""
        buffer = self._session.default_buffer
        if not self._session.app.is_running:
            self._restored = text
        elif not buffer.text:
            buffer.insert_text(text)

    # -- what `main` calls

    async def converse(self, client: Client) -> None:
        """Give the input to the client, until it ends."""
        self._client = client
        client.ended.addCallback(lambda _: self.stop())
        # Input between two prompts belongs to the next one and must not be echoed; Ctrl-C
        # must still end a client whose server never replies.
        with no_echo(self._session.input.fileno()):
            while not client.leaving:
                await self._prompt(client)
        await client.ended.asFuture(asyncio.get_running_loop())
        await self._printed()
        self._attention.answered()

    async def _prompt(self, client: Client) -> None:
        try:
            line = await self._typed(client)
        except (EOFError, KeyboardInterrupt):
            client.perform(client.frontend.on_interrupt())
        else:
            await client.prompted().asFuture(asyncio.get_running_loop())
            if not client.leaving:
                client.typed(line)
        await self._printed()

    async def _typed(self, client: Client) -> str:
        """Return the line that the user types; a prompt may change, unless it hides the input."""
        if self._is_dumb:  # a prompt that is shown there does not change
            await client.prompted().asFuture(asyncio.get_running_loop())
            await self._printed()
        prompt = client.frontend.prompt
        if client.frontend.status is not None:
            for session in (self._session, self._hidden):
                session.bottom_toolbar = self._status
                session.refresh_interval = _REFRESH_SECONDS
        # The reactor handles signals: the line editor would keep a handler after it ends.
        if prompt is not None and prompt.hidden:
            return await self._typed_unseen(prompt)
        restored, self._restored = self._restored, ""
        return await self._session.prompt_async(
            lambda: _shown(client.frontend.prompt), default=restored, handle_sigint=False
        )

    async def _typed_unseen(self, prompt: Prompt) -> str:
        if not self._is_dumb:
            return await self._hidden.prompt_async(_shown(prompt), handle_sigint=False)
        output = self._session.output
        output.write(prompt.text)
        output.flush()
        try:
            return await self._hidden.prompt_async("", handle_sigint=False)
        finally:
            output.write("\r\n")
            output.flush()

    def stop(self) -> None:
        """End the input, and restore the terminal."""
        for session in (self._session, self._hidden):
            if session.app.is_running:
                with suppress(Exception):  # a key has just ended it
                    session.app.exit(exception=EOFError)

    # -- within

    def _status(self) -> FormattedText:
        """Return the line below the input."""
        status = self._client.frontend.status if self._client is not None else None
        columns = self._session.output.get_size().columns
        return FormattedText(status_line(status, columns) if status is not None else [])

    async def _print(self) -> None:
        try:
            while self._unprinted:
                app = self._running_app()
                if app is not None and app.output.responds_to_cpr:
                    await app.renderer.wait_for_cpr_responses()
                    app = self._running_app()
                # The terminal stays in raw mode, or it would echo what is typed meanwhile.
                if app is not None:
                    app.renderer.erase()
                lines, self._unprinted = self._unprinted, []
                self._write([part for line in lines for part in self._rows(line)])
                if app is not None:
                    app.renderer.request_absolute_cursor_position()
                    app.invalidate()
        finally:
            self._printing = None

    def _running_app(self) -> Application[str] | None:
        """Return the line editor that is on the screen now, if there is one."""
        apps = (session.app for session in (self._session, self._hidden))
        return next((app for app in apps if app.is_running), None)

    def _write(self, fragments: Fragments) -> None:
        output = self._session.output
        if not self._is_dumb:
            print_formatted_text(output, FormattedText(fragments), _STYLE)
            return
        output.write("".join(words for _, words in fragments).replace("\n", "\r\n"))
        output.flush()

    def _rows(self, line: Line) -> Fragments:
        """Return the rows of a line, after a line that tells the day if that has changed."""
        now, columns = time.time(), self._session.output.get_size().columns
        fragments = rows(line, now, columns, self._style_of)
        if not (self._repaints and line.stamped):
            return fragments
        day, before = day_of(line.time, now), self._day or day_of(None, now)
        self._day = day
        return fragments if day == before else [("class:quiet", f"{day_line(day)}\n"), *fragments]

    def _style_of(self, name: str) -> str:
        rooms = [members.names for members in self.state.members.values()]
        return self._colours.style(name, rooms)

    async def _printed(self) -> None:
        if self._printing is not None:
            await self._printing


class _History(InMemoryHistory):
    """The lines typed before, except those that contain passwords, or may.

    Those that contain no private message are in `store`, too.
    """

    def __init__(self, store: LineStore | None) -> None:
        super().__init__(store.load() if store is not None else None)
        self._store = store

    def append_string(self, string: str) -> None:
        """Add a line."""
        if has_password(string) or not may_be_kept(string):
            return
        super().append_string(string)
        if self._store is not None and may_be_stored(string):
            self._store.add(string)


class _Blank(Processor):
    """Shows nothing of the input, not even its length."""

    def apply_transformation(
        self,
        transformation_input: TransformationInput,  # noqa: ARG002 -- prompt_toolkit's
    ) -> Transformation:
        """Return nothing, with the cursor at the start."""
        return Transformation([], source_to_display=lambda _: 0, display_to_source=lambda _: 0)


class _Completer(Completer):
    """Completes commands, rooms and names on Tab."""

    def __init__(self, screen: TerminalScreen) -> None:
        self._screen = screen

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 -- prompt_toolkit's
    ) -> Iterable[Completion]:
        """Yield the completions of the word before the cursor."""
        word, candidates = complete(document.text_before_cursor, self._screen.state)
        return [Completion(each, start_position=-len(word)) for each in candidates]


def _shown(prompt: Prompt | None) -> FormattedText:
    return FormattedText(style_prompt(prompt, time.time()))


def _keys(*, searching: bool = True) -> KeyBindings:
    """Return the key bindings: Alt-Enter makes a newline; Ctrl-C clears the line.

    On an empty line Ctrl-C ends the program.

    Without `searching` there is no search in the history, as it would show the input.
    """
    keys = KeyBindings()
    if not searching:
        for key in ("c-r", "c-s"):
            keys.add(key)(lambda _: None)

    @keys.add("escape", "enter")
    def _newline(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c")
    def _interrupt(event: KeyPressEvent) -> None:
        if event.app.current_buffer.text:
            event.app.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    return keys
