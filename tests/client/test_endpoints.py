"""Endpoints over TCP and TLS, and the reasons of failures in words."""

import sys

import pytest
from twisted.internet import error
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from chatd.client import endpoints
from chatd.client.ui.frontend import Address


class SSLError(Exception):
    """An error as OpenSSL raises it: a list of libraries, functions and reasons."""


class VerificationError(Exception):
    """An error as service_identity raises it."""


def test_plain():
    """An endpoint for TCP connects to the host and port of an address."""
    endpoint = endpoints.tcp_endpoints(MemoryReactorClock())(Address("example.org", 77))
    assert isinstance(endpoint, HostnameEndpoint)
    assert (endpoint._hostText, endpoint._port) == ("example.org", 77)


def test_tls():
    """An endpoint for TLS trusts the certificates of the system."""
    pytest.importorskip("OpenSSL")
    endpoint_for = endpoints.tls_endpoints(MemoryReactorClock())
    assert not isinstance(endpoint_for(Address("example.org", 77)), HostnameEndpoint)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (error.ConnectionRefusedError(), None),
        (error.DNSLookupError(), "unknown host"),
        (ValueError("invalid hostname"), "unknown host"),
        (error.TimeoutError(), "no answer in time"),
        (error.ConnectionLost(), "the connection was closed without an answer"),
        (error.ConnectError(string="no route"), "no route"),
        (VerificationError(), "certificate refused: it is not for this host"),
        (SSLError([("SSL routines", "", "wrong version number")]), "no TLS there: wrong version"),
        (SSLError([("", "", "certificate verify failed")]), "certificate refused: it is not sign"),
        (SSLError(), "SSLError"),
        (RuntimeError("an odd failure"), "an odd failure"),
    ],
)
def test_explain(failure, reason):
    """A failure has a reason in a few words; a refused connection has none."""
    words = endpoints.explain(Failure(failure))
    assert words is None if reason is None else words.startswith(reason)


def test_tls_without_its_packages(monkeypatch):
    """TLS without its packages is refused with one clear line."""
    monkeypatch.setitem(sys.modules, "service_identity", None)
    monkeypatch.delitem(sys.modules, "chatd.client.tls", raising=False)
    with pytest.raises(endpoints.TlsError, match=r"^--tls needs chatd's extra tls: pip install"):
        endpoints.tls_endpoints(MemoryReactorClock())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file or directory"),
        (b"", "no certificates in it"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "a certificate in it cannot be read",
        ),
    ],
)
def test_bad_cafile(tmp_path, content, words):
    """A file without a readable certificate is refused with one clear line."""
    pytest.importorskip("OpenSSL")
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(endpoints.TlsError) as refused:
        endpoints.tls_endpoints(MemoryReactorClock(), str(file))
    assert str(refused.value) == f"--cafile {file}: {words}"
