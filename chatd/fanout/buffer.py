"""The events of one turn: a buffer for each room, encoded once per codec, cut for each session.

Knows nothing of turns and writes nothing: that is fanout.py. An event has a place in the turn's one
count of events, so that the events of several rooms can be put in order again. How slices are cut,
by an example: in this turn room 1 has the events 0, 2 and 3, room 2 has event 1.

    place                 0          1          2          3
    room 1                "Ann: a"              "Bob: b"   "Ann: c"
    room 2                           "Cid: x"

    Dan, in room 1        read all of the buffer of room 1, the same bytes object as others.
    Ann, in room 1        own_events [0, 3]: reads the slice between them, "Bob: b".
    Eve, in both rooms    reads the merged buffer: "Ann: a", "Cid: x", "Bob: b", "Ann: c".
    Fay, in room 1        joined it after event 2, so the cursor is 3: reads "Ann: c".

An event of a user, such as a new name, has the same place in the buffers of all rooms of that user.
If the encoded events are equal, merging drops all but one of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from chatd.core.events import Address, DisconnectReason, Event, MessageBatch, RoomEvent
from chatd.core.ports import ISendQueue
from chatd.core.rooms import Room, SessionKey, User
from chatd.fanout.joinfolding import FoldedJoins
from chatd.protocol.codec import EventCodec, Prepared
from chatd.protocol.replies import Reply

T = TypeVar("T")


class SessionKeys(Protocol):
    """Gives sessions their keys (`chatd.fanout.router`)."""

    def key_of(self, session: Subscriber, /) -> SessionKey:
        """Return the key of a session."""


class Subscriber:
    """A session's subscription state in the fan-out, and what else events change in a session.

    `buffers` are those of the rooms that the session reads, in the order of joining. `cursor` is
    the place of the first event of this turn that was not yet written to it, `own_events` are the
    places of the messages that it said itself. `base_codec` is the codec for a session in one
    room, `codec` the one for the number of rooms it is in; both are set when the session starts.
    A session that `reads_own` is sent its own messages like those of others; one with
    `notes_own` is told of them before (`on_own_messages`), and may then change `reads_own`.
    `max_rooms` is how many rooms the user may be in by way of this session, None if its gateway has
    no limit.
    `session_key` is that of the session once an operation names it; `router` has the session.
    `welcomed` is the user of an account as whom the client was told that it is logged in.
    `connected_at` and `last_active`, the time of its last request, are by the clock that measures
    durations.
    """

    __slots__ = (
        "address",
        "base_codec",
        "buffers",
        "closed",
        "codec",
        "connected_at",
        "current_room",
        "cursor",
        "followed_rooms",
        "last_active",
        "max_rooms",
        "notes_own",
        "own_events",
        "reads_own",
        "router",
        "send_queue",
        "session_key",
        "user",
        "welcomed",
    )

    base_codec: EventCodec
    codec: EventCodec
    router: SessionKeys

    def __init__(self, user: User, address: Address, send_queue: ISendQueue, now: float) -> None:
        self.user = user
        self.welcomed: User | None = None
        self.address = address
        self.send_queue = send_queue
        self.connected_at = self.last_active = now
        self.closed = False
        self.notes_own = False
        self.reads_own = False
        self.max_rooms: int | None = None
        self.session_key: SessionKey | None = None
        self.current_room: Room | None = None
        self.followed_rooms: frozenset[Room] = frozenset()
        self.buffers: dict[Room, RoomBuffer] = {}
        self.cursor = 0
        self.own_events: list[int] = []

    @property
    def key(self) -> SessionKey:
        """The name of the session in operations, which it has from now on."""
        return self.router.key_of(self)

    @property
    def has_key(self) -> bool:
        """Whether an operation has named the session."""
        return self.session_key is not None

    @property
    def format(self) -> str:
        """The name of the language of the session."""
        return "text" if self.base_codec.is_text else "json"

    def on_own_messages(self, messages: MessageBatch) -> None:
        """Note messages of the session itself, before they are given to the room's readers."""

    def on_room_closed(self, room: Room) -> None:
        """Note that a room of the user was closed, after the event of it."""

    def encode(self, message: Event | Reply | Prepared) -> bytes:
        """Return the bytes for what is sent to this session alone."""
        if isinstance(message, Prepared):
            return message.encode()
        return self.codec.encode(message)

    def describe(self, message: Event | Reply | Prepared) -> list[str]:
        """Return what the trace shows of what is sent to this session alone."""
        if isinstance(message, Prepared):
            return message.describe()
        return self.codec.describe(message)

    def disconnect(self, reason: DisconnectReason, text: str = "", /) -> None:
        """Tell the client why, with the `text` of the administrator, and end the session."""
        raise NotImplementedError

    async def until_closed(self, work: Coroutine[Any, Any, T], /) -> T:
        """Return the result of `work`, or cancel it and raise `ChatError` if the session ends."""
        raise NotImplementedError


class RoomBuffer:
    """The events of one room in this turn, and the subscribers that read them, by codec.

    `folded` has the joins, of this turn and earlier ones, of which text has not told yet.
    """

    __slots__ = ("encoded_buffers", "events", "folded", "sequence", "subscribers")

    def __init__(self) -> None:
        self.folded: FoldedJoins | None = None
        self.events: list[RoomEvent] = []
        self.sequence: list[int] = []
        self.encoded_buffers: dict[EventCodec, EncodedBuffer] = {}
        self.subscribers: dict[EventCodec, dict[Subscriber, None]] = {}

    def add(self, subscriber: Subscriber) -> None:
        """Add a subscriber to those of its codec."""
        self.subscribers.setdefault(subscriber.codec, {})[subscriber] = None

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a subscriber from those of its codec."""
        group = self.subscribers[subscriber.codec]
        del group[subscriber]
        if not group:
            del self.subscribers[subscriber.codec]
            self.encoded_buffers.pop(subscriber.codec, None)  # nobody else may use the codec

    def all_subscribers(self) -> list[Subscriber]:
        """Return the subscribers of the room, whatever their codec."""
        return [subscriber for group in self.subscribers.values() for subscriber in group]

    def whole(self, codec: EventCodec) -> bytes:
        """Return all events, encoded by `codec`."""
        if len(self.events) == 1 and codec not in self.encoded_buffers:
            return codec.encode(self.events[0])  # one event needs no buffer
        return self.encoded(codec).whole()

    def encoded(self, codec: EventCodec) -> EncodedBuffer:
        """Return the buffer of all events so far; `codec` encodes each event once."""
        encoded = self.encoded_buffers.get(codec)
        if encoded is None:
            encoded = self.encoded_buffers[codec] = EncodedBuffer(self.sequence)
        new = self.events[len(encoded.ends) - 1 :]
        if new:
            encoded.extend([codec.encode(event) for event in new])
        return encoded

    def clear(self) -> None:
        """Forget the events: the turn is over."""
        self.events = []
        self.sequence = []
        self.encoded_buffers = {}


class EncodedBuffer:
    """Events encoded by one codec, end to end.

    `sequence[i]` is the place of event i, `chunks[i]` its bytes, `ends[i + 1]` the offset where
    it ends.
    """

    __slots__ = ("_whole", "chunks", "ends", "sequence")

    def __init__(self, sequence: list[int]) -> None:
        self.sequence = sequence
        self.ends = [0]
        self.chunks: list[bytes] = []
        self._whole: bytes | None = None

    def extend(self, encoded: list[bytes]) -> None:
        """Add the next events."""
        end = self.ends[-1]
        for chunk in encoded:
            end += len(chunk)
            self.ends.append(end)
        self.chunks += encoded
        self._whole = None

    def whole(self) -> bytes:
        """Return all events: the same object as long as none is added."""
        if self._whole is None:
            self._whole = b"".join(self.chunks)
        return self._whole

    def slice_for(self, cursor: int, own_events: Sequence[int]) -> bytes:
        """Return the events from the place `cursor` on except those at the places `own_events`.

        The cost is that of the slices between own events, not that of all events.
        """
        sequence, ends = self.sequence, self.ends
        start = bisect_left(sequence, cursor)
        view = memoryview(self.whole())
        slices = []
        for own_event in own_events:
            at = bisect_left(sequence, own_event, start)
            if at < len(sequence) and sequence[at] == own_event:
                slices.append(view[ends[start] : ends[at]])
                start = at + 1
        slices.append(view[ends[start] :])
        return b"".join(slices)


def merge(encoded_buffers: Sequence[EncodedBuffer], cursor: int = 0) -> EncodedBuffer:
    """Return one buffer with the events of several from `cursor` on, in the order of their places.

    Events at one place are one fact seen in several rooms: equal bytes are there once.
    """
    if len(encoded_buffers) == 1:
        return encoded_buffers[0]
    events = sorted(
        {
            (encoded.sequence[at], encoded.chunks[at])
            for encoded in encoded_buffers
            for at in range(bisect_left(encoded.sequence, cursor), len(encoded.sequence))
        }
    )
    merged = EncodedBuffer([place for place, _ in events])
    merged.extend([chunk for _, chunk in events])
    return merged
