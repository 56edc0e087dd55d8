"""Endpoints over TCP and TLS, and the words about attempts that fail.

The packages for TLS are imported on demand, as they may be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from twisted.internet import error as errors
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.failure import Failure

from chatd.client.ui.frontend import Address

EndpointFor = Callable[[Address], IStreamClientEndpoint]

_CONNECT_TIMEOUT: Final = 15


class TlsError(Exception):
    """TLS is not available; the message is the one line to show."""


def tcp_endpoints(reactor: Any) -> EndpointFor:
    """Return a function that makes endpoints for TCP."""
    return lambda address: HostnameEndpoint(
        reactor, address.host, address.port, timeout=_CONNECT_TIMEOUT
    )


def tls_endpoints(reactor: Any, cafile: str | None = None) -> EndpointFor:
    """Return a function that makes endpoints for TLS.

    They trust the certificates of the system and those in `cafile`. Raises `TlsError` if a package
    or the file is missing.
    """
    try:
        from chatd.client.tls import TrustRoot  # noqa: PLC0415 -- pyOpenSSL may be missing
    except ImportError as error:
        raise TlsError(f"--tls needs chatd's extra tls: pip install '.[tls]' ({error})") from error
    try:
        trust_root = TrustRoot(Path(cafile).read_bytes() if cafile is not None else None)
    except OSError as error:
        raise TlsError(f"--cafile {cafile}: {error.strerror}") from error
    except ValueError as error:
        raise TlsError(f"--cafile {cafile}: {error}") from error
    tcp = tcp_endpoints(reactor)
    return lambda address: wrapClientTLS(trust_root.options_for(address.host), tcp(address))


class ForeignServerError(Exception):
    """The server is not a chatd server; the message says what it is."""


def explain(failure: Failure) -> str | None:
    """Return why a connection was not made, for the user; None where nobody listens."""
    error = failure.value
    match error:
        case errors.ConnectionRefusedError():
            return None
        case errors.DNSLookupError() | UnicodeError() | ValueError():
            return "unknown host"
        case errors.TimeoutError():
            return "no answer in time"
        case errors.ConnectionClosed():
            return "the connection was closed without an answer"
        case errors.ConnectError():
            return str(error.args[0] if error.args else error)
        case _:
            return _explain_other(error)


def is_lasting(failure: Failure) -> bool:
    """Tell whether a failure is one that another attempt does not mend."""
    error = failure.value
    if isinstance(error, errors.DNSLookupError | UnicodeError | ValueError | ForeignServerError):
        return True
    return not isinstance(error, errors.ConnectError | errors.ConnectionClosed)


def _explain_other(error: BaseException | None) -> str:
    """Return the words about another kind of server, a certificate or a handshake."""
    if isinstance(error, ForeignServerError):
        return str(error)
    name = type(error).__name__
    if name == "VerificationError" or "CertificateError" in name:
        return "certificate refused: it is not for this host"
    args = getattr(error, "args", ())
    reasons = args[0] if args and isinstance(args[0], list) else []
    words = ", ".join(str(reason[-1]) for reason in reasons if reason)
    if "certificate verify failed" in words:
        return (
            "certificate refused: it is not signed by anybody who is trusted here, "
            "or its time is over (--cafile FILE trusts more)"
        )
    return f"no TLS there: {words}" if words else str(error) or name
