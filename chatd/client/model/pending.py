"""The user's unconfirmed messages, and the pending replies of the server.

The server confirms a message by its tag: one to a room when it is in the store, a private message
by the reply. After a lost connection an unconfirmed message is in doubt until it is found in the
history of a room, or until the history of all rooms is known; no history has private messages.

A message has no reply in text, so replies cannot simply be counted; but a server replies in the
order of the requests. So the reply to a `ping` shows that every request before it is served. The
requests of the user that certainly have a reply are counted as well: if the connection ends before
these replies arrive, something was lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chatd.core.events import Event, Message
from chatd.protocol.command import Request
from chatd.protocol.received import Error, History, Ok, Reply, RoomList

_PRIVATE: Final = "secret"
_TEXTS: Final = {"say": "text", "me": "text", "broadcast": "message", _PRIVATE: "message"}
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


_PING: Final = "ping:"
"""The first part of the tags of pings."""


class PendingReplies:
    """The requests to one server, in the order of sending."""

    def __init__(self) -> None:
        self._sent = self._served = self._pinged = self._expected = 0

    @property
    def unanswered(self) -> int:
        """The number of requests since the last one that is known to be served."""
        return self._sent - self._served

    @property
    def has_pending(self) -> bool:
        """Whether a request of the user certainly has a reply to come."""
        return self._expected > 0

    def ping(self) -> Request:
        """Return a request whose reply shows that every request before it is served."""
        self._sent += 1
        self._pinged = self._sent
        return Request("ping", tag=f"{_PING}{self._pinged}")

    def sent(self, request: Request) -> None:
        """Note that a request is sent."""
        self._sent += 1
        # A request with a tag is a message, or the client's own; an empty message has no reply.
        if request.tag is None and request.command != "say":
            self._expected += 1

    def is_pong(self, event: Event | Reply) -> bool:
        """Tell whether an event is the reply to a ping, the last one or an earlier one."""
        return isinstance(event, Ok | Error) and (event.tag or "").startswith(_PING)

    def received(self, event: Event | Reply) -> bool:
        """Note an event or a reply; return whether every request before the last ping is served."""
        if not isinstance(event, Ok | Error | RoomList | History):
            return False
        if event.tag == f"{_PING}{self._pinged}":
            self._served = self._pinged
            self._expected = self._expected if self.unanswered else 0
            return True
        if event.tag is None and getattr(event, "command", "") not in {None, "say"}:
            self._expected = max(0, self._expected - 1)
        if isinstance(event, Ok) and event.command == "exit":  # the last reply of all
            self.reset()
        return False

    def reset(self) -> None:
        """Note that no reply is to come any more."""
        self._served, self._expected = self._sent, 0
