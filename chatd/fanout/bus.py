"""The bus: every effect of an operation goes from here to the parts of this server.

The router, with the sessions of this server, is the first that gets an event, after it the parts
that record events. Knows no connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from chatd.core.events import MessageBatch, MessageKind, ReceiptRequest, RoomEvent
from chatd.core.rooms import Room
from chatd.core.world.effects import (
    Effect,
    Happened,
    HappenedToUser,
    IgnoresChanged,
    Said,
    SessionEnded,
    SessionMoved,
    Told,
)
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


class Bus:
    """Brings messages and effects to `router` and to the subscribers.

    `handlers` has the functions for effects that concern neither rooms nor sessions. `messages` is
    the number of messages since the start.
    """

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
        self._handlers: dict[type, Callable[[Any], None]] = {
            Happened: self._happened,
            HappenedToUser: self._happened_to_user,
            Told: router.tell,
            SessionMoved: router.move,
            SessionEnded: router.disconnect,
            IgnoresChanged: router.refresh,
        }

    def handle(self, handlers: Mapping[type, Callable[[Any], None]]) -> None:
        """Let functions handle the effects of some classes."""
        self._handlers.update(handlers)

    def say(
        self,
        room: Room,
        origin: Any,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None = None,
        kind: MessageKind = MessageKind.TEXT,
        tags: str = "",
        cuts: tuple[int, ...] = (),
    ) -> None:
        """Give messages of `origin`'s user the next ids of `room`; other sessions read them."""
        # Every message of a server alone comes by here; the call of `_on_messages` would be seen in
        # the benchmark.
        messages = room.number_messages(origin.user, texts, now, kind, tags, cuts)
        self.messages += len(texts)
        self._fan_out_messages(room, messages, origin)
        for callback in self._message_callbacks:
            callback(room, messages, receipt)

    def deliver(self, effects: Sequence[Effect], receipt: ReceiptRequest | None = None) -> None:
        """Bring the effects of an operation to all that they concern.

        `receipt` is that of a session of this server that has sent the messages among them.
        """
        for effect in effects:
            if isinstance(effect, Said):
                origin = self._router.find(effect.session)
                self._on_messages(effect.room, effect.messages, origin, receipt)
            elif (handler := self._handlers.get(type(effect))) is not None:
                handler(effect)

    def _on_messages(
        self, room: Room, messages: MessageBatch, origin: Any, receipt: ReceiptRequest | None
    ) -> None:
        self.messages += len(messages.texts)
        self._fan_out_messages(room, messages, origin)
        for callback in self._message_callbacks:
            callback(room, messages, receipt)

    def _happened(self, effect: Happened) -> None:
        self._router.on_event(effect.room, effect.event, effect.user, effect.session)
        for callback in self._event_callbacks:
            callback(effect.room, effect.event)

    def _happened_to_user(self, effect: HappenedToUser) -> None:
        self._router.on_user_event(effect.events, effect.user, effect.session)
        for room, event in effect.events.items():
            for callback in self._event_callbacks:
                callback(room, event)
