"""The private messages that a store in memory keeps for accounts that are away."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import count

from chatd.core.records import KeptMessage


class MemoryKeptMessages:
    """Messages with the ids of their recipients, in a list, the oldest first."""

    def __init__(self) -> None:
        self._messages: list[tuple[int, KeptMessage]] = []
        self._ids = count(1)

    def of_recipient(self, recipient: int) -> list[KeptMessage]:
        """Return the messages that are kept for an account."""
        return [message for account, message in self._messages if account == recipient]

    def keep(self, recipient: int, message: KeptMessage, per_sender: int, in_all: int) -> bool:
        """Keep a message, unless too many are kept; return whether it is kept."""
        there = self.of_recipient(recipient)
        if message in [replace(each, id=message.id) for each in there]:
            return True
        of_sender = sum(_sender(each) == _sender(message) for each in there)
        if len(there) >= in_all or of_sender >= per_sender:
            return False
        self._messages.append((recipient, replace(message, id=next(self._ids))))
        return True

    def remove(self, ids: Collection[int]) -> None:
        """Remove some messages."""
        self._keep(lambda _, message: message.id not in ids)

    def remove_before(self, time: float) -> None:
        """Remove all messages from before a time."""
        self._keep(lambda _, message: message.time >= time)

    def remove_all(self, recipient: int) -> None:
        """Remove the messages that are kept for an account."""
        self._keep(lambda account, _: account != recipient)

    def _keep(self, wanted: Callable[[int, KeptMessage], bool]) -> None:
        self._messages = [each for each in self._messages if wanted(*each)]


def _sender(message: KeptMessage) -> tuple[int | None, str | None]:
    return message.account, message.origin
