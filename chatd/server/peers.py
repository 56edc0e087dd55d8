"""The address of a client, behind a proxy too, its certificate, and the options of its connection.

Behind a proxy (`haproxy:`) the protocol of the client is told when its address is known. Until then
it has the address of the proxy, which no limit counts.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IProtocolFactory,
    ISSLTransport,
    IStreamServerEndpoint,
    ITCPTransport,
    ITransport,
)
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import Interface, implementer

from chatd.core.events import Address
from chatd.protocol.proxy import ProxyHeaderError, parse_proxy_header

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


def peer_fingerprint(transport: ISSLTransport) -> str | None:
    """Return the SHA-256 of the certificate that the client has shown, None if it has none.

    The TLS handshake has proved that the client holds its private key, which nothing else tells.
    """
    try:
        certificate: Any = transport.getPeerCertificate()
    except AttributeError:  # the connection is lost, and Twisted's TLS has forgotten it
        return None
    if certificate is None:
        return None
    digest: bytes = certificate.digest("sha256")
    return digest.decode().replace(":", "").lower()


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
    """A protocol that is told when the address of its client is known."""

    def peer_known() -> None:
        """Ask the transport for its peer again, if it was not the proxy itself that connected."""

    def peer_unknown() -> None:
        """Note that the proxy sent a malformed header, so that the connection is closed."""


@implementer(IStreamServerEndpoint)
class ProxiedEndpoint:
    """An endpoint for the clients of a proxy that connects to `endpoint`."""

    def __init__(self, endpoint: IStreamServerEndpoint) -> None:
        self._endpoint = endpoint

    def listen(self, protocolFactory: IProtocolFactory) -> Any:  # noqa: N803 -- Twisted's
        """Listen for connections of the proxy."""
        return self._endpoint.listen(_ProxiedFactory(protocolFactory))  # type: ignore[no-untyped-call]


@implementer(IProxied)
class _ProxiedProtocol(ProtocolWrapper):
    """A connection of the proxy; `_header` has its first bytes, None once the header is complete.

    The header may come in pieces. The timeout for the first frame limits how long that may take.
    """

    _header: bytes | None = b""
    _source: IPv4Address | IPv6Address | None = None

    def dataReceived(self, data: bytes) -> None:
        """Take the header off, and pass on what comes after it."""
        if self._header is None:
            self.wrappedProtocol.dataReceived(data)
            return
        self._header += data
        client: Any = self.wrappedProtocol
        is_aware = IPeerAware.providedBy(client)
        try:
            header = parse_proxy_header(self._header)
        except ProxyHeaderError:
            self._header = b""
            if is_aware:
                client.peer_unknown()
            self.loseConnection()  # type: ignore[no-untyped-call]
            return
        if header is None:
            return
        rest, self._header = self._header[header.length :], None
        if header.source is not None:
            host, port = header.source
            kind = IPv6Address if ":" in host else IPv4Address
            self._source = kind("TCP", host, port)
        if is_aware:
            client.peer_known()
        if rest:
            client.dataReceived(rest)

    def getPeer(self) -> IAddress:
        """Return the address of the client, or of the proxy if that has sent none."""
        return self._source or self.transport.getPeer()  # type: ignore[union-attr]


class _ProxiedFactory(WrappingFactory):
    protocol = _ProxiedProtocol
    noisy = False
