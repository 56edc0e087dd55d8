"""The bus of one machine: every event of a room goes out from here.

It numbers the messages of a room, and the times of a room's events never go backwards: after the
clock was set back, an event has the time of the newest one. The fan-out is the first that gets an
event, after it the parts that record events. Knows no connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from zope.interface import implementer

from chatd.core.events import MessageBatch, ReceiptRequest, Renamed, RoomEvent, UserEvent
from chatd.core.ports import IBus
from chatd.core.rooms import Room, User
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router


class EventSubscriber(Protocol):
    """A part that gets the events of all rooms except messages."""

    def on_event(self, room: Room, event: RoomEvent, /) -> None:
        """Note that `event` happened in `room`."""


class MessageSubscriber(EventSubscriber, Protocol):
    """A part that gets messages as well."""

    def on_messages(
        self, room: Room, messages: MessageBatch, receipt: ReceiptRequest | None, /
    ) -> None:
        """Note messages of `room`, and whether a receipt is asked for."""


@implementer(IBus)
class LocalBus:
    """The bus of one machine. `messages` is the number of messages since the start."""

    def __init__(
        self,
        fanout: Fanout,
        router: Router,
        message_subscribers: Sequence[MessageSubscriber] = (),
        event_subscribers: Sequence[EventSubscriber] = (),
    ) -> None:
        self.messages = 0
        self._router = router
        # Most events are messages: each callback is bound once, and none is called in vain.
        self._fan_out_messages = fanout.on_messages
        self._message_callbacks = tuple(part.on_messages for part in message_subscribers)
        self._event_callbacks = tuple(
            part.on_event for part in (*message_subscribers, *event_subscribers)
        )

    def say(
        self,
        room: Room,
        origin: Any,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None = None,
        action: bool = False,
    ) -> None:
        """Give messages of `origin`'s user the next ids of `room`; other sessions read them."""
        user = origin.user
        if now > room.last_time:
            room.last_time = now
        else:
            now = room.last_time
        last_id = room.last_id
        messages = MessageBatch(room.id, last_id + 1, user.name, texts, now, user.account, action)
        count = len(texts)
        room.last_id = last_id + count
        self.messages += count
        self._fan_out_messages(room, messages, origin)
        for callback in self._message_callbacks:
            callback(room, messages, receipt)

    def publish(
        self, room: Room, event: RoomEvent, user: User | None = None, origin: Any = None
    ) -> None:
        """Tell all in `room` of an event, as `IBus.publish` says."""
        event = _in_order(room, event, room.last_time)
        self._router.on_event(room, event, user, origin)
        for callback in self._event_callbacks:
            callback(room, event)

    def publish_of_user(
        self, events: Mapping[Room, UserEvent], user: User, origin: Any = None
    ) -> None:
        """Tell the rooms of `user` of one fact: a session in several of them reads it once."""
        newest = max((room.last_time for room in events), default=0.0)
        # A new name has the same time in all rooms, or a session would read it more than once.
        events = {
            room: _in_order(room, event, newest if isinstance(event, Renamed) else room.last_time)
            for room, event in events.items()
        }
        self._router.on_user_event(events, user, origin)
        for room, event in events.items():
            for callback in self._event_callbacks:
                callback(room, event)


def _in_order(room: Room, event: Any, earliest: float) -> Any:
    """Return an event of `room` with its time, or with `earliest` if that is later."""
    time = room.last_time = max(event.time, earliest)
    return event if event.time == time else replace(event, time=time)
