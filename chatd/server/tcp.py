"""The address of a client, and the options of its TCP connection."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

from twisted.internet.interfaces import ITCPTransport, ITransport

from chatd.core.events import Address

_KEEPALIVE_IDLE: Final = range(30, 75)
"""After how many seconds of silence the system may send the first keep-alive probe.

The port of the client selects one of them. All members of a large room were last heard of when they
acknowledged the same message. If the system probed all of them at once, many probes would be lost,
again and again, and connections that are well would be closed with them.
"""

_OPTIONS: Final = {
    # A dead client is found in two minutes: seconds between two probes, and how many probes.
    "TCP_KEEPINTVL": 15,
    "TCP_KEEPCNT": 4,
    # No probes are sent while data is unacknowledged: for how many milliseconds it may be.
    "TCP_USER_TIMEOUT": 120_000,
}


def peer_address(transport: ITransport) -> Address:
    """Return the host and port of the client, or `unix`."""
    peer = transport.getPeer()
    host, port = getattr(peer, "host", None), getattr(peer, "port", None)
    return "unix" if host is None or port is None else (host, port)


def set_options(transport: ITCPTransport, port: int) -> None:
    """Send small messages at once, and detect dead clients; `port` is the client's."""
    # Nagle's algorithm makes one message in a hundred wait for a delayed ACK.
    transport.setTcpNoDelay(True)
    transport.setTcpKeepAlive(True)
    handle = getattr(transport, "socket", None)
    if handle is not None:
        idle = _KEEPALIVE_IDLE[port % len(_KEEPALIVE_IDLE)]
        for name, value in {"TCP_KEEPIDLE": idle, **_OPTIONS}.items():
            # Not every system has each option, and the client may be gone already.
            with suppress(AttributeError, OSError):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
