"""The colours of names: different ones for the users of a room, as long as there are enough."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
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

    def style(self, name: str, rooms: Sequence[Iterable[str]] = ()) -> str:
        """Return the style of `name`; `rooms` are the names in each room of the reader."""
        if name in OFFICIALS:
            return OFFICIALS[name]
        key = name.casefold()
        if key not in self._taken:
            members = [{other.casefold() for other in room} for room in rooms]
            present = set[str]().union(*members)
            self._taken = {other: each for other, each in self._taken.items() if other in present}
            near = set[str]().union(*(room for room in members if key in room))
            self._taken[key] = _free(
                _preferred(key),
                {each for other, each in self._taken.items() if other in near},
                set(self._taken.values()),
            )
        return f"bold {COLOURS[self._taken[key]]}"


def _preferred(key: str) -> int:
    return zlib.crc32(key.encode(errors="replace")) % len(COLOURS)


def _free(preferred: int, near: set[int], taken: set[int]) -> int:
    """Return the first colour from the preferred one on that is free, or else that one.

    If all are `taken`, a colour is free that nobody `near`, in the same rooms, has.
    """
    numbers: list[int] = [*range(preferred, len(COLOURS)), *range(preferred)]
    best: int = min(numbers, key=lambda number: (number in near, number in taken))
    return best
