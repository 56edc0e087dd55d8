"""The screen on a terminal: the line being typed, and above it the lines that arrive.

prompt_toolkit edits the line, on the asyncio loop that Twisted's reactor runs on. Lines of one turn
are printed together, and never while others are being printed, so they keep their order.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import date
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import DummyOutput, Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import is_dumb_terminal

from chatd.client.app import Client
from chatd.client.model.state import ClientState
from chatd.client.ui.attention import Attention
from chatd.client.ui.colours import NameColours
from chatd.client.ui.editing import Blank, CommandCompleter, History, LineStore, keys
from chatd.client.ui.frontend import Line, Prompt
from chatd.client.ui.localtime import day_line, day_of
from chatd.client.ui.output import standard_output
from chatd.client.ui.render import STYLES, rows, style_prompt
from chatd.client.ui.statusline import STATUS_STYLES, status_line
from chatd.client.ui.tty import no_echo
from chatd.client.ui.wrap import Fragments

EXIT_TIMEOUT: Final = 2.0
"""How many seconds the client waits for a silent server at the end."""

_STYLE: Final = Style.from_dict(STYLES)
_STATUS_STYLE: Final = Style.from_dict(STATUS_STYLES)
_REFRESH_SECONDS: Final = 0.5


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
        self._erases = repaints and not self._is_dumb
        self._colours = NameColours()
        self._day: date | None = None
        self._unprinted: list[Line] = []
        self._restored = ""
        self._printing: asyncio.Task[None] | None = None
        self._session: PromptSession[str] = PromptSession(
            history=History(history),
            completer=CommandCompleter(lambda: self.state) if completes else None,
            complete_while_typing=False,
            # The other styles keep rows below the prompt free for a menu.
            complete_style=CompleteStyle.READLINE_LIKE,
            enable_suspend=True,
            key_bindings=keys(),
            erase_when_done=self._erases,
            input=terminal_in,
            output=terminal_out,
        )
        self._hidden: PromptSession[str] = PromptSession(
            history=DummyHistory(),
            input_processors=[Blank()],
            enable_suspend=True,
            key_bindings=keys(searching=False),
            input=terminal_in,
            # On a dumb terminal prompt_toolkit would show each key.
            output=DummyOutput() if self._is_dumb else terminal_out,
        )
        # A dumb terminal has neither a title nor, perhaps, a bell.
        output = DummyOutput() if self._is_dumb else self._session.output
        self._attention = Attention(output, time.monotonic, rings=rings)
        for session in (self._session, self._hidden):
            session.style = _STATUS_STYLE
            session.app.key_processor.before_key_press += lambda _: self._noticed()

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
        except _BecomesHidden:
            self._session.app.erase_when_done = self._erases
            return
        except (EOFError, KeyboardInterrupt):
            client.perform(client.frontend.on_interrupt())
        else:
            await client.prompted().asFuture(asyncio.get_running_loop())
            if not client.leaving:
                client.typed(line)
        await self._printed()

    async def _typed(self, client: Client) -> str:
        """Return the line that the user types at a prompt, which may change.

        Raises `_BecomesHidden` if the prompt, once the client knows it, hides the input.
        """
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
        if prompt is None:
            client.prompted().addCallback(lambda _: self._hide_input(client))
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

    def _hide_input(self, client: Client) -> None:
        """End the prompt that shows the input, if the next one is to hide it."""
        prompt, app = client.frontend.prompt, self._session.app
        is_shown = app.future is not None and not app.future.done()
        if is_shown and prompt is not None and prompt.hidden:
            app.erase_when_done = True
            app.exit(exception=_BecomesHidden)

    def stop(self) -> None:
        """End the input, and restore the terminal."""
        for session in (self._session, self._hidden):
            if session.app.is_running:
                with suppress(Exception):  # a key has just ended it
                    session.app.exit(exception=EOFError)

    # -- within

    def _noticed(self) -> None:
        """Note that the user presses a key."""
        self._attention.answered()
        if self._client is not None:
            self._client.noticed()

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


class _BecomesHidden(Exception):  # noqa: N818 -- not a fault of the program
    """The next answer is not to be shown as it is typed."""


def _shown(prompt: Prompt | None) -> FormattedText:
    return FormattedText(style_prompt(prompt, time.time()))
