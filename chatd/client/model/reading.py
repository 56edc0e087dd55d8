"""Which messages the user has read, as the sessions of an account tell each other.

The server tells how far a room is read in the reply to `join`. A session that finds itself in rooms
as it logs in asks for that by joining them again, which changes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatd.client.model.effects import Send, TellReadAfter
from chatd.client.model.state import ClientState
from chatd.client.model.values import int_or_none
from chatd.core.events import Event
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Ok, Reply

READ: Final = "read"
LOOK: Final = "look:"
"""The tag of the requests that tell what is read, and the first part of the tags of those to join.

Their replies are not shown.
"""

READ_PAUSE: Final = 3.0
"""Seconds from a message that the user sees until the server is told, with those seen meanwhile."""


class Reading:
    """The newest message that was read in each room, as far as the server knows it.

    With `looks` the rooms are joined again after a login. `_seen` are newer messages that the user
    has seen here, of which the server is not told yet; `_is_due`: it will be told. `_looked_at` are
    the rooms of requests to join that have no reply yet.
    """

    def __init__(self, *, looks: bool) -> None:
        self._looks = looks
        self._marks: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._is_due = False
        self._looked_at: set[str] = set()

    def mark(self, room: str) -> int | None:
        """Return the newest message that was read in a room, None if that is not known."""
        return self._marks.get(room)

    def is_looked_at(self, room: str) -> bool:
        """Tell whether a reply is to come that tells of a room."""
        return room in self._looked_at

    # -- the server

    def joined(self, room: str, reply: Ok) -> None:
        """Note what the reply to a request to join tells: nothing for guests."""
        self._marks.pop(room, None)
        read = int_or_none(reply.data.get("read"))
        if read is not None:
            self._marks[room] = read

    def told(self, room: str, message_id: int) -> None:
        """Note that another session has read a room up to a message."""
        self._marks[room] = max(message_id, self._marks.get(room, 0))

    def look(self, rooms: Sequence[str]) -> list[Send]:
        """Return the requests that ask about the rooms that the user is in after a login.

        The last one is of the room that is the current one anyway.
        """
        if not self._looks:
            return []
        self._looked_at.update(rooms)
        return [Send(Request("join", {"chatroom_id": room}, LOOK + room)) for room in rooms]

    def is_reply(self, event: Event | Reply) -> bool:
        """Tell whether an event is the reply to a request of this class."""
        tag = (event.tag or "") if isinstance(event, Ok | Error) else ""
        return tag == READ or tag.startswith(LOOK)

    def replied(self, reply: Ok | Error, state: ClientState) -> None:
        """Note the reply to a request of this class."""
        room = (reply.tag or "").removeprefix(LOOK)
        if reply.tag == READ:
            return
        self._looked_at.discard(room)
        if isinstance(reply, Ok):
            self.joined(room, reply)
            state.note_room(room, reply)

    def disconnected(self) -> None:
        """Note that the connection is lost: no reply comes, and nothing is told."""
        self._seen.clear()
        self._looked_at.clear()
        self._is_due = False

    # -- the user

    def seen(self, room: str, message_id: int) -> list[TellReadAfter]:
        """Note that the user sees a message, and those before it."""
        if message_id <= max(self._marks.get(room, 0), self._seen.get(room, 0)):
            return []
        self._seen[room] = message_id
        was_due, self._is_due = self._is_due, True
        return [] if was_due else [TellReadAfter(READ_PAUSE)]

    def tell(self) -> list[Send]:
        """Return the requests that tell the server what the user has seen."""
        self._is_due = False
        seen, self._seen = self._seen, {}
        new = {room: number for room, number in seen.items() if number > self._marks.get(room, 0)}
        self._marks |= new
        return [
            Send(Request("read", {"chatroom_id": room, "id": str(number)}, READ))
            for room, number in new.items()
        ]

    def left(self, room: str) -> None:
        """Note that the user leaves a room, of which the server is told nothing any more."""
        self._seen.pop(room, None)
