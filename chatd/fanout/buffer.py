"""What delivery works with: a listener for each connection, a batch of events for each room.

Both last as long as the connection and the room; what is in a batch is forgotten after each turn.
Knows nothing of turns and writes nothing: that is delivery.py.
"""

from __future__ import annotations

from collections.abc import Callable

from chatd.core.events import Address, Dismissal, RoomEvent
from chatd.core.ports import IOutlet
from chatd.core.rooms import Room
from chatd.fanout.encoded import Tape
from chatd.protocol.codec import Dialect


class Listener:
    """The ear of one connection: where its bytes go, what it speaks, which batches it is in.

    `since` is the first event of this turn that it has not been written yet, `holes` are its own.
    `dismiss` says why and ends the connection.
    """

    __slots__ = ("address", "batches", "dialect", "dismiss", "holes", "outlet", "since", "spoken")

    def __init__(
        self,
        address: Address,
        outlet: IOutlet,
        dialect: Dialect,
        dismiss: Callable[[Dismissal], None],
    ) -> None:
        self.address = address
        self.outlet = outlet
        self.dismiss = dismiss
        self.spoken = dialect
        self.dialect = dialect
        self.batches: dict[Room, Batch] = {}
        self.since = 0
        self.holes: list[int] = []


class Batch:
    """What has happened in one room in this turn, and who is to hear of it."""

    __slots__ = ("audience", "events", "order", "tapes")

    def __init__(self) -> None:
        self.events: list[RoomEvent] = []
        self.order: list[int] = []
        self.tapes: dict[Dialect, Tape] = {}
        self.audience: dict[Dialect, dict[Listener, None]] = {}

    def seat(self, listener: Listener) -> None:
        """Let `listener` hear."""
        self.audience.setdefault(listener.dialect, {})[listener] = None

    def unseat(self, listener: Listener) -> None:
        """Let `listener` hear no more."""
        group = self.audience[listener.dialect]
        del group[listener]
        if not group:
            del self.audience[listener.dialect]

    def listeners(self) -> list[Listener]:
        """Return all who hear."""
        return [listener for group in self.audience.values() for listener in group]

    def whole(self, dialect: Dialect) -> bytes:
        """Return all that has happened, in `dialect`; the same object each time."""
        if len(self.events) == 1 and dialect not in self.tapes:
            return dialect.encode(self.events[0])  # a quiet room: no tape is needed for one event
        return self.tape(dialect).whole()

    def tape(self, dialect: Dialect) -> Tape:
        """Return the tape in `dialect` of all that has happened so far; each event is encoded once."""
        tape = self.tapes.get(dialect)
        if tape is None:
            tape = self.tapes[dialect] = Tape(self.order)
        new = self.events[len(tape.ends) - 1 :]
        if new:
            tape.extend([dialect.encode(event) for event in new])
        return tape

    def clear(self) -> None:
        """Forget the turn."""
        self.events = []
        self.order = []
        self.tapes = {}
