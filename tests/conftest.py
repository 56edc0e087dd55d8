"""Settings and fixtures that all tests share."""

import datetime as dt
import ipaddress
import json
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import settings
from twisted.logger import eventAsText, globalLogPublisher

from chatd.daemon.logfile import format_json
from chatd.testing import MemoryServer

# No test asserts a duration: a shared machine is slow at times.
settings.register_profile("local", deadline=None)
# In CI every run has the same examples, so that it fails for the change that it tests alone.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

SLOW_DIRECTORIES = [Path(__file__).parent / name for name in ("bench", "smoke")]


def pytest_collection_modifyitems(items):
    """Mark every test of the benchmark and of real processes as slow."""
    for item in items:
        if any(directory in item.path.parents for directory in SLOW_DIRECTORIES):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def server() -> MemoryServer:
    """Return a server in memory with the default options."""
    return MemoryServer()


@pytest.fixture
def capture_log():
    """Return a function that returns the lines which chatd has logged so far."""
    lines = []

    def observe(event):
        if event["log_namespace"] == "chatd":
            lines.append(eventAsText(event, includeTimestamp=False, includeSystem=False))

    globalLogPublisher.addObserver(observe)
    yield lambda: lines
    globalLogPublisher.removeObserver(observe)


@pytest.fixture
def log_fields():
    """Return a function that returns the fields of the lines logged since the last call."""
    events = []
    globalLogPublisher.addObserver(events.append)

    def log_fields():
        fields = [json.loads(format_json(event)) for event in events]
        events.clear()
        common = ("time", "level", "namespace", "text")
        return [{key: row[key] for key in row if key not in common} for row in fields]

    yield log_fields
    globalLogPublisher.removeObserver(events.append)


@pytest.fixture
def make_certificate(tmp_path):
    """Return a function that writes cert.pem and key.pem, a self-signed certificate and its key.

    The certificate is for `names`, or else for localhost and 127.0.0.1, and ends in `days` days.
    The function returns it in DER, as TLS sends it.
    """

    def make(*names, days=1):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        local = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        alternatives = [x509.DNSName(name) for name in names] or local
        ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - dt.timedelta(days=2))
            .not_valid_after(ends)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
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
