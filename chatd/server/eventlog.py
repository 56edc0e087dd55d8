"""The lines of the log, one escaped line for each event of the server, and the counters beside it.

The lines about the process itself are in `chatd.daemon.signals`. This module writes to Twisted's
log and does not know which observers read it. Beside the words of a line, its `fields` are what
`--log-json` shows to programs; docs/operation.md lists them.

Anybody who can connect causes lines, so the number of each such kind is limited (limitedlog.py).
"""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from chatd.core.events import Address, Joined, Left, RoomEvent
from chatd.core.records import AuditEntry
from chatd.core.rooms import Room
from chatd.core.sanitize import escape_line
from chatd.server.limitedlog import LimitedLines, address_fields, escape_address
from chatd.server.usage import ThrottledTotals


class Counters:
    """Totals since the server started.

    `accepted`, `refused` and `aborted` are connections: those that came and got a session, those
    that a limit kept out, and those that were aborted because the client did not read. `throttled`
    are the waits of connections that sent too many bytes or frames.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.refused = 0
        self.aborted = 0
        self.throttled = ThrottledTotals()
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

    def login_failed(self) -> None:
        """Count a login with a wrong username or password."""
        self.failed_logins += 1


FAILURES_PER_MINUTE: Final = 60
"""How many faults that hurt one connection are logged in a minute, each with its traceback."""

_log = Logger(namespace="chatd")


class EventLog:
    """Writes the log. As a subscriber of the bus it logs each user who joins or leaves a room."""

    def __init__(self, clock: IReactorTime) -> None:
        def limited(
            event: str, line: str, summary: str, level: LogLevel = LogLevel.info
        ) -> LimitedLines:
            return LimitedLines(clock, event, line, f"System: {summary}", level)

        self._connected = limited(
            "connected",
            "System: new connection from {peer}",
            "{n} more connections, from {addresses} addresses",
        )
        self._disconnected = limited(
            "disconnected",
            "System: connection from {peer} closed",
            "{n} more connections closed, from {addresses} addresses",
        )
        self._exceeded = limited(
            "send-queue-exceeded",
            "System: connection from {peer} aborted: it does not read, "
            "{queued} bytes wait (at most {limit})",
            "{n} more connections aborted that do not read, from {addresses} addresses",
            LogLevel.warn,
        )
        self._failed_logins = limited(
            "login-failed",
            "System: failed login from {peer}",
            "{n} more failed logins, from {addresses} addresses",
            LogLevel.warn,
        )
        self._bad_headers = limited(
            "bad-proxy-header",
            "System: connection from {peer} closed: malformed PROXY header",
            "{n} more connections closed with a malformed PROXY header, from {addresses} addresses",
            LogLevel.warn,
        )
        self._joined = limited(
            "joined",
            "{user} joined room [{room}]{origin}",
            "{n} more times users joined rooms, from {addresses} addresses",
        )
        self._left = limited(
            "left", "{user} left room [{room}].", "{n} more times users left rooms"
        )
        self._failures = LimitedLines(
            clock,
            "failure",
            "{what} {peer} failed",
            "System: {n} more failures, with connections from {addresses} addresses",
            LogLevel.critical,
            per_minute=FAILURES_PER_MINUTE,
        )

    def listening(self, host: str, port: int | None = None) -> None:
        """Log a listening port; `port` is None where `host` is the path of a UNIX socket."""
        address = host if port is None else f"{host}, {port}"
        _log.info(
            "System: ChatServer is listening at ({address})...",
            address=escape_line(address),
            fields={"event": "listening", "address": host, "port": port},
        )

    def connected(self, peer: Address) -> None:
        """Log a new connection."""
        self._connected.log(peer)

    def disconnected(self, peer: Address) -> None:
        """Log the end of a connection."""
        self._disconnected.log(peer)

    def send_queue_exceeded(self, peer: Address, queued: int, limit: int) -> None:
        """Log that a connection is aborted because `queued` bytes wait for the client to read."""
        data = {"queued": queued, "limit": limit}
        self._exceeded.log(peer, data, **data)

    def bad_proxy_header(self, peer: Address) -> None:
        """Log that a proxy at `peer` sent a malformed header, and that the connection is closed."""
        self._bad_headers.log(peer)

    def login_failed(self, peer: Address) -> None:
        """Log a failed login, without the name: users type passwords in the name's place."""
        self._failed_logins.log(peer)

    def failed(self, what: str, failure: Failure, peer: Address) -> None:
        """Log a fault of the server, with its traceback, that hurt the connection of `peer`.

        `what`, as in "A request of", comes before the address in the line.
        """
        self._failures.log(peer, what=what, log_failure=failure)

    def store_lost(self, why: str) -> None:
        """Log that the store cannot be written to."""
        _log.error(
            "System: the store cannot be written to: {why}",
            why=escape_line(why),
            fields={"event": "store-lost", "why": why},
        )

    def store_back(self, given_up: int) -> None:
        """Log that the store can be written to again, and how many messages it never got."""
        _log.warn(
            "System: the store can be written to again, {n} messages were lost",
            n=given_up,
            fields={"event": "store-back", "count": given_up},
        )

    def unconfirmed(self, messages: int) -> None:
        """Log how many messages the store had not confirmed when the server stopped."""
        _log.error(
            "System: {n} messages may not have been stored",
            n=messages,
            fields={"event": "not-stored", "count": messages},
        )

    def pruned(self, messages: int, days: int) -> None:
        """Log how many messages were removed because they were too old."""
        _log.info(
            "System: removed {n} messages that are older than {days} days",
            n=messages,
            days=days,
            fields={"event": "pruned", "count": messages, "days": days},
        )

    def trimmed(self, messages: int, size: int) -> None:
        """Log how many messages were removed because their rooms had more than `size` bytes."""
        _log.info(
            "System: removed the {n} oldest messages of chatrooms with over {size} bytes",
            n=messages,
            size=size,
            fields={"event": "trimmed", "count": messages, "size": size},
        )

    def acted(self, entry: AuditEntry, words: str) -> None:
        """Log what an administrator did; `words` follow the name of the actor."""
        _log.info(
            "System: {actor} {words}",
            actor=escape_line(str(entry.actor)),
            words=escape_line(words),
            fields={"event": "audit", **entry.fields()},
        )

    def audit_not_stored(self, why: str) -> None:
        """Log that the store has not taken an entry of the audit, which is in the log."""
        _log.error(
            "System: the entry above is not in the audit of the store: {why}",
            why=escape_line(why),
            fields={"event": "audit-not-stored", "why": why},
        )

    def rooms_expired(self, rooms: int) -> None:
        """Log how many empty rooms ended by themselves."""
        _log.info(
            "System: ended {n} chatrooms that were empty for a day and in which nothing was said",
            n=rooms,
            fields={"event": "rooms-expired", "count": rooms},
        )

    def reload_failed(self, why: str) -> None:
        """Log that a file cannot be read again, so that its old contents stay in use."""
        _log.error(
            "System: {why}; the previous one stays in use",
            why=escape_line(why),
            fields={"event": "reload-failed", "why": why},
        )

    def received(self, peer: Address, text: str) -> None:
        """Log a frame received, for the trace; `text` is masked where it is confidential."""
        _log.info(
            "Received message from {peer}: {text}",
            peer=escape_address(peer),
            text=escape_line(text),
            fields={"event": "frame-received", "frame": text, **address_fields(peer)},
        )

    def sent(self, peer: Address, text: str) -> None:
        """Log a frame sent, for the trace."""
        _log.info(
            "Send to {peer}: {text}",
            peer=escape_address(peer),
            text=escape_line(text),
            fields={"event": "frame-sent", "frame": text, **address_fields(peer)},
        )

    def on_event(self, room: Room, event: RoomEvent) -> None:
        """Log a user who joins or leaves a room; the bus calls this for every event of a room."""
        if isinstance(event, Joined):
            origin = "" if event.address is None else f" from <{_host_and_port(event.address)}>"
            self._joined.log(
                event.address,
                {"user": event.name, "room": room.id},
                user=escape_line(event.name),
                room=escape_line(room.id),
                origin=origin,
            )
        elif isinstance(event, Left):
            self._left.log(
                None,
                {"user": event.name, "room": room.id, "reason": event.reason},
                user=escape_line(event.name),
                room=escape_line(room.id),
            )


def _host_and_port(address: Address) -> str:
    """Return `127.0.0.1:37528`, `[::1]:37528` or the name of a UNIX socket."""
    if isinstance(address, str):
        return escape_line(address)
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
