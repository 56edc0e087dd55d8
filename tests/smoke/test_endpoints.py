"""Endpoints other than plain TCP, and clients that do not read, over real sockets."""

import signal
import socket
import ssl
import subprocess

import pytest

SECOND_PORT = r"System: ChatServer is listening at \(127\.0\.0\.1, (\d+)\)\.\.\."


@pytest.fixture
def certificate(make_certificate, tmp_path):
    """Return the directory with cert.pem and key.pem."""
    make_certificate()
    return tmp_path


def test_tls(start, certificate):
    """A client on TLS and a client on TCP talk to each other."""
    endpoint = "ssl:0:interface=127.0.0.1:privateKey=key.pem:certKey=cert.pem"
    daemon = start("--listen", endpoint, "--room", "1")
    port = int(daemon.expect(SECOND_PORT)[1])
    ann = daemon.connect()
    ann.ask("`join 1 Ann", "Server: You join @chatroom 1")
    context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"`join 1 Bob\0")
        assert secure.recv(1000) == b"Server: You join @chatroom 1\0"
        ann.expect("Bob: joined us @chatroom 1.")
        ann.send("hello")
        assert secure.recv(1000) == b"Ann: hello\0"
        secure.sendall(b"`exit\0")
        assert secure.recv(1000) == b"Server: Goodbye!\0"
    ann.expect("Server: Bob quitted.")


def test_a_renewed_certificate(start, certificate, make_certificate):
    """After SIGHUP new connections get the new certificate, and connected clients stay.

    A certificate that cannot be read leaves the last one in use.
    """
    endpoint = "ssl:0:interface=127.0.0.1:privateKey=key.pem:certKey=cert.pem"
    daemon = start("--listen", endpoint, "--room", "1")
    port = int(daemon.expect(SECOND_PORT)[1])

    def connect():
        context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        return context.wrap_socket(plain, server_hostname="localhost")

    with connect() as ann:
        ann.sendall(b"`join 1 Ann\0")
        assert ann.recv(1000) == b"Server: You join @chatroom 1\0"
        new = make_certificate()
        daemon.process.send_signal(signal.SIGHUP)
        daemon.expect("System: SIGHUP received, reloading")
        with connect() as bob:
            assert bob.getpeercert(binary_form=True) == new
            bob.sendall(b"`join 1 Bob\0")
            assert ann.recv(1000) == b"Bob: joined us @chatroom 1.\0"
            (certificate / "cert.pem").write_text("broken")
            daemon.process.send_signal(signal.SIGHUP)
            daemon.expect(r"System: --listen ssl:.*; the previous one stays in use")
            bob.sendall(b"hello\0")
            assert ann.recv(1000) == b"Bob: hello\0"


@pytest.mark.usefixtures("certificate")
def test_the_client_over_tls(start, run):
    """The client checks the certificate: it refuses one that is not signed by a trusted CA."""
    daemon = start("--listen", "ssl:0:interface=127.0.0.1:privateKey=key.pem:certKey=cert.pem")
    port = daemon.expect(SECOND_PORT)[1]
    trusting = run(
        "chatd-client", "localhost", port, "--cafile", "cert.pem", "--tls", input="`list"
    )
    assert (trusting.stdout, trusting.returncode) == ("Server: No room exists!\n", 0)
    doubting = run("chatd-client", "localhost", port, "--tls", input="`list")
    assert "No room" not in doubting.stdout
    assert "certificate refused: it is not signed by anybody who is trusted here" in (
        doubting.stdout + doubting.stderr
    )
    assert doubting.returncode == 1


def test_haproxy(start):
    """The client has the address that the proxy reports, in the list and in the log."""
    daemon = start("--listen", "haproxy:tcp:0:interface=127.0.0.1", "--room", "1")
    port = int(daemon.expect(SECOND_PORT)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"PROXY TCP4 192.0.2.7 127.0.0.1 1000 9999\r\n`join 1 Ann\0")
        daemon.expect(r"System: new connection from \('192\.0\.2\.7', 1000\)")
        daemon.expect(r"Ann joined room \[1\] from <192\.0\.2\.7:1000>")
        daemon.connect().ask("`list", "Server: \n1@1: Ann@('192.0.2.7', 1000) \n")
    daemon.expect(r"System: connection from \('192\.0\.2\.7', 1000\) closed")


def test_a_client_that_does_not_read(start):
    """Its connection is aborted, the log says why, and the other clients stay."""
    daemon = start("--send-queue", "100000", "--rate", "0", stdin=subprocess.DEVNULL)
    ann, eve, bob = (daemon.connect() for _ in range(3))
    for client, name in ((ann, "Ann"), (eve, "Eve"), (bob, "Bob")):
        client.ask(f"`enter 1 {name}", "Server: You join @chatroom 1")
    ann.expect("Eve: joined us @chatroom 1.", "Bob: joined us @chatroom 1.")
    message = "x" * 16000
    # More than the kernel buffers for one connection, which may be several MiB.
    for _ in range(2000):
        ann.send(message)
        if bob.read() == "Server: Eve quitted.":
            break
    daemon.expect(r"Eve left room \[1\]\.")
    reason = next(line for line in daemon.lines if "does not read" in line)
    assert reason.startswith(f"System: connection from {eve.address} aborted: it does not read,")
    ann.expect("Server: Eve quitted.")
