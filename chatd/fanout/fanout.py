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

from chatd.core.events import (
    Address,
    DisconnectReason,
    Event,
    Joined,
    Left,
    MessageBatch,
    ReceiptRequest,
    RoomClosed,
    RoomEvent,
)
from chatd.core.rooms import Room, User
from chatd.fanout.buffer import RoomBuffer, Subscriber
from chatd.fanout.encoded import EncodedBuffer, merge
from chatd.protocol.codec import Codec
from chatd.protocol.replies import Reply

Trace = Callable[[Address, str], None]


class Clock(Protocol):
    """What delivery needs of a reactor."""

    def callLater(self, delay: float, call: Callable[[], None]) -> object:
        """Call after `delay` seconds; 0 is the next turn."""


class Fanout:
    """Brings events to the listeners, in order, with one write a turn.

    `clock.callLater` says when the turn is over. While `trace` is set, it is shown every frame.
    """

    def __init__(self, clock: Clock) -> None:
        self.trace: Trace | None = None
        self.bytes_sent = 0
        self._clock = clock
        self._subscribers: dict[User, Subscriber] = {}
        self._buffers: dict[Room, RoomBuffer] = {}
        self._dirty: dict[RoomBuffer, None] = {}
        self._reset_after_flush: dict[Subscriber, None] = {}
        self._count = 0
        self._flush_is_due = False

    # -- listeners

    def attach(self, user: User, subscriber: Subscriber) -> None:
        """Let `listener` hear what is for `who`."""
        self._subscribers[user] = subscriber

    def detach(self, user: User) -> None:
        """Forget the listener of `who`, who is in no room any more."""
        del self._subscribers[user]

    def set_codec(self, subscriber: Subscriber, codec: Codec) -> None:
        """Change what is spoken to `listener`, from the next event on."""
        subscriber.base_codec = codec
        self._update_codec(subscriber)

    def send(self, subscriber: Subscriber, *messages: Event | Reply) -> None:
        """Write to one listener, after all that happened before."""
        self.flush_one(subscriber)
        blob = b"".join(map(subscriber.codec.encode, messages))
        for message in messages:
            self._show(subscriber, message)
        self.bytes_sent += len(blob)
        subscriber.send_queue.write(blob)

    def send_to(self, user: User, *messages: Event | Reply) -> None:
        """Write to one chatter, if he is here, after all that happened before."""
        subscriber = self._subscribers.get(user)
        if subscriber is not None:
            self.send(subscriber, *messages)

    def disconnect(self, user: User, why: DisconnectReason) -> None:
        """Tell one chatter why, if he is here, and end his connection."""
        subscriber = self._subscribers.get(user)
        if subscriber is not None:
            subscriber.disconnect(why)

    # -- rooms

    def on_messages(
        self, room: Room, messages: MessageBatch, sender: User, _: ReceiptRequest | None
    ) -> None:
        """Note what `by` has said: at the end of the turn all others in the room are told."""
        buffer = self._buffers.get(room)
        if buffer is None:
            buffer = self._buffers[room] = RoomBuffer()
        subscriber = self._subscribers.get(sender)
        if subscriber is not None:
            if not subscriber.own_events:
                self._reset_after_flush[subscriber] = None
            subscriber.own_events.append(self._count)
        self._append(buffer, messages)

    def on_event(self, room: Room, event: RoomEvent, sender: User | None) -> None:
        """Note an event of a room: at the end of the turn all in it but `by` are told."""
        buffer = self._buffers.get(room)
        if buffer is None:
            buffer = self._buffers[room] = RoomBuffer()
        subscriber = self._subscribers.get(sender) if sender is not None else None
        if isinstance(event, Joined):
            self._append(buffer, event)
            if subscriber is not None:
                self._add(subscriber, room, buffer)
        elif isinstance(event, Left):
            if subscriber is not None:
                self._remove(subscriber, room, buffer)
            self._append(buffer, event)
        else:
            self._append(buffer, event)
            if isinstance(event, RoomClosed):
                self._close(room, buffer)

    def _append(self, buffer: RoomBuffer, event: RoomEvent) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._clock.callLater(0, self.flush)
        if not buffer.events:
            self._dirty[buffer] = None
        buffer.events.append(event)
        buffer.sequence.append(self._count)
        self._count += 1

    def _add(self, subscriber: Subscriber, room: Room, buffer: RoomBuffer) -> None:
        self.flush_one(subscriber)
        subscriber.buffers[room] = buffer
        buffer.add(subscriber)
        self._update_codec(subscriber)

    def _remove(self, subscriber: Subscriber, room: Room, buffer: RoomBuffer) -> None:
        self.flush_one(subscriber)
        del subscriber.buffers[room]
        buffer.remove(subscriber)
        self._update_codec(subscriber)

    def _update_codec(self, subscriber: Subscriber) -> None:
        """Give `listener` the dialect for the number of his rooms, as one of its speakers in each."""
        codec = subscriber.base_codec.for_room_count(len(subscriber.buffers))
        if codec is not subscriber.codec:
            self.flush_one(subscriber)
            for buffer in subscriber.buffers.values():
                buffer.remove(subscriber)
            subscriber.codec = codec
            for buffer in subscriber.buffers.values():
                buffer.add(subscriber)

    def _close(self, room: Room, buffer: RoomBuffer) -> None:
        for subscriber in buffer.all_subscribers():
            self._remove(subscriber, room, buffer)
        del self._dirty[buffer], self._buffers[room]

    # -- writing

    def flush_one(self, subscriber: Subscriber) -> None:
        """Write to `listener` what has happened in his rooms in this turn and he has not been told."""
        if subscriber.cursor == self._count:
            return
        buffers = [buffer for buffer in subscriber.buffers.values() if buffer.events]
        if buffers:
            encoded_buffers = [buffer.encoded(subscriber.codec) for buffer in buffers]
            self._write_slice(subscriber, merge(encoded_buffers, subscriber.cursor))
        subscriber.cursor = self._count
        subscriber.own_events = []
        self._reset_after_flush[subscriber] = None

    def flush(self) -> None:
        """End the turn: write to every listener what he has not been told yet."""
        changed, touched = self._dirty, self._reset_after_flush
        self._dirty, self._reset_after_flush = {}, {}
        self._flush_is_due = False
        try:
            self._write_turn(changed)
        finally:
            self._count = 0
            for subscriber in touched:
                subscriber.cursor = 0
                subscriber.own_events = []
            for buffer in changed:
                buffer.clear()

    def _write_turn(self, buffers: Iterable[RoomBuffer]) -> None:
        in_several: dict[Subscriber, list[RoomBuffer]] = {}
        for buffer in buffers:
            for codec, group in buffer.subscribers.items():
                whole = buffer.whole(codec)
                size = len(whole)
                for subscriber in tuple(group):
                    if len(subscriber.buffers) > 1:
                        in_several.setdefault(subscriber, []).append(buffer)
                    elif subscriber.own_events == buffer.sequence:
                        pass  # he has said all there is
                    elif subscriber.cursor or subscriber.own_events or self.trace is not None:
                        self._write_slice(subscriber, buffer.encoded(codec))
                    else:
                        self.bytes_sent += size
                        subscriber.send_queue.write(whole)
        encoded_buffers: dict[tuple[Codec, tuple[RoomBuffer, ...]], EncodedBuffer] = {}
        for subscriber, his in in_several.items():
            key = (subscriber.codec, tuple(his))
            if key not in encoded_buffers:
                encoded_buffers[key] = merge([buffer.encoded(subscriber.codec) for buffer in his])
            self._write_slice(subscriber, encoded_buffers[key])

    def _write_slice(self, subscriber: Subscriber, encoded: EncodedBuffer) -> None:
        slice_for = encoded.slice_for(subscriber.cursor, subscriber.own_events)
        if not slice_for:
            return
        if self.trace is not None:
            self._show_share(subscriber)
        self.bytes_sent += len(slice_for)
        subscriber.send_queue.write(slice_for)

    # -- the trace

    def _show(self, subscriber: Subscriber, message: Event | Reply) -> None:
        if self.trace is not None:
            for text in subscriber.codec.describe(message):
                self.trace(subscriber.address, text)

    def _show_share(self, subscriber: Subscriber) -> None:
        own_events = set(subscriber.own_events)
        places = sorted(
            (buffer.sequence[at], at, buffer)
            for buffer in subscriber.buffers.values()
            for at in range(bisect_left(buffer.sequence, subscriber.cursor), len(buffer.sequence))
        )
        for count, at, buffer in places:
            if count not in own_events:
                self._show(subscriber, buffer.events[at])
