"""One's own messages that are under way: sent, and not known to have come to where they were to go.

Pure. The server confirms a message by its tag: one to a room when it is in the store, a secret by
the reply. After a lost connection what was not confirmed is in doubt, until it is found in the
history of a room or is given up; a secret is in no history.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chatd.core.events import Message
from chatd.protocol.commands import Request

_PRIVATE: Final = "secret"
_TEXTS: Final = {"say": "text", "broadcast": "message", _PRIVATE: "message"}
_MOST: Final = 1000


@dataclass(slots=True)
class _Message:
    """`read`: the newest id known in each room when it was sent; its own is above that."""

    tag: str
    text: str
    read: dict[str, int]
    is_secret: bool


class Outbox:
    """The messages, in the order in which they were sent: at most 1,000, against servers that confirm nothing.

    `_placed` are the places of messages that are not in doubt, or no more, while others are.
    """

    def __init__(self) -> None:
        self._count = 0
        self._sent: deque[_Message] = deque(maxlen=_MOST)
        self._doubtful: deque[_Message] = deque(maxlen=_MOST)
        self._placed: set[tuple[str, int]] = set()

    def for_room_count(self, request: Request, read: Mapping[str, int]) -> Request:
        """Return `request` as it is to be sent; a message has a tag, and is kept."""
        text = request.arguments.get(_TEXTS.get(request.command, ""))
        if not text:  # an empty message is ignored by the server
            return request
        self._count += 1
        tag = str(self._count)
        self._sent.append(_Message(tag, text, dict(read), request.command == _PRIVATE))
        return request._replace(tag=tag)

    def stored(self, room: str, message_id: int, tag: str | None) -> None:
        """Take note that a message has its place in a room; those sent after it come after it."""
        if self._doubtful:
            self._placed.add((room, message_id))
        for messages in (self._sent, self._doubtful):
            tags = [message.tag for message in messages]
            if tag in tags:
                at = tags.index(tag)
                del messages[at]
                for later in list(messages)[at:]:
                    later.read[room] = max(message_id, later.read.get(room, -1))

    def answered(self, tag: str) -> None:
        """Forget a message that the server has refused, or a secret that it has delivered."""
        self._sent = deque((one for one in self._sent if one.tag != tag), _MOST)

    def too_long(self) -> None:
        """Forget the message that was too long: the server does not say which; it is the longest."""
        if self._sent:
            self._sent.remove(max(self._sent, key=lambda message: len(message.text.encode())))

    def lose(self) -> None:
        """Take note that the connection is lost: all that is under way is in doubt."""
        self._doubtful += self._sent
        self._sent.clear()

    def forget(self) -> None:
        """Forget all: the server has been left."""
        self._sent.clear()
        self.give_up()

    def after(self, room: str, otherwise: int) -> int | None:
        """Return the id in `room` after which what is in doubt may be found; None if nothing is.

        `otherwise`: for messages sent before it was known that one is in the room.
        """
        public = (one for one in self._doubtful if not one.is_secret)
        return min((one.read.get(room, otherwise) for one in public), default=None)

    def find(self, room: str, said: Message) -> bool:
        """Tell whether a message of one's own is one in doubt, which it then is no more."""
        if (room, said.id) in self._placed:
            return False
        # Of equal ones the last that can be it: what was sent before could be in more places.
        for message in reversed(self._doubtful):
            if message.is_secret or message.text != said.text:
                continue
            if message.read.get(room, -1) < said.id:
                self._doubtful.remove(message)
                self._placed.add((room, said.id))
                return True
        return False

    def give_up(self) -> list[str]:
        """Return what is still in doubt, and forget it."""
        texts = [message.text for message in self._doubtful]
        self._doubtful.clear()
        self._placed.clear()
        return texts
