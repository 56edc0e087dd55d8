"""Clients in memory that seem to be connected over TLS, with a certificate or without."""

from functools import partial
from hashlib import sha256

from twisted.internet.interfaces import ISSLTransport
from zope.interface import directlyProvides

from chatd.testing import MemoryTransport


def fingerprint(name):
    """Return the fingerprint of the certificate with a name."""
    return sha256(name.encode()).hexdigest()


class Certificate:
    """A certificate, as far as the server looks at it."""

    def __init__(self, name):
        self._name = name

    def digest(self, algorithm):
        assert algorithm == "sha256"
        return fingerprint(self._name).upper().encode()


class TlsTransport(MemoryTransport):
    """A transport in memory that is as one of TLS; `certificate` is the name of the client's."""

    def __init__(self, peer, certificate=None):
        super().__init__(peer)
        self._certificate = None if certificate is None else Certificate(certificate)
        directlyProvides(self, ISSLTransport)

    def getPeerCertificate(self):
        """Return the certificate that the client has shown."""
        return self._certificate


def connect(monkeypatch, server, certificate=None, host="203.0.113.9"):
    """Return a new client that shows a certificate, and has sent nothing."""
    with monkeypatch.context() as patch:
        transport = partial(TlsTransport, certificate=certificate)
        patch.setattr("chatd.testing.MemoryTransport", transport)
        return server.connect_irc(host)


def log_in(monkeypatch, server, response, certificate=None):
    """Return a client that has logged in with the response of PLAIN, and has read all lines."""
    client = connect(monkeypatch, server, certificate)
    client.send("CAP REQ sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {response}")
    client.send("NICK visitor", "USER a 0 * :A", "CAP END")
    client.read()
    return client
