"""How far the user has read a room, and which messages are missing: none twice, none lost.

Ids of messages rise, perhaps with gaps between them. A `ReadMarker` knows the newest id that was
shown (`read`) and the ranges below it that were not (`_gaps`). An example: the client has shown 1
to 7 when the connection is lost, and others say 8 and 9. When the client joins the room again, the
reply names 9 as the newest message. Then

    read = 7   gaps = [7 < id <= 9]   head = 9   cursor = 7   state = FETCHING

and the client asks for the history after 7. Message 10 arrives live meanwhile: it is buffered, as
it must not be shown before 8 and 9. The history brings 8 and 9, the gap is closed, the buffer is
drained:

    read = 10  gaps = []              head = 9   cursor = None   state = LIVE
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from chatd.client.model.effects import Incoming
from chatd.core.events import Message
from chatd.core.room_events import MessageDeleted

PAGE_LENGTH: Final = 500
"""How many messages one request for history asks for."""


class MarkerState(Enum):
    """Whether events of the room are shown as they arrive, and whether history is being fetched."""

    LIVE = "live"  # nothing is missing
    JOINING = "joining"  # the last messages were asked for on joining; what arrives is buffered
    AWAY = "away"  # the connection was lost, and the room is not joined again yet
    FETCHING = "fetching"  # history was asked for; what arrives is buffered
    LEAVING = "leaving"  # as FETCHING, but the user was removed from the room meanwhile
    DEFERRED = "deferred"  # the store was away; what arrives is shown, history is asked for later
    REFETCHING = "refetching"  # as DEFERRED, and history was asked for again


_NEXT: Final = {
    MarkerState.LIVE: {MarkerState.AWAY, MarkerState.JOINING},
    MarkerState.JOINING: {MarkerState.LIVE, MarkerState.AWAY},
    MarkerState.AWAY: {MarkerState.FETCHING},
    MarkerState.FETCHING: {
        MarkerState.LIVE,
        MarkerState.AWAY,
        MarkerState.LEAVING,
        MarkerState.DEFERRED,
    },
    MarkerState.LEAVING: {MarkerState.FETCHING},
    MarkerState.DEFERRED: {MarkerState.REFETCHING, MarkerState.AWAY, MarkerState.LIVE},
    MarkerState.REFETCHING: {MarkerState.DEFERRED, MarkerState.AWAY, MarkerState.LIVE},
}

_BUFFERING: Final = frozenset(
    {MarkerState.JOINING, MarkerState.AWAY, MarkerState.FETCHING, MarkerState.LEAVING}
)
_INFINITE: Final = math.inf


@dataclass(slots=True)
class _Gap:
    """Messages with ids above `after`, up to `end`, were not shown."""

    after: int
    end: float

    def __contains__(self, message_id: int) -> bool:
        return self.after < message_id <= self.end


class ReadMarker:
    """The marker of one room; `read` is the newest message at the start.

    `first` is the id at which the client began to read, `head` the newest id when the room was
    joined again, infinite if it is unknown. `cursor` is the id after which history is needed, None
    if none is.
    """

    def __init__(self, read: int) -> None:
        self.state = MarkerState.LIVE
        self.first = read
        self.read = read
        self.cursor: int | None = None
        self.head: float = _INFINITE
        self._gaps: list[_Gap] = []
        self._own: set[int] = set()
        self._buffer: list[Incoming] = []
        self._deleted: set[int] = set()

    @property
    def is_buffering(self) -> bool:
        """Whether events of the room are buffered instead of shown."""
        return self.state in _BUFFERING

    @property
    def newest(self) -> int:
        """The highest id that is known, shown or not."""
        known = self.head < _INFINITE and self.state is not MarkerState.AWAY
        head = [int(self.head)] if known else []
        return max([self.read, *head, *self._buffered_ids(), *self._own])

    def buffer(self, incoming: Incoming) -> None:
        """Keep an event until the messages before it are shown.

        A message that was deleted meanwhile is shown without its text.
        """
        self._buffer.append(incoming)
        if isinstance(incoming.event, MessageDeleted):
            self._deleted.add(incoming.event.id)

    def received(self, message_id: int) -> bool:
        """Note a message that arrives live; return whether it is to be shown, or buffered."""
        if message_id <= max(self.read, *self._buffered_ids(), -1):
            return False
        if self._gaps and self._gaps[-1].end == _INFINITE:
            self._end_gap(message_id - 1)
        if self._lacks(message_id):
            return False
        if not self.is_buffering:
            self.read = message_id
        return True

    def stored(self, message_id: int) -> None:
        """Note the id of a message of the user's own, which is not to be shown."""
        self._own.add(message_id)
        if not self.is_buffering:
            self._settle()

    def await_recent(self, last: int | None) -> None:
        """Note that the last messages were asked for; `last` is the newest one, if it is known."""
        self._enter(MarkerState.JOINING)
        self.head = _INFINITE if last is None else last

    def add_recent(self, messages: Sequence[Message]) -> list[Message]:
        """Return those of the last messages that are shown: all before the joining.

        If the newest message at that moment is not known, those before the buffered ones.
        """
        later = {*self._buffered_ids(), *self._own}
        recent = [each for each in messages if each.id <= self.head and each.id not in later]
        self.read = max([self.read, *(each.id for each in recent)])
        self.first = max(self.first, self.read)
        return self._without_deleted(recent)

    def suspend(self) -> None:
        """Note that the connection is lost: every message from now on is missing."""
        if self.state is not MarkerState.AWAY:
            self._enter(MarkerState.AWAY)
        self.cursor = None
        self._buffer.clear()
        self._deleted.clear()
        if self._gaps and self._gaps[-1].end > self.read:
            self._gaps[-1].end = _INFINITE
        else:
            self._gaps.append(_Gap(self.read, _INFINITE))

    def rejoin(self, last: int | None, after: int) -> None:
        """Note that the room is joined again; `last` is its newest message, if that is known.

        History is needed from `after` on at least, if there is any.
        """
        self.head = _INFINITE if last is None else last
        if self.head < self.read:  # a server that keeps nothing counts from 1 again
            self.read, after, self._gaps = 0, 0, [_Gap(0, _INFINITE)]
            self._own.clear()
        if last is not None and self._gaps and self._gaps[-1].end == _INFINITE:
            self._end_gap(last)
        self.cursor = min([after, self.read, *(gap.after for gap in self._gaps)])
        self._enter(MarkerState.FETCHING)
        self._stop_at_head()

    def remove(self) -> bool:
        """Note that the user was removed; return whether the marker is still needed."""
        if self.state is MarkerState.FETCHING:
            self._enter(MarkerState.LEAVING)
        return self.is_buffering

    def keep(self, last: int | None) -> None:
        """Note that the user is in the room again before all is shown; `last`: its newest id.

        Messages between the removal and the return are not shown.
        """
        if self.state is MarkerState.LEAVING:
            self._enter(MarkerState.FETCHING)
        if last is not None:
            self.read = max(self.read, last)

    def add_history(self, messages: Sequence[Message]) -> list[Message]:
        """Add the history after `cursor`; return the messages that are to be shown."""
        if self.cursor is None:
            return []
        missing = [each for each in messages if self._lacks(each.id) and each.id not in self._own]
        newest = max((each.id for each in messages), default=self.cursor)
        self.read = max([self.read, *(each.id for each in missing)])
        self.cursor = newest if newest > self.cursor else None
        self._stop_at_head()
        return self._without_deleted(missing)

    def defer(self) -> bool:
        """Show events without the history, as the store is away; return whether that is new."""
        is_new = self.state is not MarkerState.REFETCHING
        self._enter(MarkerState.DEFERRED)
        return is_new

    def ask_again(self) -> None:
        """Note that the history is asked for again, if it was deferred."""
        if self.state is MarkerState.DEFERRED:
            self._enter(MarkerState.REFETCHING)

    def abandon(self) -> None:
        """Do without the missing messages: the server refuses to show them."""
        self.cursor = None
        self._gaps.clear()

    def drain(self) -> list[Incoming]:
        """Return the buffered events, which are shown now."""
        buffered = [self._redacted(each) for each in self._buffer]
        self.read = max(self.read, *self._buffered_ids(), -1)
        self._buffer = []
        self._deleted.clear()
        if self.head < _INFINITE:
            self.read = max(self.read, int(self.head))
        self._settle()
        return buffered

    def finish(self) -> bool:
        """Note that no history is missing; return whether the user is still in the room."""
        if self.state is MarkerState.LEAVING:
            return False
        if self.state is not MarkerState.LIVE:
            self._enter(MarkerState.LIVE)
        return True

    def _enter(self, state: MarkerState) -> None:
        assert state in _NEXT[self.state], f"{self.state} -> {state}"
        self.state = state

    def _buffered_ids(self) -> list[int]:
        return [each.event.id for each in self._buffer if isinstance(each.event, Message)]

    def _without_deleted(self, messages: Sequence[Message]) -> list[Message]:
        return [
            each._replace(text="", is_deleted=True) if each.id in self._deleted else each
            for each in messages
        ]

    def _redacted(self, incoming: Incoming) -> Incoming:
        if not isinstance(incoming.event, Message):
            return incoming
        (message,) = self._without_deleted([incoming.event])
        return replace(incoming, event=message)

    def _lacks(self, message_id: int) -> bool:
        return any(message_id in gap for gap in self._gaps)

    def _settle(self) -> None:
        """Count the user's own messages as read, and drop those that no history can bring."""
        self.read = max([self.read, *self._own])
        self._own = {message_id for message_id in self._own if self._lacks(message_id)}

    def _end_gap(self, end: int) -> None:
        self._gaps[-1].end = end
        self._fill_gaps(-1)

    def _fill_gaps(self, end: int) -> None:
        for gap in self._gaps:
            gap.after = max(gap.after, end)
        self._gaps = [gap for gap in self._gaps if gap.after < gap.end]

    def _stop_at_head(self) -> None:
        if self.cursor is None or self.cursor >= self.head:
            self.cursor = None
            self._gaps.clear()
        else:
            self._fill_gaps(self.cursor)
