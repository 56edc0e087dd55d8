"""The user's place in all rooms, and their own messages: each is shown once, in order.

A `ReadMarker` for each room knows which messages are missing there; the outbox knows which messages
of the user are unconfirmed. `ChatSession` reports events; the results are updates and requests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from chatd.client.model.effects import (
    Backfill,
    ConnectionStatus,
    Effect,
    Incoming,
    Recent,
    RetryAfter,
    Send,
    Unconfirmed,
)
from chatd.client.model.marker import PAGE_LENGTH, MarkerState, ReadMarker
from chatd.client.model.pending import Outbox
from chatd.core.events import Message
from chatd.protocol.command import Request
from chatd.protocol.received import Error, History

_MISSED: Final = "missed:"
_NEWEST: Final = "newest:"
_RECENT: Final = "recent:"

SYNC_TAGS: Final = (_MISSED, _NEWEST, _RECENT)
"""The first part of the tags of requests for missed messages, and for the last of a room."""

STORE_PAUSE: Final = 5.0
"""Seconds until the client asks a server again whose store is unavailable."""

NOT_NOW: Final = frozenset({"unavailable", "busy"})
"""The error codes of refusals that do not last."""


class HistorySync:
    """The markers of the rooms that the user is in, or is to return to, and the outbox.

    `recent` is how many messages from before the joining are asked for; without them nothing is
    reported. `_headed` is the room whose missed messages were shown last, None if something else
    was.
    """

    def __init__(self, recent: int = 0) -> None:
        self._recent = recent
        self.outbox = Outbox()
        self._markers: dict[str, ReadMarker] = {}
        self._headed: str | None = None

    @property
    def is_catching_up(self) -> bool:
        """Whether events are buffered until the messages that were missed are known."""
        return any(
            marker.state in {MarkerState.FETCHING, MarkerState.LEAVING}
            for marker in self._markers.values()
        )

    def send(self, request: Request) -> Send:
        """Return the effect that sends a request of the user."""
        read = {room: marker.newest for room, marker in self._markers.items()}
        return Send(self.outbox.add(request, read))

    def shown(self, room: str) -> int | None:
        """Return the newest message of a room that was shown, None while some before it are not."""
        marker = self._markers.get(room)
        is_complete = marker is not None and marker.state is MarkerState.LIVE
        return marker.read if marker is not None and is_complete else None

    def disconnected(self) -> None:
        """Note that the connection is lost."""
        self._headed = None
        self.outbox.disconnected()
        # The place of a user who was joining is known if the newest message is.
        self._markers = {
            room: marker
            for room, marker in self._markers.items()
            if marker.state is not MarkerState.LEAVING
            and (marker.state is not MarkerState.JOINING or marker.head < math.inf)
        }
        for marker in self._markers.values():
            marker.suspend()

    def reset(self) -> None:
        """Forget all rooms, and what was sent."""
        self.outbox.reset()
        self._markers.clear()

    def unconfirmed(self) -> list[Unconfirmed]:
        """Return the messages that arrived nowhere, once the history of all rooms is known."""
        if any(marker.cursor is not None for marker in self._markers.values()):
            return []
        return [Unconfirmed(text) for text in self.outbox.abandon()]

    # -- live events

    def is_new(self, message: Message) -> bool:
        """Tell whether a message was not shown before, and no history will bring it."""
        marker = self._markers.get(message.room)
        if marker is not None:
            return marker.received(message.id)
        self._markers[message.room] = ReadMarker(message.id)
        return True

    def buffers(self, incoming: Incoming, room: str | None) -> bool:
        """Buffer an event of a room if messages before it are missing; return whether it did."""
        marker = self._markers.get(room or "")
        if marker is None or not marker.is_buffering:
            self._headed = None
            return False
        marker.buffer(incoming)
        return True

    def stored(self, room: str, message_id: int, tag: str | None) -> None:
        """Note the id that a message of the user has in a room."""
        self.outbox.stored(room, message_id, tag)
        if room in self._markers:
            self._markers[room].stored(message_id)

    # -- joining and leaving

    def joined(self, room: str, last: int | None) -> Sequence[Effect]:
        """Note that the user is in a room; `last` is its newest message, if that is known."""
        marker = self._markers.get(room)
        if marker is not None and marker.state is MarkerState.AWAY:
            after = self.outbox.resend_after(room, marker.first)
            marker.rejoin(last, marker.read if after is None else after)
            return self._continue(room, marker)
        if marker is not None and marker.cursor is not None:
            marker.keep(last)  # the server has yet to answer the request for history
            return []
        if self._recent:
            return self._await_recent(room, last)
        if last is None:
            self._markers.pop(room, None)
            return [Send(Request("history", {"chatroom_id": room, "limit": "1"}, _NEWEST + room))]
        self._markers[room] = ReadMarker(last)
        return []

    def left(self, room: str) -> Sequence[Effect]:
        """Note that the user left a room: no message of it is missing."""
        marker = self._markers.pop(room, None)
        return self._drain(marker) if marker is not None else []

    def removed(self, room: str) -> Sequence[Effect]:
        """Note that the user was removed from a room; missed messages still come."""
        marker = self._markers.get(room)
        if marker is not None and marker.state is MarkerState.JOINING:
            return self.left(room)
        if marker is not None and not marker.remove():
            del self._markers[room]
        return []

    def _await_recent(self, room: str, last: int | None) -> Sequence[Effect]:
        before = self.left(room)
        marker = self._markers[room] = ReadMarker(last or 0)
        if last == 0:
            return [*before, Recent(room, ())]
        marker.await_recent(last)
        limit = {"chatroom_id": room, "limit": str(self._recent)}
        return [*before, Send(Request("history", limit, _RECENT + room))]

    # -- history

    def replied(self, reply: History | Error, own_name: str) -> Sequence[Effect]:
        """Return what follows from the reply to a request of this class."""
        question, _, room = (reply.tag or "").partition(":")
        if question + ":" == _MISSED:
            return self._missed_received(reply, room, own_name)
        if question + ":" == _RECENT:
            return self._recent_received(reply, room)
        if isinstance(reply, History):
            newest = max((message.id for message in reply.messages), default=0)
            self._markers.setdefault(room, ReadMarker(newest))
        return []

    def retry(self) -> list[Send]:
        """Return requests for the history that was not available before."""
        return [
            self._ask(room, marker)
            for room, marker in self._markers.items()
            if marker.state is MarkerState.DEFERRED
        ]

    def _recent_received(self, reply: History | Error, room: str) -> Sequence[Effect]:
        marker = self._markers.get(room)
        if marker is None or marker.state is not MarkerState.JOINING:
            return []
        messages = marker.add_recent(reply.messages if isinstance(reply, History) else ())
        return [Recent(room, tuple(messages)), *self._continue(room, marker)]

    def _missed_received(
        self, reply: History | Error, room: str, own_name: str
    ) -> Sequence[Effect]:
        marker = self._markers.get(room)
        if marker is None or marker.cursor is None:
            return []
        if isinstance(reply, History):
            missed = self._missed(marker, reply, own_name)
            return [*missed, *self._continue(room, marker)]
        if reply.code in NOT_NOW and marker.state is not MarkerState.LEAVING:
            is_new = marker.defer()
            shown: list[Effect] = [ConnectionStatus.STORE_AWAY] if is_new else []
            shown += self._drain(marker) if is_new else []
            return [*shown, RetryAfter(STORE_PAUSE)]
        marker.abandon()
        return self._continue(room, marker)

    def _missed(self, marker: ReadMarker, history: History, own_name: str) -> list[Backfill]:
        # A message above the head was said after the return: it was never unconfirmed.
        old = (message for message in history.messages if message.id <= marker.head)
        own = (message for message in old if message.sender == own_name and not message.is_former)
        confirmed = {message.id for message in own if self.outbox.match(history.room, message)}
        added = marker.add_history(history.messages)
        missed = tuple(message for message in added if message.id not in confirmed)
        if not missed:
            return []
        is_first, self._headed = self._headed != history.room, history.room
        return [Backfill(history.room, missed, is_first)]

    def _continue(self, room: str, marker: ReadMarker) -> Sequence[Effect]:
        """Ask for the next page of history, or show what was buffered if none is missing."""
        if marker.cursor is not None:
            return [self._ask(room, marker)]
        if not marker.finish():
            del self._markers[room]
        return self._drain(marker)

    def _drain(self, marker: ReadMarker) -> list[Incoming]:
        buffered = marker.drain()
        if buffered:
            self._headed = None
        return buffered

    def _ask(self, room: str, marker: ReadMarker) -> Send:
        marker.ask_again()
        since = {"since": str(marker.cursor), "limit": str(PAGE_LENGTH)}
        return Send(Request("history", {"chatroom_id": room, **since}, _MISSED + room))
