"""The parts of the line editor: the lines typed before, completion, hidden input, and the keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

from chatd.client.model.state import ClientState
from chatd.client.ui.commands import has_password
from chatd.client.ui.completion import complete
from chatd.client.ui.typed import may_be_kept, may_be_stored


class LineStore(Protocol):
    """Keeps typed lines between two starts."""

    def load(self) -> list[str]:
        """Return the lines, the oldest first."""

    def add(self, line: str) -> None:
        """Add a line."""


class History(InMemoryHistory):
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


class Blank(Processor):
    """Shows nothing of the input, not even its length."""

    def apply_transformation(
        self,
        transformation_input: TransformationInput,  # noqa: ARG002 -- prompt_toolkit's
    ) -> Transformation:
        """Return nothing, with the cursor at the start."""
        return Transformation([], source_to_display=lambda _: 0, display_to_source=lambda _: 0)


class CommandCompleter(Completer):
    """Completes commands, rooms and names on Tab; `state` returns what is known of them."""

    def __init__(self, state: Callable[[], ClientState]) -> None:
        self._state = state

    def get_completions(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 -- prompt_toolkit's
    ) -> Iterable[Completion]:
        """Yield the completions of the word before the cursor."""
        word, candidates = complete(document.text_before_cursor, self._state())
        return [Completion(each, start_position=-len(word)) for each in candidates]


def keys(*, searching: bool = True) -> KeyBindings:
    """Return the key bindings: Alt-Enter makes a newline; Ctrl-C clears the line.

    On an empty line Ctrl-C ends the program.

    Without `searching` there is no search in the history, as it would show the input.
    """
    bindings = KeyBindings()
    if not searching:
        for key in ("c-r", "c-s"):
            bindings.add(key)(lambda _: None)

    @bindings.add("escape", "enter")
    def _newline(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @bindings.add("c-c")
    def _interrupt(event: KeyPressEvent) -> None:
        if event.app.current_buffer.text:
            event.app.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    return bindings
