"""Messages of users whom the client's user ignores have a mark, and are not shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chatd.client.model.effects import Backfill, Effect, Incoming, Recent
from chatd.core.events import Message, PrivateMessage
from chatd.protocol.received import History


def without_ignored(effects: Iterable[Effect]) -> list[Effect]:
    """Return `effects` without the messages of ignored users."""
    return [shown for effect in effects for shown in _shown(effect)]


def _shown(effect: Effect) -> Sequence[Effect]:
    match effect:
        case Incoming(event=Message(is_ignored=True) | PrivateMessage(is_ignored=True)):
            return ()
        case Incoming(event=History() as history):
            messages = _others(history.messages)
            return (replace(effect, event=replace(history, messages=messages)),)
        case Recent():  # also without messages it says that the user has joined
            return (replace(effect, messages=_others(effect.messages)),)
        case Backfill():
            messages = _others(effect.messages)
            return (replace(effect, messages=messages),) if messages else ()
        case _:
            return (effect,)


def _others(messages: Iterable[Message]) -> tuple[Message, ...]:
    return tuple(message for message in messages if not message.is_ignored)
