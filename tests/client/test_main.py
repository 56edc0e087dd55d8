"""The command line: each option that cannot be used is answered by one clear line."""

import sys

import pytest
from twisted.internet.testing import MemoryReactorClock

from chatd.client import endpoints
from chatd.client.main import main
from chatd.client.ui.actions import Address


@pytest.mark.parametrize("port", ["0", "65536", "http", "-0", "9" * 5000, ""])
def test_bad_port(port):
    """A port that is no number from 1 to 65535 is refused."""
    with pytest.raises(SystemExit) as ended:
        main(["localhost", "--", port])
    assert str(ended.value) == f"chatd-client: Not a port: {port} (1 to 65535)."


def test_tls_without_its_packages(monkeypatch):
    """TLS needs packages that may be missing."""
    monkeypatch.setitem(sys.modules, "service_identity", None)
    monkeypatch.delitem(sys.modules, "chatd.client.tls", raising=False)
    with pytest.raises(endpoints.TlsError, match=r"^--tls needs more packages: pip install"):
        endpoints.tls(MemoryReactorClock())


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
    """A file of certificates that is none."""
    pytest.importorskip("OpenSSL")
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(endpoints.TlsError) as refused:
        endpoints.tls(MemoryReactorClock(), str(file))
    assert str(refused.value) == f"--cafile {file}: {words}"


@pytest.mark.parametrize(
    ("address", "shown"),
    [(Address("localhost", 1), "localhost:1"), (Address("::1", 1), "[::1]:1")],
)
def test_address(address, shown):
    """An address is written as people write it."""
    assert str(address) == shown
