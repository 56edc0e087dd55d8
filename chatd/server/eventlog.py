"""The lines of the log, one escaped line for each event of the server, and the counters beside it.

The lines about the process itself are in `chatd.daemon.signals`. This module writes to Twisted's
log and does not know which observers read it.
"""

from __future__ import annotations

from twisted.logger import Logger

from chatd.core.events import Address, Joined, Left, RoomEvent
from chatd.core.rooms import Room
from chatd.core.sanitize import escape_line


class Counters:
    """Totals since the server started.

    `accepted`, `refused` and `aborted` are connections: those that came and got a session, those
    that a limit kept out, and those that were aborted because the client did not read. `throttled`
    is how often a connection had to wait because its bytes were too many.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.refused = 0
        self.aborted = 0
        self.throttled = 0
        self.failed_logins = 0

    def connection_accepted(self) -> None:
        """Count a connection for which a session was made."""
        self.accepted += 1

    def connection_refused(self) -> None:
        """Count a connection that a limit kept out."""
        self.refused += 1

    def connection_aborted(self) -> None:
        """Count a connection whose client did not read its output."""
        self.aborted += 1

    def connection_throttled(self) -> None:
        """Count a connection that has to wait because it or its origin sent too many bytes."""
        self.throttled += 1

    def login_failed(self) -> None:
        """Count a login with a wrong username or password."""
        self.failed_logins += 1


_log = Logger(namespace="chatd")


class EventLog:
    """Writes the log. As a subscriber of the bus it logs each user who joins or leaves a room."""

    def listening(self, host: str, port: int | None = None) -> None:
        """Log a listening port; `port` is None where `host` is the path of a UNIX socket."""
        address = host if port is None else f"{host}, {port}"
        _log.info("System: ChatServer is listening at ({address})...", address=escape_line(address))

    def connected(self, peer: Address) -> None:
        """Log a new connection."""
        _log.info("System: new connection from {peer}", peer=_escape_address(peer))

    def disconnected(self, peer: Address) -> None:
        """Log the end of a connection."""
        _log.info("System: connection from {peer} closed", peer=_escape_address(peer))

    def send_queue_exceeded(self, peer: Address, queued: int, limit: int) -> None:
        """Log that a connection is aborted because `queued` bytes wait for the client to read."""
        _log.warn(
            "System: connection from {peer} aborted: it does not read, "
            "{queued} bytes wait (at most {limit})",
            peer=_escape_address(peer),
            queued=queued,
            limit=limit,
        )

    def login_failed(self, peer: Address) -> None:
        """Log a failed login, without the name: users type passwords in the name's place."""
        _log.warn("System: failed login from {peer}", peer=_escape_address(peer))

    def store_lost(self, why: str) -> None:
        """Log that the store cannot be written to."""
        _log.error("System: the store cannot be written to: {why}", why=escape_line(why))

    def store_back(self, given_up: int) -> None:
        """Log that the store can be written to again, and how many messages it never got."""
        _log.warn("System: the store can be written to again, {n} messages were lost", n=given_up)

    def unconfirmed(self, messages: int) -> None:
        """Log how many messages the store had not confirmed when the server stopped."""
        _log.error("System: {n} messages may not have been stored", n=messages)

    def pruned(self, messages: int, days: int) -> None:
        """Log how many messages were removed because they were too old."""
        _log.info(
            "System: removed {n} messages that are older than {days} days", n=messages, days=days
        )

    def reload_failed(self, why: str) -> None:
        """Log that a file cannot be read again, so that its old contents stay in use."""
        _log.error("System: {why}; the previous one stays in use", why=escape_line(why))

    def received(self, peer: Address, text: str) -> None:
        """Log a frame received, for the trace; `text` is masked where it is confidential."""
        _log.info(
            "Received message from {peer}: {text}",
            peer=_escape_address(peer),
            text=escape_line(text),
        )

    def sent(self, peer: Address, text: str) -> None:
        """Log a frame sent, for the trace."""
        _log.info("Send to {peer}: {text}", peer=_escape_address(peer), text=escape_line(text))

    def on_event(self, room: Room, event: RoomEvent) -> None:
        """Log a user who joins or leaves a room; the bus calls this for every event of a room."""
        if isinstance(event, Joined):
            origin = "" if event.address is None else f" from <{_host_and_port(event.address)}>"
            _log.info(
                "{user} joined room [{room}]{origin}",
                user=escape_line(event.name),
                room=escape_line(room.id),
                origin=origin,
            )
        elif isinstance(event, Left):
            _log.info(
                "{user} left room [{room}].",
                user=escape_line(event.name),
                room=escape_line(room.id),
            )


def _escape_address(peer: Address) -> str:
    return escape_line(str(peer))


def _host_and_port(address: Address) -> str:
    """Return `127.0.0.1:37528`, `[::1]:37528` or the name of a UNIX socket."""
    if isinstance(address, str):
        return escape_line(address)
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
