"""Logging in to an IRC port with a certificate, over real TLS."""

import signal
import socket
import ssl
from base64 import b64encode
from hashlib import sha256

import pytest

IRC_PORT = r"System: ChatServer is listening at \(127\.0\.0\.1, (\d+)\)\.\.\."
PASSWORD = "sesame42"


class Client:
    """An IRC client over TLS; `lines` has all that it has read."""

    def __init__(self, port, context, session=None):
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket = context.wrap_socket(plain, server_hostname="localhost", session=session)
        self._file = self.socket.makefile("rb")
        self.send("CAP REQ sasl", "NICK ann", "USER ann 0 * :Ann")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        self.socket.close()

    def send(self, *lines):
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def expect(self, words):
        """Read lines up to one that contains words; return it."""
        while line := self._file.readline().decode():
            if words in line:
                return line
        raise AssertionError(f"no {words!r}")

    def log_in(self, mechanism, response):
        """Log in by SASL, and finish the registration."""
        self.send(f"AUTHENTICATE {mechanism}", f"AUTHENTICATE {response}", "CAP END")
        assert " ann " in self.expect(" 900 ")
        self.expect(" 001 ann ")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_logs_in(start, make_certificate, tmp_path, version):
    """It is added to the account after a login by password, and then it is enough.

    So it is after the certificate of the server was read again, and where a client resumes TLS.
    """
    own = sha256(make_certificate()).hexdigest()
    for name in ("cert", "key"):
        (tmp_path / f"{name}.pem").rename(tmp_path / f"own-{name}.pem")
    make_certificate()
    endpoint = "ssl:0:interface=127.0.0.1:privateKey=key.pem:certKey=cert.pem"
    daemon = start("--irc", endpoint)
    port = int(daemon.expect(IRC_PORT)[1])
    daemon.connect().ask(f"`register ann {PASSWORD}", "Server: Registered successfully.")
    context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    context.minimum_version = context.maximum_version = version
    with Client(port, context) as stranger:
        stranger.send("AUTHENTICATE EXTERNAL", "AUTHENTICATE +")
        stranger.expect(" 904 ")
    context.load_cert_chain(tmp_path / "own-cert.pem", tmp_path / "own-key.pem")
    with Client(port, context) as first:
        first.log_in("PLAIN", b64encode(f"\0ann\0{PASSWORD}".encode()).decode())
        first.send("CERT ADD")
        assert own in first.expect("logs in to ann from now on")
    with Client(port, context) as second:
        second.log_in("EXTERNAL", "+")
        session = second.socket.session
        with Client(port, context, session) as third:
            third.log_in("EXTERNAL", b64encode(b"ann").decode())
    daemon.process.send_signal(signal.SIGHUP)
    daemon.expect("System: SIGHUP received, reloading")
    with Client(port, context) as fourth:
        fourth.log_in("EXTERNAL", "+")
