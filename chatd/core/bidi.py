"""Right-to-left text within a line of the server, so that its words keep their places.

A terminal that knows Unicode's bidirectional algorithm (UAX #9) would show the name `אבג` and the
text `Server: hi` as `Server: hi :אבג`. Between the characters for an isolate, a name or a text has
an order of its own and does not change that of the rest of the line.
"""

from __future__ import annotations

import re
from typing import Final

_FIRST_STRONG_ISOLATE: Final = "\u2068"
_POP_ISOLATE: Final = "\u2069"
# The blocks of scripts from right to left, and the marks and numbers with that direction.
_RIGHT_TO_LEFT: Final = re.compile(
    "[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def is_right_to_left(text: str) -> bool:
    """Tell whether `text` has right-to-left characters."""
    return not text.isascii() and _RIGHT_TO_LEFT.search(text) is not None


def isolate(text: str) -> str:
    """Return `text`, each line isolated if it has right-to-left characters, else as it is."""
    if not is_right_to_left(text):
        return text
    return "\n".join(map(_isolate_line, text.split("\n")))


def _isolate_line(line: str) -> str:
    if not is_right_to_left(line):
        return line
    return f"{_FIRST_STRONG_ISOLATE}{line}{_POP_ISOLATE}"
