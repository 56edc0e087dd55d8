"""The terminal on standard output, as prompt_toolkit writes to it."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext

from prompt_toolkit.application import create_app_session
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import is_dumb_terminal


def standard_output() -> Output:
    """Return the terminal on standard output."""
    return TerminalOutput.from_pty(
        sys.stdout, term=os.environ.get("TERM"), default_color_depth=ColorDepth.from_env()
    )


def terminal_session() -> AbstractContextManager[object]:
    """Return the context in which a screen is made: there a dumb terminal gets text alone."""
    if not is_dumb_terminal():
        return nullcontext()
    return create_app_session(output=DumbOutput.from_pty(sys.stdout, term="dumb"))


class DumbOutput(Vt100_Output):
    """A terminal that gets no escape sequences."""

    def write_raw(self, data: str) -> None:
        """Write nothing."""


class TerminalOutput(Vt100_Output):
    """A terminal that is not asked where its cursor is.

    prompt_toolkit asks after all that is printed, to put the status line into the last row, and
    does not show it before the answer. That takes as long as the way to the terminal and back, and
    some terminals do not answer. So the status line is in the row below the input.
    """

    def get_rows_below_cursor_position(self) -> int:
        """Return how many rows there are at least from the cursor on."""
        return 1
