"""The user's own messages that the server has not confirmed yet.

The server confirms a message by its tag: one to a room when it is in the store, a private message
by the reply. After a lost connection an unconfirmed message is in doubt until it is found in the
history of a room, or until the history of all rooms is known; no history has private messages.
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
_MAX_MESSAGES: Final = 1000


@dataclass(slots=True)
class _Message:
    """`read`: the newest id known of each room when the message was sent; its own id is above."""

    tag: str
    text: str
    read: dict[str, int]
    is_private: bool


class Outbox:
    """The unconfirmed messages in the order of sending: the newest 1,000.

    `_confirmed` are the room and id of messages that are not in doubt, while others are.
    """

    def __init__(self) -> None:
        self._count = 0
        self._sent: deque[_Message] = deque(maxlen=_MAX_MESSAGES)
        self._doubtful: deque[_Message] = deque(maxlen=_MAX_MESSAGES)
        self._confirmed: set[tuple[str, int]] = set()

    def add(self, request: Request, read: Mapping[str, int]) -> Request:
        """Return `request` as it is to be sent; a message is kept, and gets a tag."""
        text = request.arguments.get(_TEXTS.get(request.command, ""))
        if not text:  # the server ignores an empty message
            return request
        self._count += 1
        tag = str(self._count)
        self._sent.append(_Message(tag, text, dict(read), request.command == _PRIVATE))
        return request._replace(tag=tag)

    def stored(self, room: str, message_id: int, tag: str | None) -> None:
        """Note the id of a message; the messages sent after it have higher ids."""
        if self._doubtful:
            self._confirmed.add((room, message_id))
        for messages in (self._sent, self._doubtful):
            tags = [message.tag for message in messages]
            if tag in tags:
                index = tags.index(tag)
                del messages[index]
                for later in list(messages)[index:]:
                    later.read[room] = max(message_id, later.read.get(room, -1))

    def replied(self, tag: str) -> None:
        """Forget a message that the server refused, or a private message that it delivered."""
        self._sent = deque((sent for sent in self._sent if sent.tag != tag), _MAX_MESSAGES)

    def too_long(self) -> None:
        """Forget the longest message: the server refused one for its length, without its tag."""
        if self._sent:
            self._sent.remove(max(self._sent, key=lambda message: len(message.text.encode())))

    def disconnected(self) -> None:
        """Note that the connection is lost: every unconfirmed message is in doubt."""
        self._doubtful += self._sent
        self._sent.clear()

    def reset(self) -> None:
        """Forget all messages: the client has left the server."""
        self._sent.clear()
        self.abandon()

    def resend_after(self, room: str, otherwise: int) -> int | None:
        """Return the id in `room` above which a message in doubt may be; None if none is in doubt.

        `otherwise` counts for a message that was sent before the room's ids were known.
        """
        public = (message for message in self._doubtful if not message.is_private)
        return min((message.read.get(room, otherwise) for message in public), default=None)

    def match(self, room: str, message: Message) -> bool:
        """Tell whether a message of the user's own in a history is one in doubt, and confirm it."""
        if (room, message.id) in self._confirmed:
            return False
        # Of equal texts the last one that fits: an earlier one may match at more places.
        for sent in reversed(self._doubtful):
            if sent.is_private or sent.text != message.text:
                continue
            if sent.read.get(room, -1) < message.id:
                self._doubtful.remove(sent)
                self._confirmed.add((room, message.id))
                return True
        return False

    def abandon(self) -> list[str]:
        """Return the texts that are still in doubt, and forget them."""
        texts = [message.text for message in self._doubtful]
        self._doubtful.clear()
        self._confirmed.clear()
        return texts
