"""The bus of one machine: the one place that events of rooms go out from.

It numbers what is said in a room, and shows all that happens to its consumers, delivery first: they
only take note. Knows no connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from zope.interface import implementer

from chatd.core.events import DisconnectReason, Event, MessageBatch, ReceiptRequest, RoomEvent
from chatd.core.ports import IBus
from chatd.core.rooms import Room, User
from chatd.fanout.fanout import Fanout


class EventSubscriber(Protocol):
    """Somebody who is shown what happens in the rooms but for what is said, after it happened."""

    def on_event(self, room: Room, event: RoomEvent, sender: User | None, /) -> None:
        """Note that `event`, done by `by`, happened in `room`."""


class MessageSubscriber(EventSubscriber, Protocol):
    """Somebody who is shown what is said as well."""

    def on_messages(
        self, room: Room, messages: MessageBatch, sender: User, receipt: ReceiptRequest | None, /
    ) -> None:
        """Note what `sender` has said in `room`, and whether a receipt is asked for."""


@implementer(IBus)
class LocalBus:
    """The bus of one machine: numbers what is said in a room, and shows all that happens to its consumers."""

    def __init__(
        self,
        fanout: Fanout,
        hearers: Sequence[MessageSubscriber] = (),
        consumers: Sequence[EventSubscriber] = (),
    ) -> None:
        self.messages = 0
        self._fanout = fanout
        # What is said is most of what happens: each is called by its own name, and nobody in vain.
        self._heard = tuple(hearer.on_messages for hearer in (fanout, *hearers))
        self._consumers = tuple(one.on_event for one in (fanout, *hearers, *consumers))

    def say(
        self,
        room: Room,
        sender: User,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None,
    ) -> None:
        """Give messages of `sender` the next ids of `room`, and show them to all subscribers."""
        messages = MessageBatch(room.id, room.count + 1, sender.name, texts, now)
        room.count += len(texts)
        self.messages += len(texts)
        for hear in self._heard:
            hear(room, messages, sender, receipt)

    def publish(self, room: Room, event: RoomEvent, sender: User | None = None) -> None:
        """Let all in `room` know of an event but `by`, who did it and who knows."""
        for consume in self._consumers:
            consume(room, event, sender)

    def tell(self, user: User, event: Event) -> None:
        """Let one chatter know, after all that happened before in his rooms."""
        self._fanout.send_to(user, event)

    def dismiss(self, user: User, why: DisconnectReason) -> None:
        """Tell one chatter why, and end his connection."""
        self._fanout.disconnect(user, why)
