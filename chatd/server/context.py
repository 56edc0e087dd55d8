"""What the connections of the native door share."""

from __future__ import annotations

from typing import Any, Protocol, cast

from twisted.internet import protocol
from twisted.internet.interfaces import ITCPTransport

from chatd.config import Limits
from chatd.server.admission import Admission
from chatd.server.epoll import EpollReader
from chatd.server.session_registry import SessionRegistry
from chatd.server.timeouts import TimeoutQueue


class Late(Protocol):
    """A connection from which something was expected and has not come."""

    def handshake_timed_out(self) -> None:
        """Close: no whole frame has come in time."""

    def idle_timed_out(self) -> None:
        """Close, if it is the peer who does nothing."""


class ServerContext:
    """Sessions, clock and limits, and who is to be heard of by when."""

    def __init__(
        self, sessions: SessionRegistry, reactor: Any, limits: Limits, admission: Admission
    ) -> None:
        self.sessions = sessions
        self.services = sessions.services
        self.clock = reactor
        self.limits = limits
        self.admission = admission
        self.sockets = EpollReader(reactor)
        self.handshake_timeouts: TimeoutQueue[Late] = TimeoutQueue(
            reactor, limits.first_frame, lambda late: late.handshake_timed_out()
        )
        self.idle_timeouts: TimeoutQueue[Late] = TimeoutQueue(
            reactor, limits.idle_timeout, lambda late: late.idle_timed_out()
        )


class RefusedProtocol(protocol.Protocol):
    """A connection there is no descriptor for."""

    def connectionMade(self) -> None:
        """Close at once."""
        cast("ITCPTransport", self.transport).abortConnection()
