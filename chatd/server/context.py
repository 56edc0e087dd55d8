"""The objects that the connections of all gateways share."""

from __future__ import annotations

from typing import Any

from chatd.config import Limits
from chatd.server.byterate import ByteLimits
from chatd.server.epoll import EpollReader
from chatd.server.limits import Admission, TimeoutQueue
from chatd.server.session_registry import SessionRegistry


class ServerContext:
    """The sessions, the limits, and the objects that enforce the limits."""

    def __init__(
        self, sessions: SessionRegistry, reactor: Any, limits: Limits, admission: Admission
    ) -> None:
        self.sessions = sessions
        self.services = sessions.services
        self.clock = reactor
        self.limits = limits
        self.admission = admission
        self.byte_limits = ByteLimits(reactor, limits)
        self.epoll = EpollReader(reactor, self.byte_limits.read_bytes)
        self.handshake_timeouts = TimeoutQueue(reactor, limits.first_frame)
        self.idle_timeouts = TimeoutQueue(reactor, limits.idle_timeout)
