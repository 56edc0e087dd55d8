"""The answers that a server still owes. Pure.

A message may be answered or not, so what is owed cannot just be counted; but a server answers in the
order in which it was asked. So a question of no consequence, a probe, tells by its answer that all
before it is answered. What certainly has an answer is counted nevertheless: if the connection ends
before that, something was lost.
"""

from __future__ import annotations

from typing import Final

from chatd.core.events import Event
from chatd.protocol.commands import Request
from chatd.protocol.received import Error, History, Ok, Reply, RoomList

_PROBE: Final = "caught up:"
"""What the tags of probes begin with."""


class Due:
    """What was asked of one server, in the order of asking."""

    def __init__(self) -> None:
        self._asked = self._answered = self._probe = self._owed = 0

    @property
    def unanswered(self) -> int:
        """How many requests there are since the last that is known to be answered."""
        return self._asked - self._answered

    @property
    def is_owed(self) -> bool:
        """Whether something the person asked for certainly has an answer to come."""
        return self._owed > 0

    def probe(self) -> Request:
        """Return a question whose answer shows that all before it is answered."""
        self._asked += 1
        self._probe = self._asked
        # Any request would do; this one changes nothing, at the server or here.
        return Request("help", tag=f"{_PROBE}{self._probe}")

    def asked(self, request: Request) -> None:
        """Take note that something is asked for."""
        self._asked += 1
        # What has a tag is a message, or the client's own business; what says nothing is ignored.
        if request.tag is None and request.command != "say":
            self._owed += 1

    def is_probed(self, event: Event | Reply) -> bool:
        """Tell whether an event is the answer to a probe: to the last one, or one that is too late."""
        return isinstance(event, Ok | Error) and (event.tag or "").startswith(_PROBE)

    def came(self, event: Event | Reply) -> bool:
        """Take note of what the server tells; return whether all before the last probe is answered."""
        if not isinstance(event, Ok | Error | RoomList | History):
            return False
        if event.tag == f"{_PROBE}{self._probe}":
            self._answered = self._probe
            self._owed = self._owed if self.unanswered else 0
            return True
        if event.tag is None and getattr(event, "command", "") not in {None, "say"}:
            self._owed = max(0, self._owed - 1)
        if isinstance(event, Ok) and event.command == "exit":  # the last answer of all
            self.forget()
        return False

    def forget(self) -> None:
        """Take note that no more is to come."""
        self._answered, self._owed = self._asked, 0
