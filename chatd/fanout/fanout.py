"""Fan-out: the events of a room reach all its sessions, with one write per session and turn.

A room has a buffer for this turn of the reactor: its events, and for each codec used in it the
encoded events in one piece, with the offset where each of them ends. When the turn is over, every
session gets one write: the buffer, except for its own messages, what came before it joined or was
last written to, and what came after it left. Most sessions read all of it and get the very same
bytes object; the others get slices. So a turn costs (messages + sessions), not their product.

A join or a leave does not flush the room: it is a place in the turn's one count of events. Before
anything is written to one session alone, its own slice so far is written, so that a reply never
comes before what was said earlier. A session in several rooms reads their buffers merged, in the
order of the events. buffer.py has an example.

Of folded joins (joinfolding.py) a reader of text is told before anything else happens in the room,
and before anything is written to it alone. A reader that knows some of them, such as one who is
among them, is told of the others by a write of its own.

Knows no users and no gateways: a subscriber has an `ISendQueue` to write to and a codec.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from chatd.core.events import Address, Event, Joined, JoinsFolded, MessageBatch, RoomEvent
from chatd.core.rooms import Room
from chatd.fanout.buffer import EncodedBuffer, RoomBuffer, Subscriber, merge
from chatd.fanout.joinfolding import FoldedJoins
from chatd.protocol.codec import EventCodec, Prepared
from chatd.protocol.ignoring import ignoring_codec
from chatd.protocol.replies import Reply

Trace = Callable[[Address, str], None]


class Clock(Protocol):
    """The part of a reactor that the fan-out uses."""

    def callLater(self, delay: float, call: Callable[[], None]) -> object:
        """Call after `delay` seconds; 0 is the next turn."""


class Fanout:
    """Writes the events of rooms to their subscribers, in order, with one write a turn.

    `clock.callLater` tells when the turn is over. `trace` is called with every frame, while set.
    """

    def __init__(self, clock: Clock) -> None:
        self.trace: Trace | None = None
        self.bytes_sent = 0
        self._clock = clock
        self._buffers: dict[Room, RoomBuffer] = {}
        self._dirty: dict[RoomBuffer, None] = {}
        self._folded: dict[RoomBuffer, None] = {}
        self._reset_after_flush: dict[Subscriber, None] = {}
        self._count = 0
        self._flush_is_due = False

    # -- one subscriber

    def set_codec(self, subscriber: Subscriber, codec: EventCodec) -> None:
        """Encode with another codec for `subscriber`, from the next event on."""
        self.send(subscriber)  # all that it has not read yet
        subscriber.base_codec = codec
        self._update_codec(subscriber)
        self._take_unknown_joins(subscriber)  # it has read them already, as JSON

    def refresh(self, subscriber: Subscriber) -> None:
        """Encode by the list of ignored users of the subscriber's user as it is now."""
        self._update_codec(subscriber)

    def send(self, subscriber: Subscriber, *messages: Event | Reply | Prepared) -> None:
        """Write to one subscriber, after all that happened before."""
        self._write(subscriber, *self._take_unknown_joins(subscriber), *messages)

    def answer(self, subscriber: Subscriber, reply: Event | Reply | Prepared) -> None:
        """Write to one subscriber what it has asked for, after all that happened before."""
        joins = self._take_unknown_joins(subscriber)
        subscriber.send_queue.answer(self._encode(subscriber, *joins, reply))

    def _write(self, subscriber: Subscriber, *messages: Event | Reply | Prepared) -> None:
        blob = self._encode(subscriber, *messages)
        if blob:
            subscriber.send_queue.write(blob)

    def _encode(self, subscriber: Subscriber, *messages: Event | Reply | Prepared) -> bytes:
        """Return what is next for one subscriber, who has what happened before already."""
        self.flush_one(subscriber)
        blob = b"".join(map(subscriber.encode, messages))
        if self.trace is not None:
            for message in messages:
                self._show(subscriber, message)
        self.bytes_sent += len(blob)
        return blob

    def subscribe(self, subscriber: Subscriber, room: Room) -> None:
        """Let `subscriber` read the events of `room` from the next one on."""
        buffer = self._buffer(room)
        self.flush_one(subscriber)
        subscriber.buffers[room] = buffer
        buffer.add(subscriber)
        self._update_codec(subscriber)
        if buffer.folded is not None and subscriber.codec.is_text:
            buffer.folded.take_unknown(subscriber)

    def unsubscribe(self, subscriber: Subscriber, room: Room) -> None:
        """Let `subscriber` read no more events of `room`.

        If that was its current room, the one of its others that it joined last becomes current.
        """
        self.send(subscriber)  # all that it has not read yet
        buffer = subscriber.buffers.pop(room)
        buffer.remove(subscriber)
        if buffer.folded is not None:
            buffer.folded.known.pop(subscriber, None)
        subscriber.followed_rooms -= {room}
        if subscriber.current_room is room:
            subscriber.current_room = next(reversed(subscriber.buffers), None)
        self._update_codec(subscriber)

    def skip(self, subscriber: Subscriber) -> None:
        """Leave out for `subscriber` all events of this turn that were not written to it yet."""
        subscriber.cursor = self._count
        subscriber.own_events = []
        self._reset_after_flush[subscriber] = None

    # -- events

    def on_messages(self, room: Room, messages: MessageBatch, origin: Subscriber | None) -> None:
        """Add messages to the room's events: all its subscribers read them.

        `origin`, who has said them, does not, unless it wants to.
        """
        buffer = self._buffers.get(room)
        if buffer is None:
            buffer = self._buffer(room)
        if buffer.folded is not None:
            self.unfold(room)
        if origin is not None:
            if origin.notes_own:
                origin.on_own_messages(messages)
            if not origin.reads_own:
                if not origin.own_events:
                    self._reset_after_flush[origin] = None
                origin.own_events.append(self._count)
        self._append(buffer, messages)
        self._count += 1

    def append(self, events: Mapping[Room, RoomEvent]) -> None:
        """Add one fact to the events of its rooms: a session in several of them reads it once."""
        for room, event in events.items():
            self._append(self._buffer(room), event)
        self._count += 1

    def fold(self, room: Room, joined: Joined) -> None:
        """Add a join to the room's events, of which text tells in the next `unfold`."""
        buffer = self._buffer(room)
        if buffer.folded is None:
            buffer.folded = FoldedJoins(joined)
            self._folded[buffer] = None
        else:
            buffer.folded.add(joined)
        self.append({room: replace(joined, is_folded=True)})

    def unfold(self, room: Room) -> int:
        """Tell readers of text of the joins that were folded; return how many these are.

        Messages do so by themselves, any other event has to be preceded by this.
        """
        buffer = self._buffers.get(room)
        if buffer is None or buffer.folded is None:
            return 0
        folded, buffer.folded = buffer.folded, None
        del self._folded[buffer]
        for subscriber in folded.known:
            self._write(subscriber, *folded.take_unknown(subscriber))
        self.append({room: folded.all})
        for subscriber in folded.known:
            self.skip(subscriber)
        return folded.count

    def _take_unknown_joins(self, subscriber: Subscriber) -> Sequence[JoinsFolded]:
        """Return the folded joins of which a subscriber has to be told before anything else."""
        if not self._folded or not subscriber.codec.is_text:
            return ()
        buffers = subscriber.buffers.values()
        folded = (buffer.folded for buffer in buffers if buffer.folded is not None)
        return [joins for each in folded for joins in each.take_unknown(subscriber)]

    def close_room(self, room: Room) -> None:
        """Write the last events of a room, unsubscribe all from it, and forget it."""
        buffer = self._buffers[room]
        for subscriber in buffer.all_subscribers():
            self.unsubscribe(subscriber, room)
            subscriber.on_room_closed(room)
        self._dirty.pop(buffer, None)
        del self._buffers[room]

    def _buffer(self, room: Room) -> RoomBuffer:
        buffer = self._buffers.get(room)
        if buffer is None:
            buffer = self._buffers[room] = RoomBuffer()
        return buffer

    def _append(self, buffer: RoomBuffer, event: RoomEvent) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._clock.callLater(0, self.flush)
        if not buffer.events:
            self._dirty[buffer] = None
        buffer.events.append(event)
        buffer.sequence.append(self._count)

    def _update_codec(self, subscriber: Subscriber) -> None:
        """Give a subscriber its codec, in each of its rooms.

        It depends on the number of rooms, and on the users that are ignored.
        """
        codec = subscriber.base_codec.for_room_count(len(subscriber.buffers))
        ignored = subscriber.user.ignored
        if ignored is not None:
            codec = ignoring_codec(codec, ignored)
        if codec is not subscriber.codec:
            self.flush_one(subscriber)
            for buffer in subscriber.buffers.values():
                buffer.remove(subscriber)
            subscriber.codec = codec
            for buffer in subscriber.buffers.values():
                buffer.add(subscriber)

    # -- writing

    def flush_one(self, subscriber: Subscriber) -> None:
        """Write to one subscriber the events of this turn that were not written to it yet."""
        if subscriber.cursor == self._count:
            return
        buffers = [buffer for buffer in subscriber.buffers.values() if buffer.events]
        if buffers:
            encoded_buffers = [buffer.encoded(subscriber.codec) for buffer in buffers]
            self._write_slice(subscriber, merge(encoded_buffers, subscriber.cursor))
        self.skip(subscriber)

    def flush(self) -> None:
        """End the turn: write to every subscriber what was not written to it yet."""
        dirty, to_reset = self._dirty, self._reset_after_flush
        self._dirty, self._reset_after_flush = {}, {}
        self._flush_is_due = False
        try:
            self._write_turn(dirty)
        finally:
            self._count = 0
            for subscriber in to_reset:
                subscriber.cursor = 0
                subscriber.own_events = []
            for buffer in dirty:
                buffer.clear()

    def _write_turn(self, buffers: Iterable[RoomBuffer]) -> None:
        in_several: dict[Subscriber, list[RoomBuffer]] = {}
        for buffer in buffers:
            for codec, group in buffer.subscribers.items():
                whole = buffer.whole(codec)
                size = len(whole)
                # Nothing is written where the codec tells nothing of the events.
                readers = tuple(group) if whole else [s for s in group if len(s.buffers) > 1]
                for subscriber in readers:
                    if len(subscriber.buffers) > 1:
                        in_several.setdefault(subscriber, []).append(buffer)
                    elif subscriber.own_events == buffer.sequence:
                        pass  # all messages are its own
                    elif subscriber.cursor or subscriber.own_events or self.trace is not None:
                        self._write_slice(subscriber, buffer.encoded(codec))
                    else:
                        self.bytes_sent += size
                        subscriber.send_queue.write(whole)
        merged: dict[tuple[EventCodec, tuple[RoomBuffer, ...]], EncodedBuffer] = {}
        for subscriber, several in in_several.items():
            key = (subscriber.codec, tuple(several))
            if key not in merged:
                merged[key] = merge([buffer.encoded(subscriber.codec) for buffer in several])
            self._write_slice(subscriber, merged[key])

    def _write_slice(self, subscriber: Subscriber, encoded: EncodedBuffer) -> None:
        blob = encoded.slice_for(subscriber.cursor, subscriber.own_events)
        if not blob:
            return
        if self.trace is not None:
            self._show_slice(subscriber)
        self.bytes_sent += len(blob)
        subscriber.send_queue.write(blob)

    # -- the trace

    def _show(self, subscriber: Subscriber, message: Event | Reply | Prepared) -> None:
        if self.trace is not None:
            for text in subscriber.describe(message):
                self.trace(subscriber.address, text)

    def _show_slice(self, subscriber: Subscriber) -> None:
        """Show the events that a slice for `subscriber` has, in their order, each once."""
        encode = subscriber.codec.encode
        events = {
            (buffer.sequence[at], encode(buffer.events[at])): buffer.events[at]
            for buffer in subscriber.buffers.values()
            for at in range(bisect_left(buffer.sequence, subscriber.cursor), len(buffer.sequence))
        }
        for place, blob in sorted(events):
            if blob and place not in subscriber.own_events:
                self._show(subscriber, events[place, blob])
