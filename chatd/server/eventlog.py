"""What the server prints of what happens (spec section 6): one escaped line an event.

A consumer of the bus for who comes and goes, and the place where all other lines of that section
are worded. Knows the log and nothing of who reads it.
"""

from __future__ import annotations

from twisted.logger import Logger

from chatd.core.events import Address, Joined, Left, RoomEvent
from chatd.core.rooms import Room
from chatd.core.sanitize import escape

_log = Logger(namespace="chatd")


class EventLog:
    """Writes the log, and counts what the metrics tell of connections and logins."""

    def __init__(self) -> None:
        self.connections = 0
        self.refused = 0
        self.aborted = 0
        self.failed_logins = 0
        self.lost_messages = 0

    def listening(self, host: str, port: int | None = None) -> None:
        """Note a listener: `(localhost, 9999)`, or what stands for it where there is no port."""
        where = host if port is None else f"{host}, {port}"
        _log.info("System: ChatServer is listening at ({where})...", where=escape(where))

    def connected(self, peer: Address) -> None:
        """Note a new connection."""
        _log.info("System: new connection from {peer}", peer=_shown(peer))

    def disconnected(self, peer: Address) -> None:
        """Note the end of a connection."""
        _log.info("System: connection from {peer} closed", peer=_shown(peer))

    def send_queue_exceeded(self, peer: Address, queued: int, limit: int) -> None:
        """Note that a connection is aborted because it does not read."""
        self.aborted += 1
        _log.warn(
            "System: connection from {peer} aborted: it does not read, "
            "{queued} bytes wait (at most {limit})",
            peer=_shown(peer),
            queued=queued,
            limit=limit,
        )

    def login_failed(self, peer: Address) -> None:
        """Note a wrong password. Not the name: it may be a password, typed in the wrong place."""
        self.failed_logins += 1
        _log.warn("System: failed login from {peer}", peer=_shown(peer))

    def store_lost(self, why: str) -> None:
        """Note that nothing can be stored now."""
        _log.error("System: the store cannot be written to: {why}", why=escape(why))

    def store_back(self, given_up: int) -> None:
        """Note that the store can be written to again, and how many messages were never stored."""
        self.lost_messages += given_up
        _log.warn("System: the store can be written to again, {n} messages were lost", n=given_up)

    def unconfirmed(self, messages: int) -> None:
        """Note of how many messages it is not known, at the end of the server, whether they are stored."""
        _log.error("System: {n} messages may not have been stored", n=messages)

    def not_reloaded(self, why: str) -> None:
        """Note that something that was to be read again could not be."""
        _log.error("System: {why}; what was read before stays", why=escape(why))

    def received(self, peer: Address, text: str) -> None:
        """Trace a frame received."""
        _log.info("Received message from {peer}: {text}", peer=_shown(peer), text=escape(text))

    def sent(self, peer: Address, text: str) -> None:
        """Trace a frame sent."""
        _log.info("Send to {peer}: {text}", peer=_shown(peer), text=escape(text))

    def on_event(self, room: Room, event: RoomEvent) -> None:
        """Note who joined and who left."""
        if isinstance(event, Joined):
            where = "" if event.address is None else f" from <{_host_and_port(event.address)}>"
            _log.info(
                "{user} joined room [{room}]{where}",
                user=escape(event.name),
                room=escape(room.id),
                where=where,
            )
        elif isinstance(event, Left):
            _log.info("{user} left room [{room}].", user=escape(event.name), room=escape(room.id))


def _shown(peer: Address) -> str:
    return escape(str(peer))


def _host_and_port(address: Address) -> str:
    if isinstance(address, str):
        return escape(address)
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
