"""A log in memory that several servers in one process share, with the faults of a network.

Time passes only when the clock of the test does. Every message between a server and the log may be
late, lost or repeated, as the test decides; the log itself loses nothing.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from chatd.oplog.entry import Entry, Placed

T = TypeVar("T")


@dataclass
class Network:
    """The faults of the next messages between servers and the log.

    `delay` returns how many seconds a message takes, `is_lost` whether it is lost, `is_repeated`
    whether it comes twice. Each is called with the name of the server.
    """

    delay: Callable[[str], float] = lambda _: 0.0
    is_lost: Callable[[str], bool] = lambda _: False
    is_repeated: Callable[[str], bool] = lambda _: False


class MemoryLog:
    """The log: `entries` in the order that all servers apply. `clock` delays messages.

    An entry travels as bytes, so that nothing but plain values can reach another server.
    """

    def __init__(self, clock: Any, network: Network | None = None) -> None:
        self.network = network or Network()
        self.entries: list[Placed] = []
        self._clock = clock
        self._subscribers: dict[str, Callable[[Placed], None]] = {}
        self._numbers: dict[str, int] = {}

    def subscribe(self, node: str, on_entry: Callable[[Placed], None]) -> None:
        """Call `on_entry` for the entries from now on, for the server `node`."""
        self._subscribers[node] = on_entry

    def kill(self, node: str) -> None:
        """Reach the server `node` no more, nor let it reach the log."""
        del self._subscribers[node]

    def append(self, entry: Entry) -> None:
        """Add an entry, unless it is there."""
        self._transmit(entry.node, lambda: self._add(entry))

    def read(self, node: str, after: int) -> Deferred[Sequence[Placed]]:
        """Return the entries after a position."""
        answer: Deferred[Sequence[Placed]] = Deferred()

        def fire(entries: Sequence[Placed]) -> None:
            if not answer.called:
                answer.callback(_copy(entries))

        def respond() -> None:
            entries = self.entries[after:]
            self._transmit(node, lambda: fire(entries))

        self._transmit(node, respond)
        return answer

    def _add(self, entry: Entry) -> None:
        if entry.number != self._numbers.get(entry.node, 0) + 1:
            return  # it is there already: it was sent again, or came twice
        self._numbers[entry.node] = entry.number
        placed = Placed(len(self.entries) + 1, _copy(entry))
        self.entries.append(placed)
        for node in list(self._subscribers):
            self._transmit(node, lambda node=node: self._push(node, placed))  # type: ignore[misc]

    def _push(self, node: str, placed: Placed) -> None:
        self._subscribers[node](_copy(placed))

    def _transmit(self, node: str, arrive: Callable[[], None]) -> None:
        """Let something arrive that travels between a server and the log, unless it is lost."""
        network = self.network
        if network.is_lost(node):
            return
        for _ in range(1 + network.is_repeated(node)):
            self._clock.callLater(network.delay(node), self._arrive, node, arrive)

    def _arrive(self, node: str, arrive: Callable[[], None]) -> None:
        if node in self._subscribers:
            arrive()


def _copy(value: T) -> T:
    copy: T = pickle.loads(pickle.dumps(value))  # noqa: S301 -- our own bytes
    return copy
