"""What the system knows of a peer, and how it is to treat the connection with him."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

from twisted.internet.interfaces import ITCPTransport, ITransport

from chatd.core.events import Address

_OPTIONS: Final = {
    # A peer that is dead is found in two minutes: seconds to the first question, between two, how many.
    "TCP_KEEPIDLE": 60,
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


def tune(transport: ITCPTransport) -> None:
    """Let small messages go at once, and a dead peer be found."""
    # Nagle's algorithm makes one message in a hundred wait for a delayed ACK.
    transport.setTcpNoDelay(True)
    transport.setTcpKeepAlive(True)
    handle = getattr(transport, "socket", None)
    if handle is not None:
        for name, value in _OPTIONS.items():
            # It depends on the system, and the peer may be gone already.
            with suppress(AttributeError, OSError):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
