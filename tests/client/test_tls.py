"""The certificates that the client trusts."""

import pytest

pytest.importorskip("OpenSSL")
from OpenSSL import SSL

from chatd.client.tls import TrustRoot

INVALID = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def test_system():
    """Without a file the certificates of the system are trusted."""
    assert TrustRoot()._certificates == []


def test_file(make_certificate, tmp_path):
    """Each certificate of a file is trusted; other text in it is ignored."""
    make_certificate()
    pem = (tmp_path / "cert.pem").read_bytes()
    root = TrustRoot(b"A comment.\n" + pem + b"Another one.\n" + pem)
    assert [certificate.dumpPEM() for certificate in root._certificates] == [pem, pem]
    root._addCACertsToContext(SSL.Context(SSL.TLS_METHOD))


def test_no_certificates():
    """A text without certificates is refused."""
    with pytest.raises(ValueError, match="no certificates in it"):
        TrustRoot(b"nothing")


def test_invalid_certificate():
    """A certificate that cannot be read is refused."""
    with pytest.raises(ValueError, match="a certificate in it cannot be read"):
        TrustRoot(INVALID)


def test_options():
    """The options for a host verify that the certificate is for it."""
    assert TrustRoot().options_for("example.org")._hostname == "example.org"
