"""A line being typed: its text, the cursor, the lines before it. Pure: draws and reads nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wcwidth import wcwidth

_JOINER: Final = "\u200d"
_EMOJI_SIGN: Final = "\ufe0f"


class LineBuffer:
    """The line. `cursor` is an index into `text`, never between a character and its accents."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._history: list[str] = []
        # Which line of the history is shown; behind the last: none, but what was typed.
        self._shown = 0
        self._unfinished = ""

    @property
    def before(self) -> str:
        """The text before the cursor."""
        return self.text[: self.cursor]

    def insert(self, text: str) -> None:
        """Insert `text` at the cursor."""
        self.replace(self.cursor, text)

    def replace(self, first: int, text: str = "") -> None:
        """Put `text` in the place of what is between `first` and the cursor."""
        self.text = self.text[:first] + text + self.text[self.cursor :]
        self.cursor = first + len(text)

    def enter(self) -> str:
        """Return the line, note it in the history, and begin an empty one."""
        line = self.text
        if line.strip() and self._history[-1:] != [line]:
            self._history.append(line)
        self.text = self._unfinished = ""
        self.cursor = 0
        self._shown = len(self._history)
        return line

    # -- keys

    def left(self) -> None:
        """Go back one character."""
        self.cursor = self._left()

    def right(self) -> None:
        """Go on one character."""
        self.cursor = self._right()

    def home(self) -> None:
        """Go to the start."""
        self.cursor = 0

    def end(self) -> None:
        """Go to the end."""
        self.cursor = len(self.text)

    def backspace(self) -> None:
        """Delete the character before the cursor."""
        self.replace(self._left())

    def delete(self) -> None:
        """Delete the character at the cursor."""
        self.text = self.before + self.text[self._right() :]

    def delete_to_end(self) -> None:
        """Delete what is behind the cursor."""
        self.text = self.before

    def delete_to_start(self) -> None:
        """Delete what is before the cursor."""
        self.replace(0)

    def delete_word(self) -> None:
        """Delete the word before the cursor."""
        self.replace(self.before.rstrip().rfind(" ") + 1)

    def older(self) -> None:
        """Show the line before in the history."""
        if self._shown > 0:
            self._show(self._shown - 1)

    def newer(self) -> None:
        """Show the line after in the history; behind the last is what was being typed."""
        if self._shown < len(self._history):
            self._show(self._shown + 1)

    # -- within

    def _show(self, place: int) -> None:
        if self._shown == len(self._history):
            self._unfinished = self.text
        self._shown = place
        self.text = (*self._history, self._unfinished)[place]
        self.end()

    def _left(self) -> int:
        place = max(self.cursor - 1, 0)
        while self._is_within_character(place):
            place -= 1
        return place

    def _right(self) -> int:
        place = min(self.cursor + 1, len(self.text))
        while self._is_within_character(place):
            place += 1
        return place

    def _is_within_character(self, place: int) -> bool:
        if not 0 < place < len(self.text):
            return False
        return wcwidth(self.text[place]) == 0 or self.text[place - 1] == _JOINER


def visible_part(text: str, cursor: int, first: int, columns: int) -> tuple[int, int]:
    """Return where the part of `text` begins and ends that is shown in `columns`.

    The cursor is in it. It begins at `first`, where it began before, if that can be.
    """
    earliest = cursor - _fitting(reversed(text[:cursor]), columns)
    # Further right, some of the row would be empty for nothing.
    latest = len(text) - _fitting(reversed(text), columns)
    first = max(earliest, min(first, latest, cursor))
    return first, first + _fitting(text[first:], columns)


def _fitting(characters: Iterable[str], columns: int) -> int:
    """Return how many of `characters` have room in `columns`."""
    count = 0
    for character in characters:
        columns -= _columns(character)
        if columns < 0:
            break
        count += 1
    return count


def _columns(character: str) -> int:
    """Return the columns that `character` takes at most, whatever the terminal makes of it."""
    return 1 if character == _EMOJI_SIGN else max(wcwidth(character), 0)
