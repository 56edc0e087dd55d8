"""What the connections of the native door share."""

from __future__ import annotations

from typing import Any, Protocol, cast

from twisted.internet import protocol
from twisted.internet.interfaces import ITCPTransport

from chatd.server.admission import Admission
from chatd.server.epoll import Sockets
from chatd.server.limits import Limits
from chatd.server.session import Sessions
from chatd.server.timeouts import Deadlines


class Late(Protocol):
    """A connection from which something was expected and has not come."""

    def close_silent(self) -> None:
        """Close: no whole frame has come in time."""

    def close_idle(self) -> None:
        """Close, if it is the peer who does nothing."""


class Door:
    """Sessions, clock and limits, and who is to be heard of by when."""

    def __init__(
        self, sessions: Sessions, reactor: Any, limits: Limits, admission: Admission
    ) -> None:
        self.sessions = sessions
        self.clock = reactor
        self.limits = limits
        self.admission = admission
        self.sockets = Sockets(reactor)
        self.silent: Deadlines[Late] = Deadlines(
            reactor, limits.first_frame, lambda late: late.close_silent()
        )
        self.idle: Deadlines[Late] = Deadlines(
            reactor, limits.idle_timeout, lambda late: late.close_idle()
        )


class TurnedAway(protocol.Protocol):
    """A connection there is no descriptor for."""

    def connectionMade(self) -> None:
        """Close at once."""
        cast("ITCPTransport", self.transport).abortConnection()
