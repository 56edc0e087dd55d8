"""The entries of a log that several servers share, and the interface of such a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from twisted.internet.defer import Deferred

from chatd.core.world.operations import Operation


@dataclass(frozen=True, slots=True)
class Entry:
    """Operations that a server submits together.

    `number` counts the entries of the server `node` from 1. `seconds` is the time of the turn by
    a clock that is never set, on which all servers agree roughly: in seconds since the epoch.
    """

    node: str
    number: int
    seconds: float
    operations: tuple[Operation[Any], ...]


class Placed(NamedTuple):
    """An entry and its position in the log: positions ascend by 1.

    Those of a new log begin behind the position that the store has (`Scribe`).
    """

    position: int
    entry: Entry


class SharedLog(Protocol):
    """A log that gives entries an order, the same for all servers.

    Calls, entries and answers may be lost, repeated or late.
    """

    def subscribe(self, node: str, on_entry: Callable[[Placed], None], /) -> None:
        """Call `on_entry` for the entries from now on, for the server `node`."""

    def append(self, entry: Entry, /) -> None:
        """Add an entry at the end, unless it is there, which its `node` and `number` tell.

        The entries of a server are added in the order of their numbers.
        """

    def read(self, node: str, after: int, /) -> Deferred[Sequence[Placed]]:
        """Return all entries after the position `after`, in their order; it may never fire."""
