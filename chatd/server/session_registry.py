"""The open sessions of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from twisted.internet.defer import Deferred

from chatd.core.events import DisconnectReason
from chatd.core.records import BanKind
from chatd.core.world.effects import BanAdded
from chatd.server.connection import Connection
from chatd.server.services import Services
from chatd.server.session import Session

S = TypeVar("S", bound=Session)


class SessionRegistry:
    """The sessions of all gateways: a gateway adds its connections, the console lists them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._open: dict[Session, None] = {}
        self._all_closed: Deferred[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._open)

    def connect(self, connection: Connection, kind: Callable[..., S]) -> S:
        """Return the session of a new connection; `kind` is its class, or makes it like one."""
        session = kind(self.services, connection, self._closed)
        self._open[session] = None
        self.services.counters.connection_accepted()
        self.services.event_log.connected(connection.address)
        return session

    def on_ban_added(self, added: BanAdded) -> None:
        """Close the connections without a name, of which the world does not know, if banned."""
        if added.ban.kind is BanKind.NAME:
            return
        address_ban = self.services.moderation.address_ban
        for session in list(self._open):
            user = session.user
            if not (user.sessions or user.closed) and address_ban(session.address) is not None:
                session.user.closed = True  # until the framing is known, the session cannot close
                session.disconnect(DisconnectReason.BANNED, added.ban.reason)

    def shut_down(self) -> Deferred[None]:
        """Close all sessions, and tell the clients; fires when the connections are closed.

        All users leave silently: nobody reads that others leave.
        """
        self.services.log.stop()
        for session in list(self._open):
            session.close(DisconnectReason.SHUTDOWN)
        self._all_closed = Deferred()
        if not self._open:
            self._all_closed.callback(None)
        return self._all_closed

    def _closed(self, session: Session) -> None:
        del self._open[session]
        self.services.event_log.disconnected(session.address)
        if self._all_closed is not None and not self._open:
            self._all_closed.callback(None)
