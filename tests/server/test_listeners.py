"""Ports from endpoint strings, and the reload of certificates."""

import sys

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL.SSL import TLS_METHOD, Connection, Context, WantReadError
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from chatd.server.listeners import ListenError, ListeningPort

# What Twisted gives to pyOpenSSL.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")


@pytest.fixture
def folder(make_certificate, tmp_path):
    """Return the folder with a certificate in it."""
    make_certificate()
    return tmp_path


@pytest.fixture
def endpoint(folder):
    """Return an endpoint string for TLS."""
    return f"ssl:9999:privateKey={folder}/key.pem:certKey={folder}/cert.pem"


@pytest.fixture
def listening(endpoint):
    """Return a port, and the context factory that Twisted asks for each connection."""
    reactor = MemoryReactorClock()
    port = ListeningPort("--listen", endpoint, reactor)
    port.listen(Factory())
    return port, reactor.sslServers[0][2]


def shown(contexts):
    """Return the certificate that the next connection gets."""
    server, client = Connection(contexts.getContext()), Connection(Context(TLS_METHOD))
    server.set_accept_state()
    client.set_connect_state()
    for sender, receiver in ((client, server), (server, client)):
        with pytest.raises(WantReadError):
            sender.do_handshake()
        receiver.bio_write(sender.bio_read(65536))
    client.do_handshake()
    return client.get_peer_certificate(as_cryptography=True).public_bytes(Encoding.DER)


def test_a_renewed_certificate(listening, make_certificate):
    """New connections get the new certificate after a reload."""
    port, contexts = listening
    old = shown(contexts)
    new = make_certificate()
    assert shown(contexts) == old
    port.reload_certificate()
    assert shown(contexts) == new != old


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: (folder / "key.pem").unlink(), "key.pem: No such file or directory"),
        (lambda folder: (folder / "key.pem").write_text("x"), "no endpoint or certificate"),
        (lambda folder: (folder / "cert.pem").write_text("x"), "no endpoint or certificate"),
    ],
)
def test_a_broken_certificate(listening, folder, endpoint, spoil, why):
    """A broken file is one line at the start; a reload keeps the old certificate."""
    port, contexts = listening
    old = shown(contexts)
    spoil(folder)
    with pytest.raises(ListenError, match=why) as error:
        ListeningPort("--listen", endpoint, MemoryReactorClock())
    assert "\n" not in str(error.value)
    with pytest.raises(ListenError, match=why):
        port.reload_certificate()
    assert shown(contexts) == old


def test_a_key_of_another(listening, folder, make_certificate):
    """A certificate with the key of another one is refused, and the old one stays."""
    port, contexts = listening
    old, key = shown(contexts), (folder / "key.pem").read_bytes()
    make_certificate()
    (folder / "key.pem").write_bytes(key)
    with pytest.raises(ListenError, match="do not match"):
        port.reload_certificate()
    assert shown(contexts) == old


def test_a_certificate_behind_a_proxy(endpoint, make_certificate):
    """A certificate behind a proxy is reloaded, too."""
    reactor = MemoryReactorClock()
    port = ListeningPort("--listen", f"haproxy:{endpoint}", reactor)
    port.listen(Factory())
    new = make_certificate()
    port.reload_certificate()
    assert shown(reactor.sslServers[0][2]) == new


def test_without_a_certificate():
    """A reload does nothing for a port without TLS."""
    reactor = MemoryReactorClock()
    port = ListeningPort("--listen", "tcp:9999", reactor)
    port.listen(Factory())
    port.reload_certificate()
    assert len(reactor.tcpServers) == 1


def test_without_the_packages(monkeypatch):
    """The error says which packages to install."""
    monkeypatch.delattr("twisted.internet.ssl")
    monkeypatch.setitem(sys.modules, "twisted.internet.ssl", None)
    with pytest.raises(ListenError, match=r"pip install 'chatd\[tls\]'"):
        ListeningPort("--metrics", "ssl:9999", MemoryReactorClock())
