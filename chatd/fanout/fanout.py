"""Fan-out: what a room says reaches all its members, once a reactor turn.

A room keeps the batch of this turn: its events, and for each dialect spoken in it a tape, the
encoded events in one buffer with the place where each ends. When the turn is over, every member
gets one write. A member's share is the tape minus holes: what he said himself, what came before
he joined or was last written to, what came after he left. Most have no hole and get the very same
bytes object; one with holes gets slices. So a turn costs (messages + members), not their product.

A join or a leave does not flush the room: it is a place in the turn's one count of events. Before
anything is written to one listener alone, his own share so far is written, so that an answer never
comes before what was said earlier. Who is in several rooms gets their tapes merged in the order
in which things happened.

Knows nothing of doors: a listener has an `IOutlet` to write to and a dialect to write in.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Protocol

from chatd.core.events import Address, Burst, Closed, Dismissal, Event, Joined, Left, RoomEvent
from chatd.core.rooms import Chatter, Room
from chatd.fanout.buffer import Batch, Listener
from chatd.fanout.encoded import Tape, merged
from chatd.protocol.codec import Dialect
from chatd.protocol.replies import Answer

Trace = Callable[[Address, str], None]


class Clock(Protocol):
    """What delivery needs of a reactor."""

    def callLater(self, delay: float, call: Callable[[], None]) -> object:
        """Call after `delay` seconds; 0 is the next turn."""


class Delivery:
    """Brings events to the listeners, in order, with one write a turn.

    `clock.callLater` says when the turn is over. While `trace` is set, it is shown every frame.
    """

    def __init__(self, clock: Clock) -> None:
        self.trace: Trace | None = None
        self.bytes_sent = 0
        self._clock = clock
        self._listeners: dict[Chatter, Listener] = {}
        self._batches: dict[Room, Batch] = {}
        self._changed: dict[Batch, None] = {}
        self._touched: dict[Listener, None] = {}
        self._count = 0
        self._flush_is_due = False

    # -- listeners

    def attach(self, who: Chatter, listener: Listener) -> None:
        """Let `listener` hear what is for `who`."""
        self._listeners[who] = listener

    def detach(self, who: Chatter) -> None:
        """Forget the listener of `who`, who is in no room any more."""
        del self._listeners[who]

    def speak(self, listener: Listener, dialect: Dialect) -> None:
        """Change what is spoken to `listener`, from the next event on."""
        listener.spoken = dialect
        self._retune(listener)

    def send(self, listener: Listener, *messages: Event | Answer) -> None:
        """Write to one listener, after all that happened before."""
        self.catch_up(listener)
        blob = b"".join(map(listener.dialect.encode, messages))
        for message in messages:
            self._show(listener, message)
        self.bytes_sent += len(blob)
        listener.outlet.write(blob)

    def tell(self, who: Chatter, *messages: Event | Answer) -> None:
        """Write to one chatter, if he is here, after all that happened before."""
        listener = self._listeners.get(who)
        if listener is not None:
            self.send(listener, *messages)

    def dismiss(self, who: Chatter, why: Dismissal) -> None:
        """Tell one chatter why, if he is here, and end his connection."""
        listener = self._listeners.get(who)
        if listener is not None:
            listener.dismiss(why)

    # -- rooms

    def said(self, room: Room, burst: Burst, by: Chatter) -> None:
        """Note what `by` has said: at the end of the turn all others in the room are told."""
        batch = self._batches.get(room)
        if batch is None:
            batch = self._batches[room] = Batch()
        listener = self._listeners.get(by)
        if listener is not None:
            if not listener.holes:
                self._touched[listener] = None
            listener.holes.append(self._count)
        self._note(batch, burst)

    def published(self, room: Room, event: RoomEvent, by: Chatter | None) -> None:
        """Note an event of a room: at the end of the turn all in it but `by` are told."""
        batch = self._batches.get(room)
        if batch is None:
            batch = self._batches[room] = Batch()
        listener = self._listeners.get(by) if by is not None else None
        if isinstance(event, Joined):
            self._note(batch, event)
            if listener is not None:
                self._seat(listener, room, batch)
        elif isinstance(event, Left):
            if listener is not None:
                self._unseat(listener, room, batch)
            self._note(batch, event)
        else:
            self._note(batch, event)
            if isinstance(event, Closed):
                self._close(room, batch)

    def _note(self, batch: Batch, event: RoomEvent) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._clock.callLater(0, self.flush)
        if not batch.events:
            self._changed[batch] = None
        batch.events.append(event)
        batch.order.append(self._count)
        self._count += 1

    def _seat(self, listener: Listener, room: Room, batch: Batch) -> None:
        self.catch_up(listener)
        listener.batches[room] = batch
        batch.seat(listener)
        self._retune(listener)

    def _unseat(self, listener: Listener, room: Room, batch: Batch) -> None:
        self.catch_up(listener)
        del listener.batches[room]
        batch.unseat(listener)
        self._retune(listener)

    def _retune(self, listener: Listener) -> None:
        """Give `listener` the dialect for the number of his rooms, as one of its speakers in each."""
        dialect = listener.spoken.tagged(len(listener.batches))
        if dialect is not listener.dialect:
            self.catch_up(listener)
            for batch in listener.batches.values():
                batch.unseat(listener)
            listener.dialect = dialect
            for batch in listener.batches.values():
                batch.seat(listener)

    def _close(self, room: Room, batch: Batch) -> None:
        for listener in batch.listeners():
            self._unseat(listener, room, batch)
        del self._changed[batch], self._batches[room]

    # -- writing

    def catch_up(self, listener: Listener) -> None:
        """Write to `listener` what has happened in his rooms in this turn and he has not been told."""
        if listener.since == self._count:
            return
        batches = [batch for batch in listener.batches.values() if batch.events]
        if batches:
            tapes = [batch.tape(listener.dialect) for batch in batches]
            self._write_share(listener, merged(tapes, listener.since))
        listener.since = self._count
        listener.holes = []
        self._touched[listener] = None

    def flush(self) -> None:
        """End the turn: write to every listener what he has not been told yet."""
        changed, touched = self._changed, self._touched
        self._changed, self._touched = {}, {}
        self._flush_is_due = False
        try:
            self._write_turn(changed)
        finally:
            self._count = 0
            for listener in touched:
                listener.since = 0
                listener.holes = []
            for batch in changed:
                batch.clear()

    def _write_turn(self, batches: Iterable[Batch]) -> None:
        in_several: dict[Listener, list[Batch]] = {}
        for batch in batches:
            for dialect, group in batch.audience.items():
                whole = batch.whole(dialect)
                size = len(whole)
                for listener in tuple(group):
                    if len(listener.batches) > 1:
                        in_several.setdefault(listener, []).append(batch)
                    elif listener.holes == batch.order:
                        pass  # he has said all there is
                    elif listener.since or listener.holes or self.trace is not None:
                        self._write_share(listener, batch.tape(dialect))
                    else:
                        self.bytes_sent += size
                        listener.outlet.write(whole)
        tapes: dict[tuple[Dialect, tuple[Batch, ...]], Tape] = {}
        for listener, his in in_several.items():
            key = (listener.dialect, tuple(his))
            if key not in tapes:
                tapes[key] = merged([batch.tape(listener.dialect) for batch in his])
            self._write_share(listener, tapes[key])

    def _write_share(self, listener: Listener, tape: Tape) -> None:
        share = tape.share(listener.since, listener.holes)
        if not share:
            return
        if self.trace is not None:
            self._show_share(listener)
        self.bytes_sent += len(share)
        listener.outlet.write(share)

    # -- the trace

    def _show(self, listener: Listener, message: Event | Answer) -> None:
        if self.trace is not None:
            for text in listener.dialect.trace(message):
                self.trace(listener.address, text)

    def _show_share(self, listener: Listener) -> None:
        holes = set(listener.holes)
        places = sorted(
            (batch.order[at], at, batch)
            for batch in listener.batches.values()
            for at in range(bisect_left(batch.order, listener.since), len(batch.order))
        )
        for count, at, batch in places:
            if count not in holes:
                self._show(listener, batch.events[at])
