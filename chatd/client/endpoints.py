"""Where to connect: an endpoint for an address, over TCP or TLS, and why it did not work, in words.

The only place that knows TLS; what it needs is loaded when it is asked for, as it may be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from twisted.internet import error as errors
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.failure import Failure

from chatd.client.ui.effects import Address

EndpointFor = Callable[[Address], IStreamClientEndpoint]

_CONNECT_IN: Final = 15


class TlsError(Exception):
    """TLS cannot be had; the message is the one line to show."""


def plain(reactor: Any) -> EndpointFor:
    """Return what makes endpoints for TCP."""
    return lambda address: HostnameEndpoint(
        reactor, address.host, address.port, timeout=_CONNECT_IN
    )


def tls(reactor: Any, cafile: str | None = None) -> EndpointFor:
    """Return what makes endpoints for TLS, which trust what the system trusts, and `cafile`.

    Raises `TlsError` if that cannot be.
    """
    try:
        from chatd.client.tls import Trust  # noqa: PLC0415 -- pyOpenSSL may be missing
    except ImportError as error:
        raise TlsError(f"--tls needs more packages: pip install 'chatd[tls]' ({error})") from error
    try:
        trust = Trust(Path(cafile).read_bytes() if cafile is not None else None)
    except OSError as error:
        raise TlsError(f"--cafile {cafile}: {error.strerror}") from error
    except ValueError as error:
        raise TlsError(f"--cafile {cafile}: {error}") from error
    to = plain(reactor)
    return lambda address: wrapClientTLS(trust.options_for(address.host), to(address))


def explain(failure: Failure) -> str | None:
    """Return why a connection could not be made, for people; None where there was just nobody."""
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
            return _explain_tls(error)


def _explain_tls(error: BaseException | None) -> str:
    """Return what OpenSSL or service_identity say of a certificate or a handshake."""
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
