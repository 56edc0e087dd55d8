"""The replies that a server has still to send.

A message has no reply in text, so replies cannot simply be counted; but a server replies in the
order of the requests. So the reply to a `ping` shows that every request before it is served. The
requests of the user that certainly have a reply are counted as well: if the connection ends before
these replies arrive, something was lost.
"""

from __future__ import annotations

from typing import Final

from chatd.core.events import Event
from chatd.protocol.commands import Request
from chatd.protocol.received import Error, History, Ok, Reply, RoomList

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
