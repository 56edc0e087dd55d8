"""Ports from endpoint strings, and the reload of certificates."""

import errno
import socket
import sys

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL.SSL import TLS_METHOD, Connection, Context, WantReadError
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from chatd.server.listeners import BACKLOG, ListenError, ListeningPort

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


# -- certificates of clients


def seen(contexts, folder=None):
    """Return the certificate that the server sees of a client, which has that of a folder."""
    context = Context(TLS_METHOD)
    if folder is not None:
        context.use_certificate_file(f"{folder}/cert.pem")
        context.use_privatekey_file(f"{folder}/key.pem")
    server, client = Connection(contexts.getContext()), Connection(context)
    server.set_accept_state()
    client.set_connect_state()
    for sender, receiver in ((client, server), (server, client)):
        with pytest.raises(WantReadError):
            sender.do_handshake()
        receiver.bio_write(sender.bio_read(65536))
    client.do_handshake()
    server.bio_write(client.bio_read(65536))
    server.do_handshake()
    shown = server.get_peer_certificate(as_cryptography=True)
    return None if shown is None else shown.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("prefix", "asks", "is_seen"),
    [("", True, True), ("", False, False), ("haproxy:", True, False)],
)
def test_the_certificate_of_a_client(endpoint, folder, make_certificate, prefix, asks, is_seen):
    """Any is seen where the port asks for it, also after a reload, and none is needed.

    It has ended, and nobody has signed it. Behind a proxy it would be that of the proxy.
    """
    reactor = MemoryReactorClock()
    port = ListeningPort("--irc", prefix + endpoint, reactor, asks_certificate=asks)
    port.listen(Factory())
    contexts = reactor.sslServers[0][2]
    own = make_certificate(days=-1)
    for _ in range(2):
        assert seen(contexts, folder) == (own if is_seen else None)
        assert seen(contexts) is None
        port.reload_certificate()


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
    with pytest.raises(ListenError, match=r"pip install '\.\[tls\]'"):
        ListeningPort("--metrics", "ssl:9999", MemoryReactorClock())


def opened(text, reactor=None):
    """Listen at an endpoint; return what the reactor was asked for: port, backlog, interface."""
    reactor = reactor or MemoryReactorClock()
    ListeningPort("--listen", text, reactor).listen(Factory())
    tcp = [(port, backlog, interface) for port, _, backlog, interface in reactor.tcpServers]
    tls = [(port, backlog, interface) for port, _, _, backlog, interface in reactor.sslServers]
    return tcp + tls


@pytest.mark.parametrize(
    ("text", "backlog"),
    [
        ("tcp:9999", BACKLOG),
        ("haproxy:tcp:9999", BACKLOG),
        ("tcp:9999:backlog=50", 50),
        ("tcp:9999:backlog=7", 7),
    ],
)
def test_the_backlog(text, backlog):
    """The backlog is large, unless the operator gave another."""
    assert opened(text) == [(9999, backlog, "")]


def test_the_backlog_of_other_kinds(endpoint):
    """TLS ports and UNIX sockets have the large backlog, too."""
    assert opened(endpoint) == [(9999, BACKLOG, "")]
    reactor = MemoryReactorClock()
    opened("unix:/run/chat.sock", reactor)
    assert reactor.unixServers[0][2] == BACKLOG


@pytest.mark.parametrize("text", ["tcp:9999:interface=localhost", "tcp:9999:LocalHost"])
def test_localhost_is_both_addresses(text):
    """A port of localhost is reached by IPv4 and by IPv6."""
    assert opened(text) == [(9999, BACKLOG, "127.0.0.1"), (9999, BACKLOG, "::1")]


def test_a_certificate_at_both_addresses(folder, make_certificate):
    """Both ports of localhost get the certificate that is reloaded."""
    text = f"ssl:9999:interface=localhost:privateKey={folder}/key.pem:certKey={folder}/cert.pem"
    reactor = MemoryReactorClock()
    port = ListeningPort("--listen", text, reactor)
    port.listen(Factory())
    new = make_certificate()
    port.reload_certificate()
    assert [shown(server[2]) for server in reactor.sslServers] == [new, new]


def test_a_name_with_several_addresses(monkeypatch):
    """The port is opened at each address of another name."""
    found = [(None, None, None, "", (address, 0)) for address in ("10.0.0.1", "fd00::1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [*found, found[0]])
    assert [interface for *_, interface in opened("tcp:9999:interface=chat")] == [
        "10.0.0.1",
        "fd00::1",
    ]


class RefusingReactor(MemoryReactorClock):
    """A reactor that cannot listen at some addresses, for the reasons in `refused`."""

    def __init__(self, refused):
        super().__init__()
        self.refused = refused

    def listenTCP(self, port, factory, backlog=50, interface=""):
        if interface in self.refused:
            reason = OSError(self.refused[interface], "the system's words")
            raise CannotListenError(interface, port, reason)
        return super().listenTCP(port, factory, backlog, interface)


@pytest.mark.parametrize(
    ("missing", "left"), [("127.0.0.1", "::1"), ("::1", "127.0.0.1")], ids=["IPv4", "IPv6"]
)
@pytest.mark.parametrize("reason", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_localhost_without_one_address(missing, left, reason):
    """An address that the machine does not have is left out."""
    reactor = RefusingReactor({missing: reason})
    assert opened("tcp:9999:interface=localhost", reactor) == [(9999, BACKLOG, left)]


@pytest.mark.parametrize(
    "refused",
    [
        {"::1": errno.EADDRINUSE},
        {"127.0.0.1": errno.EADDRNOTAVAIL, "::1": errno.EAFNOSUPPORT},
    ],
)
def test_localhost_that_cannot_be_opened(refused):
    """A port that another program has at one address is an error, and so is no address at all."""
    with pytest.raises(ListenError, match="the system's words"):
        opened("tcp:9999:interface=localhost", RefusingReactor(refused))
