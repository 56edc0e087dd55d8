"""What was said in each room, and whether all who read it agree: one order, no gaps, nothing lost.

Programs are told the number of each message, so they write the ledger: the first to see a message
notes it, all others compare. People see no numbers; what they read is looked up. All texts differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping


class Ledger:
    """All that was said, by room and number; `faults`: what should not be."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.stored: dict[str, set[int]] = defaultdict(set)
        self._said: dict[str, dict[int, int]] = defaultdict(dict)
        self._numbers: dict[str, dict[int, int]] = defaultdict(dict)

    def __len__(self) -> int:
        return sum(map(len, self._said.values()))

    def note(self, room: str, number: int, sender: str, text: str) -> None:
        """Take note of a message, and compare it with what others have seen under its number."""
        what = _digest(sender, text)
        if self._said[room].setdefault(number, what) != what:
            self.faults.append(f"{room}: two messages have the number {number}")
        self._numbers[room][what] = number

    def number(self, room: str, message: int) -> int | None:
        """Return the number of a message, if it is known by now."""
        return self._numbers[room].get(message)

    def forget(self, room: str) -> None:
        """Forget a room that was ended, and its history with it."""
        self._said.pop(room, None)
        self._numbers.pop(room, None)
        self.stored.pop(room, None)

    def newest(self, room: str) -> int:
        """Return the greatest number in a room."""
        return max(self._said[room], default=0)

    def lost(self, store: Mapping[tuple[str, int], tuple[str, str]]) -> list[str]:
        """Return what is not in the store, or differs there: of what was told to be, and of what was read."""
        digests = {key: _digest(*message) for key, message in store.items()}
        told = [
            f"{room} {number} was told to be stored"
            for room, numbers in self.stored.items()
            for number in numbers
            if digests.get((room, number)) != self._said[room].get(number, -1)
        ]
        read = [
            f"{room} {number} was read"
            for room, said in self._said.items()
            for number, what in said.items()
            if digests.get((room, number)) != what
        ]
        return told + read


class ProgramsView:
    """What a program has seen of a room: what others said, and what it was told of its own messages."""

    def __init__(self, ledger: Ledger, name: str, room: str) -> None:
        self._ledger = ledger
        self._where = f"{name} in {room}"
        self._room = room
        self._newest = 0
        self._own: set[int] = set()
        self._missing: set[int] = set()

    def joined(self, last: int) -> None:
        """Begin, or go on, after a number."""
        self._newest = last
        self._own = {number for number in self._own if number > last}

    def said(self, number: int, sender: str, text: str) -> None:
        """Take what another has said."""
        if number <= self._newest:
            self._ledger.faults.append(f"{self._where}: {number} came after {self._newest}")
        between = set(range(self._newest + 1, number))
        self._missing |= between - self._own
        self._own -= between
        self._newest = max(self._newest, number)
        self._ledger.note(self._room, number, sender, text)

    def stored(self, number: int, sender: str, text: str) -> None:
        """Take note that a message of one's own is in the store."""
        self._ledger.stored[self._room].add(number)
        self._ledger.note(self._room, number, sender, text)
        self._missing.discard(number)
        if number > self._newest:
            self._own.add(number)

    def look(self, up_to: int) -> None:
        """See whether nothing is missing, all said and done, up to a number."""
        missing = self._missing | (set(range(self._newest + 1, up_to + 1)) - self._own)
        if missing:
            self._ledger.faults.append(f"{self._where}: {sorted(missing)[:5]} did not come")


class PersonsView:
    """What a person has read of a room, who says nothing."""

    def __init__(self, ledger: Ledger, name: str, room: str) -> None:
        self._ledger = ledger
        self._where = f"{name} in {room}"
        self._room = room
        self._newest: int | None = None
        self._unknown: list[int] = []

    def read(self, sender: str, text: str) -> None:
        """Take what was said."""
        self._unknown.append(_digest(sender, text))

    def look(self, up_to: int | None = None) -> None:
        """See whether what was read is in order and whole; if given, up to a number, all said and done."""
        for place, message in enumerate(self._unknown):
            number = self._ledger.number(self._room, message)
            if number is None:  # no program has seen it yet
                del self._unknown[:place]
                break
            if self._newest is not None and number != self._newest + 1:
                self._ledger.faults.append(f"{self._where}: {number} came after {self._newest}")
            self._newest = number
        else:
            self._unknown.clear()
        if up_to is not None and (self._unknown or (self._newest or 0) != up_to):
            self._ledger.faults.append(
                f"{self._where}: read up to {self._newest} of {up_to}, unknown: {len(self._unknown)}"
            )


def look_at(views: Iterable[PersonsView]) -> None:
    """Compare with the ledger what all have read, so far as it is known."""
    for view in views:
        view.look()


def _digest(sender: str, text: str) -> int:
    return hash((sender, text))
