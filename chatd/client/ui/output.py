"""The terminal on standard output, as prompt_toolkit writes to it."""

from __future__ import annotations

import os
import sys

from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.output.vt100 import Vt100_Output


def standard_output() -> Output:
    """Return the terminal on standard output."""
    return TerminalOutput.from_pty(
        sys.stdout, term=os.environ.get("TERM"), default_color_depth=ColorDepth.from_env()
    )


class TerminalOutput(Vt100_Output):
    """A terminal that is not asked where its cursor is.

    prompt_toolkit asks after all that is printed, to put the status line into the last row, and
    does not show it before the answer. That takes as long as the way to the terminal and back, and
    some terminals do not answer. So the status line is in the row below the input.
    """

    def get_rows_below_cursor_position(self) -> int:
        """Return how many rows there are at least from the cursor on."""
        return 1
