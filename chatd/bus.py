"""The bus of one machine: the one place that events of rooms go out from.

It numbers what is said in a room, and shows all that happens to its consumers, delivery first: they
only take note. Knows no connection.
"""

from __future__ import annotations

from typing import Protocol

from zope.interface import implementer

from chatd.core.events import Dismissal, Event, RoomEvent, Said
from chatd.core.rooms import Chatter, Room
from chatd.delivery import Delivery
from chatd.interfaces import IBus


class Consumer(Protocol):
    """Somebody who is shown what happens in the rooms, after it happened."""

    def published(self, room: Room, event: RoomEvent, by: Chatter | None, /) -> None:
        """Note that `event`, done by `by`, happened in `room`."""


@implementer(IBus)
class LocalBus:
    """The bus of one machine: numbers what is said in a room, and shows all that happens to its consumers."""

    def __init__(self, delivery: Delivery, *consumers: Consumer) -> None:
        self.messages = 0
        self._delivery = delivery
        self._consumers: tuple[Consumer, ...] = (delivery, *consumers)

    def say(self, room: Room, by: Chatter, text: str, now: float) -> Said:
        """Take a message of `by` into the one order of `room`, and let all others in it know."""
        room.count += 1
        self.messages += 1
        said = Said(room.id, room.count, by.name, text, now)
        self.publish(room, said, by)
        return said

    def publish(self, room: Room, event: RoomEvent, by: Chatter | None = None) -> None:
        """Let all in `room` know of an event but `by`, who did it and who knows."""
        for consumer in self._consumers:
            consumer.published(room, event, by)

    def tell(self, who: Chatter, event: Event) -> None:
        """Let one chatter know, after all that happened before in his rooms."""
        self._delivery.tell(who, event)

    def dismiss(self, who: Chatter, why: Dismissal) -> None:
        """Tell one chatter why, and end his connection."""
        self._delivery.dismiss(who, why)
