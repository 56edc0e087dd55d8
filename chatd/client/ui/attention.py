"""The bell and the title of the terminal, which draw the attention of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prompt_toolkit.output import Output

_PROGRAM: Final = "chatd"
_SAVE_TITLE: Final = "\x1b[22;2t"
_RESTORE_TITLE: Final = "\x1b[23;2t"
"""As xterm has them; other terminals ignore what they do not know."""

_BELL_PAUSE: Final = 1.0
"""How many seconds are between two sounds of the bell at least."""


class Attention:
    """Counts what the user has not seen; `rings`: the bell sounds.

    `seconds` returns the time. The title shows the number, as in `(2) chatd`, until a key is
    pressed; then the title of before is back, or `chatd` on a terminal that does not keep it.
    """

    def __init__(self, output: Output, seconds: Callable[[], float], *, rings: bool) -> None:
        self._output = output
        self._seconds = seconds
        self._rings = rings
        self._count = 0
        self._rang_at: float | None = None

    def draw(self) -> None:
        """Draw the attention to one more line."""
        if not self._count:
            self._output.write_raw(_SAVE_TITLE)
        self._count += 1
        self._output.set_title(f"({self._count}) {_PROGRAM}")
        self._ring()
        self._output.flush()

    def answered(self) -> None:
        """Note that the user is there: a key is pressed, or the client ends."""
        if not self._count:
            return
        self._count = 0
        self._output.set_title(_PROGRAM)
        self._output.write_raw(_RESTORE_TITLE)
        self._output.flush()

    def _ring(self) -> None:
        now = self._seconds()
        if self._rings and (self._rang_at is None or now - self._rang_at >= _BELL_PAUSE):
            self._rang_at = now
            self._output.bell()
