"""The options of TCP connections, and the certificates of clients."""

import socket
from collections import Counter
from hashlib import sha256

import pytest
from cryptography.x509 import load_der_x509_certificate
from OpenSSL.crypto import X509

from chatd.server.peers import peer_fingerprint, set_options


class Transport:
    """A TCP transport, and its socket."""

    def __init__(self):
        self.socket = self
        self.options = {}

    def setTcpNoDelay(self, enabled):
        self.no_delay = enabled

    def setTcpKeepAlive(self, enabled):
        self.keep_alive = enabled

    def setsockopt(self, level, option, value):
        assert level == socket.IPPROTO_TCP
        self.options[option] = value


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="is not there but on Linux")
def test_not_all_are_asked_at_once():
    """Clients that fell silent at the same time are probed over 45 seconds."""
    first_asked = Counter()
    for port in range(32768, 32768 + 2 * 4500, 2):  # as the system gives them to clients
        set_options(transport := Transport(), port)
        assert transport.no_delay
        assert transport.keep_alive
        idle = transport.options[socket.TCP_KEEPIDLE]
        # Three more questions are asked before the peer is given up.
        assert idle + 3 * transport.options[socket.TCP_KEEPINTVL] < 120
        assert transport.options[socket.TCP_USER_TIMEOUT] == 120_000
        first_asked[idle] += 1
    assert first_asked == dict.fromkeys(range(30, 75), 100)


class TlsTransport:
    """A transport of TLS; `connection` is pyOpenSSL's, None once the connection is lost."""

    def __init__(self, connection):
        self._connection = connection

    def getPeerCertificate(self):
        return self._connection.get_peer_certificate()


class TlsConnection:
    """A connection of pyOpenSSL, on which the client has shown a certificate or None."""

    def __init__(self, certificate):
        self._certificate = certificate

    def get_peer_certificate(self):
        return self._certificate


def test_the_fingerprint_of_a_client(make_certificate):
    """It is the SHA-256 of the certificate, in lower case and without colons."""
    der = make_certificate()
    shown = X509.from_cryptography(load_der_x509_certificate(der))
    assert peer_fingerprint(TlsTransport(TlsConnection(shown))) == sha256(der).hexdigest()


@pytest.mark.parametrize("connection", [None, TlsConnection(None)])
def test_no_fingerprint(connection):
    """There is none without a certificate, and once the connection is lost."""
    assert peer_fingerprint(TlsTransport(connection)) is None
