"""Tells the service manager how the server is: sd_notify(3), a datagram to the socket in NOTIFY_SOCKET."""

from __future__ import annotations

import socket
import time

from twisted.logger import Logger

_log = Logger(namespace="chatd")


class SystemdNotifier:
    """The service manager that started the process; `address` is its socket, None if there is none."""

    def __init__(self, address: str | None) -> None:
        # What begins with an at sign is no file: the kernel writes a NUL there.
        self._address = address and (f"\0{address[1:]}" if address.startswith("@") else address)

    def ready(self) -> None:
        """Tell that clients can come, or that all is read again."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Tell that files are being read again; `ready` follows."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")

    def stopping(self) -> None:
        """Tell that the server ends."""
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
                manager.connect(self._address)
                manager.sendall(state.encode())
        except OSError as error:
            _log.warn("System: the service manager cannot be told: {why}", why=error.strerror)
