"""Behind a proxy that tells where its clients are, with the PROXY protocol (`haproxy:`).

Twisted reads what the proxy tells, but says so with the first bytes of the client alone. Until then a
client would count for the proxy, which all come from, and who says nothing would never count for himself.
"""

from __future__ import annotations

from typing import Any, Final, cast

from twisted.internet.interfaces import IProtocolFactory, IStreamServerEndpoint, ITransport
from twisted.protocols.haproxy import proxyEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from zope.interface import Interface, implementer

PREFIX: Final = "haproxy:"
"""What an endpoint string begins with; the rest of it is another."""


class IProxied(ITransport):
    """A transport whose peer is a proxy, until the proxy has told whose connection it is."""


class IPeerAware(Interface):
    """A protocol that wants to know where its peer is."""

    def peer_known() -> None:
        """Look at the transport's peer: it may be known by now."""


def behind_proxy(endpoint: IStreamServerEndpoint) -> Any:
    """Return an endpoint for the clients of a proxy that connects to `endpoint`."""
    return proxyEndpoint(_PeerAware(endpoint))


@implementer(IStreamServerEndpoint)
class _PeerAware:
    """An endpoint that lets protocols know when their peers are known."""

    def __init__(self, endpoint: IStreamServerEndpoint) -> None:
        self._endpoint = endpoint

    def listen(self, protocolFactory: IProtocolFactory) -> Any:  # noqa: N803 -- Twisted's
        """Listen for the proxy."""
        factory = _PeerAwareFactory(protocolFactory)  # type: ignore[no-untyped-call]
        return self._endpoint.listen(factory)


@implementer(IProxied)
class _FromProxy(ProtocolWrapper):
    """A connection of the proxy's: wraps what reads the proxy's words, and that wraps the client's protocol."""

    def dataReceived(self, data: bytes) -> None:
        """Hand on what comes, and let the client's protocol look who it is from."""
        # Before: it may be forgotten after.
        client = cast("ProtocolWrapper", self.wrappedProtocol).wrappedProtocol
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        if IPeerAware.providedBy(client):
            client.peer_known()


class _PeerAwareFactory(WrappingFactory):
    protocol = _FromProxy
    noisy = False
