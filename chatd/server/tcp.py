"""What the system knows of a peer, and how it is to treat the connection with him."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

from twisted.internet.interfaces import ITCPTransport, ITransport

from chatd.core.events import Address

_FIRST_ASKED: Final = range(30, 75)
"""After how many seconds of silence a peer may first be asked whether he is there.

Everybody in a large room was last heard of when he took the same message. Were all asked at once, many of the
questions would be lost on the way, those that are asked again, too, and with them clients that are well.
"""

_OPTIONS: Final = {
    # A peer that is dead is found in two minutes: seconds between two questions, and how many.
    "TCP_KEEPINTVL": 15,
    "TCP_KEEPCNT": 4,
    # Nothing is asked while he is owed something. Milliseconds.
    "TCP_USER_TIMEOUT": 120_000,
}


def peer_address(transport: ITransport) -> Address:
    """Return where a peer is: host and port, or `unix`."""
    peer = transport.getPeer()
    host, port = getattr(peer, "host", None), getattr(peer, "port", None)
    return "unix" if host is None or port is None else (host, port)


def set_options(transport: ITCPTransport, port: int) -> None:
    """Let small messages go at once, and a dead peer be found; `port` is the peer's."""
    # Nagle's algorithm makes one message in a hundred wait for a delayed ACK.
    transport.setTcpNoDelay(True)
    transport.setTcpKeepAlive(True)
    handle = getattr(transport, "socket", None)
    if handle is not None:
        first_asked = _FIRST_ASKED[port % len(_FIRST_ASKED)]
        for name, value in {"TCP_KEEPIDLE": first_asked, **_OPTIONS}.items():
            # It depends on the system, and the peer may be gone already.
            with suppress(AttributeError, OSError):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
