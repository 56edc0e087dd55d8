"""The screen that is a terminal: the line being typed, and above it what arrives.

prompt_toolkit edits the line, on the asyncio loop that Twisted's reactor runs on. Lines that come
in one turn are printed at once, and never while others are being printed, so they keep their order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.application import in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import DummyHistory, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.output import Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style

from chatd.client.app import Client
from chatd.client.model.state import Whereabouts
from chatd.client.ui.commands import is_to_be_forgotten
from chatd.client.ui.completion import complete
from chatd.client.ui.effects import Line, Prompt
from chatd.client.ui.modes import quiet
from chatd.client.ui.render import STYLES, Fragments, paint, paint_prompt

PATIENCE: Final = 2.0
"""For how many seconds at most one waits for the server at the end."""

_STYLE: Final = Style.from_dict(STYLES)


class TerminalScreen:
    """Prints lines above the one being typed.

    `completes`: whether Tab completes commands. `terminal_in` and `terminal_out` are for tests.
    """

    def __init__(
        self,
        terminal_in: Input | None = None,
        terminal_out: Output | None = None,
        *,
        completes: bool = True,
    ) -> None:
        self._client: Client | None = None
        self._waiting: Fragments = []
        self._printing: asyncio.Task[None] | None = None
        self._session: PromptSession[str] = PromptSession(
            history=_History(),
            completer=_Completer(self) if completes else None,
            complete_while_typing=False,
            # The other styles keep rows below the prompt free for a menu.
            complete_style=CompleteStyle.READLINE_LIKE,
            enable_suspend=True,
            key_bindings=_keys(),
            input=terminal_in,
            output=terminal_out,
        )
        self._hidden: PromptSession[str] = PromptSession(
            history=DummyHistory(),
            input_processors=[_Blank()],
            enable_suspend=True,
            key_bindings=_keys(searching=False),
            input=terminal_in,
            output=terminal_out,
        )

    @property
    def where(self) -> Whereabouts:
        """What is known of the place of who sits here."""
        return self._client.talk.where if self._client is not None else Whereabouts()

    # -- what the client calls

    def show(self, line: Line) -> None:
        """Print a line."""
        self._waiting += paint(line, time.time())
        if self._printing is None:
            self._printing = asyncio.ensure_future(self._print())

    def trouble(self, words: str) -> None:
        """Print what is wrong."""
        self.show(Line(words))

    # -- what `main` calls

    async def converse(self, client: Client) -> None:
        """Give the client what is typed, until it is over."""
        self._client = client
        client.ended.addCallback(lambda _: self.stop())
        # Between two prompts: what is typed then is for the next, and not to be echoed; but a server
        # that never answers is to be got rid of.
        with quiet(self._session.input.fileno()):
            while not client.leaving:
                await self._prompt(client)
        await client.ended.asFuture(asyncio.get_running_loop())
        await self._printed()

    async def _prompt(self, client: Client) -> None:
        try:
            line = await self._typed(client)
        except (EOFError, KeyboardInterrupt):
            client.perform(client.talk.interrupted())
        else:
            await client.prompted().asFuture(asyncio.get_running_loop())
            if not client.leaving:
                client.typed(line)
        await self._printed()

    async def _typed(self, client: Client) -> str:
        """Return what is typed at the prompt, which may change meanwhile, save one that hides it."""
        prompt = client.talk.prompt
        # Signals are the reactor's: a line editor that takes one would keep it after its time.
        if prompt is not None and prompt.hidden:
            return await self._hidden.prompt_async(_shown(prompt), handle_sigint=False)
        return await self._session.prompt_async(
            lambda: _shown(client.talk.prompt), handle_sigint=False
        )

    def stop(self) -> None:
        """Type no more: the terminal becomes what it was."""
        for session in (self._session, self._hidden):
            if session.app.is_running:
                with suppress(Exception):  # it has just been ended by a key
                    session.app.exit(exception=EOFError)

    # -- within

    async def _print(self) -> None:
        try:
            while self._waiting:
                async with in_terminal():
                    fragments, self._waiting = self._waiting, []
                    print_formatted_text(self._session.output, FormattedText(fragments), _STYLE)
        finally:
            self._printing = None

    async def _printed(self) -> None:
        if self._printing is not None:
            await self._printing


class _History(InMemoryHistory):
    """What was typed before, without what has passwords in it, or may have."""

    def append_string(self, string: str) -> None:
        """Remember what was typed."""
        if not is_to_be_forgotten(string):
            super().append_string(string)


class _Blank(Processor):
    """Shows nothing of what is typed, not even how much it is."""

    def apply_transformation(
        self,
        transformation_input: TransformationInput,  # noqa: ARG002 -- prompt_toolkit's
    ) -> Transformation:
        """Return nothing, with the cursor where it begins."""
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
        """Return what the word before the cursor can become."""
        word, candidates = complete(document.text_before_cursor, self._screen.where)
        return [Completion(one, start_position=-len(word)) for one in candidates]


def _shown(prompt: Prompt | None) -> FormattedText:
    return FormattedText(paint_prompt(prompt, time.time()))


def _keys(*, searching: bool = True) -> KeyBindings:
    """Return our own keys: Ctrl-C clears the line, and ends the program on an empty one.

    Without `searching` there is no search in the history, which shows what is typed.
    """
    keys = KeyBindings()
    if not searching:
        for key in ("c-r", "c-s"):
            keys.add(key)(lambda _: None)

    @keys.add("c-c")
    def _interrupt(event: KeyPressEvent) -> None:
        if event.app.current_buffer.text:
            event.app.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    return keys
