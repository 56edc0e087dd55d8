"""What delivery works with: a listener for each connection, a batch of events for each room.

Both last as long as the connection and the room; what is in a batch is forgotten after each turn.
Knows nothing of turns and writes nothing: that is delivery.py.
"""

from __future__ import annotations

from collections.abc import Callable

from chatd.core.events import Address, DisconnectReason, RoomEvent
from chatd.core.ports import ISendQueue
from chatd.core.rooms import Room
from chatd.fanout.encoded import EncodedBuffer
from chatd.protocol.codec import Codec


class Subscriber:
    """The ear of one connection: where its bytes go, what it speaks, which batches it is in.

    `since` is the first event of this turn that it has not been written yet, `holes` are its own.
    `dismiss` says why and ends the connection.
    """

    __slots__ = (
        "address",
        "base_codec",
        "buffers",
        "codec",
        "cursor",
        "disconnect",
        "own_events",
        "send_queue",
    )

    def __init__(
        self,
        address: Address,
        send_queue: ISendQueue,
        codec: Codec,
        disconnect: Callable[[DisconnectReason], None],
    ) -> None:
        self.address = address
        self.send_queue = send_queue
        self.disconnect = disconnect
        self.base_codec = codec
        self.codec = codec
        self.buffers: dict[Room, RoomBuffer] = {}
        self.cursor = 0
        self.own_events: list[int] = []


class RoomBuffer:
    """What has happened in one room in this turn, and who is to hear of it."""

    __slots__ = ("encoded_buffers", "events", "sequence", "subscribers")

    def __init__(self) -> None:
        self.events: list[RoomEvent] = []
        self.sequence: list[int] = []
        self.encoded_buffers: dict[Codec, EncodedBuffer] = {}
        self.subscribers: dict[Codec, dict[Subscriber, None]] = {}

    def add(self, subscriber: Subscriber) -> None:
        """Let `listener` hear."""
        self.subscribers.setdefault(subscriber.codec, {})[subscriber] = None

    def remove(self, subscriber: Subscriber) -> None:
        """Let `listener` hear no more."""
        group = self.subscribers[subscriber.codec]
        del group[subscriber]
        if not group:
            del self.subscribers[subscriber.codec]

    def all_subscribers(self) -> list[Subscriber]:
        """Return all who hear."""
        return [subscriber for group in self.subscribers.values() for subscriber in group]

    def whole(self, codec: Codec) -> bytes:
        """Return all that has happened, in `dialect`; the same object each time."""
        if len(self.events) == 1 and codec not in self.encoded_buffers:
            return codec.encode(self.events[0])  # a quiet room: no tape is needed for one event
        return self.encoded(codec).whole()

    def encoded(self, codec: Codec) -> EncodedBuffer:
        """Return the tape in `dialect` of all that has happened so far; each event is encoded once."""
        encoded = self.encoded_buffers.get(codec)
        if encoded is None:
            encoded = self.encoded_buffers[codec] = EncodedBuffer(self.sequence)
        new = self.events[len(encoded.ends) - 1 :]
        if new:
            encoded.extend([codec.encode(event) for event in new])
        return encoded

    def clear(self) -> None:
        """Forget the turn."""
        self.events = []
        self.sequence = []
        self.encoded_buffers = {}
