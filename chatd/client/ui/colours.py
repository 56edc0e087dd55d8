"""The colours of names: different ones for the users of a room, as long as there are enough."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

# Of medium lightness: readable on a dark and on a light background.
COLOURS: Final = (
    *("#d75f5f", "#d7875f", "#af8700", "#87a000", "#5faf5f", "#00af87", "#00afaf"),
    *("#5f9fd7", "#5f87ff", "#8787ff", "#af87d7", "#d75fd7", "#d75f9f"),
)

OFFICIALS: Final = {"Server": "class:server", "Administrator": "class:administrator"}
"""The styles of the names under which the server speaks."""


class NameColours:
    """Gives each name a colour, which it keeps while the user is present.

    A name prefers the colour that it has everywhere, and gets another one if a user who is present
    has that.
    """

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def style(self, name: str, present: Iterable[str] = ()) -> str:
        """Return the style of `name`; `present` are the names of the users in the same rooms."""
        if name in OFFICIALS:
            return OFFICIALS[name]
        key = name.casefold()
        if key not in self._taken:
            here = {other.casefold() for other in present}
            self._taken = {other: each for other, each in self._taken.items() if other in here}
            self._taken[key] = _free(_preferred(key), set(self._taken.values()))
        return f"bold {COLOURS[self._taken[key]]}"


def _preferred(key: str) -> int:
    return zlib.crc32(key.encode(errors="replace")) % len(COLOURS)


def _free(preferred: int, taken: set[int]) -> int:
    """Return the first colour from the preferred one on that is free, or else that one."""
    numbers = (*range(preferred, len(COLOURS)), *range(preferred))
    return next((number for number in numbers if number not in taken), preferred)
