"""A record of all messages, to check that all readers agree: one order, no gaps, nothing lost.

Clients in JSON read the number of each message. The first one to read a message adds it to the
record, all others compare. Clients in text read no numbers: the record knows the number of each
text, because all texts differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping


class DeliveryRecord:
    """All messages by room and number; `errors` has a line for each thing that is wrong."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.stored: dict[str, set[int]] = defaultdict(set)
        self._said: dict[str, dict[int, int]] = defaultdict(dict)
        self._numbers: dict[str, dict[int, int]] = defaultdict(dict)

    def __len__(self) -> int:
        return sum(map(len, self._said.values()))

    def add(self, room: str, number: int, sender: str, text: str) -> None:
        """Record a message, or compare it with the one recorded under its number."""
        digest = _digest(sender, text)
        if self._said[room].setdefault(number, digest) != digest:
            self.errors.append(f"{room}: two messages have the number {number}")
        self._numbers[room][digest] = number

    def number(self, room: str, message: int) -> int | None:
        """Return the number of a message, or None if it is not recorded yet."""
        return self._numbers[room].get(message)

    def forget(self, room: str) -> None:
        """Remove a room that was ended, with its history."""
        self._said.pop(room, None)
        self._numbers.pop(room, None)
        self.stored.pop(room, None)

    def newest(self, room: str) -> int:
        """Return the greatest number in a room, 0 if it has none."""
        return max(self._said[room], default=0)

    def lost(self, store: Mapping[tuple[str, int], tuple[str, str]]) -> list[str]:
        """Return a line for each message that is missing in the store, or different there.

        Checked are messages that the server confirmed as stored, and messages that were read.
        """
        digests = {key: _digest(*message) for key, message in store.items()}
        confirmed = [
            f"{room} {number} was confirmed as stored"
            for room, numbers in self.stored.items()
            for number in numbers
            if digests.get((room, number)) != self._said[room].get(number, -1)
        ]
        read = [
            f"{room} {number} was read"
            for room, said in self._said.items()
            for number, digest in said.items()
            if digests.get((room, number)) != digest
        ]
        return confirmed + read


class JsonView:
    """The messages of a room as a client in JSON reads them; its own are confirmed to it."""

    def __init__(self, record: DeliveryRecord, name: str, room: str) -> None:
        self._record = record
        self._reader = f"{name} in {room}"
        self._room = room
        self._newest = 0
        self._own: set[int] = set()
        self._missing: set[int] = set()

    def joined(self, last: int) -> None:
        """Start, or continue after a rejoin, behind the message `last`."""
        self._newest = last
        self._own = {number for number in self._own if number > last}

    def said(self, number: int, sender: str, text: str) -> None:
        """Check and record a message of another client."""
        if number <= self._newest:
            self._record.errors.append(f"{self._reader}: {number} came after {self._newest}")
        between = set(range(self._newest + 1, number))
        self._missing |= between - self._own
        self._own -= between
        self._newest = max(self._newest, number)
        self._record.add(self._room, number, sender, text)

    def stored(self, number: int, sender: str, text: str) -> None:
        """Record that a message of this client is in the store."""
        self._record.stored[self._room].add(number)
        self._record.add(self._room, number, sender, text)
        self._missing.discard(number)
        if number > self._newest:
            self._own.add(number)

    def check(self, up_to: int) -> None:
        """Check at the end that no message up to this number is missing."""
        missing = self._missing | (set(range(self._newest + 1, up_to + 1)) - self._own)
        if missing:
            self._record.errors.append(f"{self._reader}: {sorted(missing)[:5]} did not come")


class TextView:
    """The messages of a room as a client in text reads them, which says nothing."""

    def __init__(self, record: DeliveryRecord, name: str, room: str) -> None:
        self._record = record
        self._reader = f"{name} in {room}"
        self._room = room
        self._newest: int | None = None
        self._unknown: list[int] = []

    def read(self, sender: str, text: str) -> None:
        """Keep a message until it is checked."""
        self._unknown.append(_digest(sender, text))

    def check(self, up_to: int | None = None) -> None:
        """Check the order of the messages read so far.

        `up_to`, at the end, is the number of the last message, which has to be among them.
        """
        for position, message in enumerate(self._unknown):
            number = self._record.number(self._room, message)
            if number is None:  # no client in JSON has read it yet
                del self._unknown[:position]
                break
            if self._newest is not None and number != self._newest + 1:
                self._record.errors.append(f"{self._reader}: {number} came after {self._newest}")
            self._newest = number
        else:
            self._unknown.clear()
        if up_to is not None and (self._unknown or (self._newest or 0) != up_to):
            unknown = len(self._unknown)
            self._record.errors.append(
                f"{self._reader}: read up to {self._newest} of {up_to}, unknown: {unknown}"
            )


def check_views(views: Iterable[TextView]) -> None:
    """Check all views against the record, as far as it has come."""
    for view in views:
        view.check()


def _digest(sender: str, text: str) -> int:
    return hash((sender, text))
