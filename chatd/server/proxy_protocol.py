"""The PROXY protocol (`haproxy:`), by which a proxy tells the addresses of its clients.

Twisted parses what the proxy tells, but the protocol of the client learns of it with the client's
first bytes only. Until then a client would count for the address of the proxy, and a client that
sends nothing would never count for its own address.
"""

from __future__ import annotations

from typing import Any, Final, cast

from twisted.internet.interfaces import IProtocolFactory, IStreamServerEndpoint, ITransport
from twisted.protocols.haproxy import proxyEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import Interface, implementer

PREFIX: Final = "haproxy:"
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
