"""The limits of a message: how many bytes and lines it may have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatd.core.errors import ChatError, ErrorCode

MAX_LINES: Final = 100
"""How many lines a message may have."""

_MAX_CHARACTER: Final = 4
"""How many bytes a character has at most."""


class TextLimits:
    """A message has at most `max_bytes` bytes, and `MAX_LINES` lines.

    A text of fewer characters than `short` has neither too many bytes nor too many lines.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.short = min(MAX_LINES, max_bytes // _MAX_CHARACTER)

    def check(self, text: str) -> None:
        """Raise `ChatError` if a text is too long or has too many lines."""
        if _lines(text) > MAX_LINES:
            raise ChatError(ErrorCode.TOO_MANY_LINES, limit=MAX_LINES)
        if len(text.encode()) > self.max_bytes:
            raise ChatError(ErrorCode.TOO_LONG, limit=self.max_bytes)

    def allowed(self, texts: Sequence[str]) -> Sequence[str]:
        """Return the texts before the first that is not allowed; raise `ChatError` if none is."""
        for index, text in enumerate(texts):
            try:
                self.check(text)
            except ChatError:
                if index:
                    return texts[:index]
                raise
        return texts


def _lines(text: str) -> int:
    """Return the number of lines; a newline at the end begins none."""
    return text.count("\n", 0, -1) + 1
