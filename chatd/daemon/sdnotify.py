"""sd_notify(3): tells the service manager, such as systemd, what state the server is in.

The service manager listens on a datagram socket, whose address is in NOTIFY_SOCKET.
"""

from __future__ import annotations

import socket
import time

from twisted.logger import Logger

_log = Logger(namespace="chatd")


class SystemdNotifier:
    """Sends states to the socket at `address`; does nothing if that is None or empty."""

    def __init__(self, address: str | None) -> None:
        # An address with an at sign is in Linux's abstract namespace, where it starts with a NUL.
        self._address = address and (f"\0{address[1:]}" if address.startswith("@") else address)

    def ready(self) -> None:
        """Report that the server accepts clients, or that a reload is complete."""
        self._notify("READY=1")

    def reloading(self) -> None:
        """Report that the server reads its files again; `ready` follows."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._notify(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")

    def stopping(self) -> None:
        """Report that the server shuts down."""
        self._notify("STOPPING=1")

    def _notify(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
                manager.connect(self._address)
                manager.sendall(state.encode())
        except OSError as error:
            _log.warn("System: the service manager cannot be told: {why}", why=error.strerror)
