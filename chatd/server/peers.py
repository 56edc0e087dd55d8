"""The address of a client, behind a proxy too, and the options of its TCP connection.

Twisted parses the PROXY protocol (`haproxy:`), but the protocol of the client learns of it with the
client's first bytes only. Until then a client would count for the address of the proxy, and a
client that sends nothing would never count for its own address.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any, Final, cast

from twisted.internet.interfaces import (
    IProtocolFactory,
    IStreamServerEndpoint,
    ITCPTransport,
    ITransport,
)
from twisted.protocols.haproxy import proxyEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import Interface, implementer

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


PROXY_PREFIX: Final = "haproxy:"
"""The start of the string of such an endpoint; the rest is the string of another endpoint."""


class IProxied(ITransport):
    """A transport whose peer is a proxy, until the proxy has told the address of its client."""


class IPeerAware(Interface):
    """A protocol that is told when the address of its client may be known."""

    def peer_known() -> None:
        """Ask the transport for its peer again."""


def behind_proxy(endpoint: IStreamServerEndpoint) -> Any:
    """Return an endpoint for the clients of a proxy that connects to `endpoint`."""
    return proxyEndpoint(_PeerAwareEndpoint(endpoint))


@implementer(IStreamServerEndpoint)
class _PeerAwareEndpoint:
    """An endpoint that tells protocols when the address of their client may be known."""

    def __init__(self, endpoint: IStreamServerEndpoint) -> None:
        self._endpoint = endpoint

    def listen(self, protocolFactory: IProtocolFactory) -> Any:  # noqa: N803 -- Twisted's
        """Listen for connections of the proxy."""
        factory = _PeerAwareFactory(protocolFactory)  # type: ignore[no-untyped-call]
        return self._endpoint.listen(factory)


@implementer(IProxied)
class _PeerAwareProtocol(ProtocolWrapper):
    """A connection of the proxy: it wraps Twisted's parser, which wraps the client's protocol."""

    def dataReceived(self, data: bytes) -> None:
        """Pass data on, and tell the client's protocol that its peer may be known."""
        # Read before: the parser may drop the client's protocol.
        client = cast("ProtocolWrapper", self.wrappedProtocol).wrappedProtocol
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        if IPeerAware.providedBy(client):
            client.peer_known()


class _PeerAwareFactory(WrappingFactory):
    protocol = _PeerAwareProtocol
    noisy = False
