"""What the tests of the whole server share."""

import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import settings
from twisted.logger import eventAsText, globalLogPublisher

from chatd.testing import MemoryServer

# Times are not asserted, and a shared machine is slow at times.
settings.register_profile("chatd", deadline=None)
settings.load_profile("chatd")


@pytest.fixture
def server() -> MemoryServer:
    """Return a server in memory with the default options."""
    return MemoryServer()


@pytest.fixture
def capture_log():
    """Return a function that returns the lines logged so far, as section 6 of the spec has them."""
    lines = []

    def observe(event):
        if event["log_namespace"] == "chatd":
            lines.append(eventAsText(event, includeTimestamp=False, includeSystem=False))

    globalLogPublisher.addObserver(observe)
    yield lambda: lines
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def make_certificate(tmp_path):
    """Return a function that writes cert.pem and key.pem, a certificate for localhost that signs itself.

    It returns the certificate as it goes over the wire.
    """

    def make(*names, days=1):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        here = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - dt.timedelta(days=2))
            .not_valid_after(ends)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(one) for one in names] or here),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (tmp_path / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate.public_bytes(serialization.Encoding.DER)

    return make
