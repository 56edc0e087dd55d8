"""The bus of one machine: the one place that events of rooms go out from.

It numbers what is said in a room, and shows all that happens to its consumers, delivery first: they
only take note. Knows no connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from zope.interface import implementer

from chatd.core.events import Burst, Dismissal, Event, RoomEvent
from chatd.core.ports import IBus
from chatd.core.rooms import Chatter, Room
from chatd.fanout.fanout import Delivery


class Consumer(Protocol):
    """Somebody who is shown what happens in the rooms but for what is said, after it happened."""

    def published(self, room: Room, event: RoomEvent, by: Chatter | None, /) -> None:
        """Note that `event`, done by `by`, happened in `room`."""


class Hearer(Consumer, Protocol):
    """Somebody who is shown what is said as well."""

    def said(self, room: Room, burst: Burst, by: Chatter, /) -> None:
        """Note what `by` has said in `room`."""


@implementer(IBus)
class LocalBus:
    """The bus of one machine: numbers what is said in a room, and shows all that happens to its consumers."""

    def __init__(
        self,
        delivery: Delivery,
        hearers: Sequence[Hearer] = (),
        consumers: Sequence[Consumer] = (),
    ) -> None:
        self.messages = 0
        self._delivery = delivery
        # What is said is most of what happens: each is called by its own name, and nobody in vain.
        self._heard = tuple(hearer.said for hearer in (delivery, *hearers))
        self._consumers = tuple(one.published for one in (delivery, *hearers, *consumers))

    def say(self, room: Room, by: Chatter, texts: Sequence[str], now: float) -> Burst:
        """Take messages of `by` into the one order of `room`, and let all others in it know."""
        burst = Burst(room.id, room.count + 1, by.name, texts, now)
        room.count += len(texts)
        self.messages += len(texts)
        for hear in self._heard:
            hear(room, burst, by)
        return burst

    def publish(self, room: Room, event: RoomEvent, by: Chatter | None = None) -> None:
        """Let all in `room` know of an event but `by`, who did it and who knows."""
        for consume in self._consumers:
            consume(room, event, by)

    def tell(self, who: Chatter, event: Event) -> None:
        """Let one chatter know, after all that happened before in his rooms."""
        self._delivery.tell(who, event)

    def dismiss(self, who: Chatter, why: Dismissal) -> None:
        """Tell one chatter why, and end his connection."""
        self._delivery.dismiss(who, why)
