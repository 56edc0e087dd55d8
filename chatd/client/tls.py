"""Whose certificates are believed: what the system trusts, and a file of the user's.

Imported only where TLS is asked for: it needs pyOpenSSL and service_identity.
"""

from __future__ import annotations

import re
from typing import Any, Final

import service_identity  # noqa: F401 -- without it Twisted would check names but poorly
from twisted.internet.ssl import Certificate, OpenSSLDefaultPaths, optionsForClientTLS

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\r?\n?", re.DOTALL
)


class Trust(OpenSSLDefaultPaths):
    """Trusts the system's certificates, and those in `pem`; raises `ValueError` if there are none in it.

    Twisted has no public way to add to the system's; this is the method by which its own roots do it.
    """

    def __init__(self, pem: bytes | None = None) -> None:
        found = _CERTIFICATE.findall(pem) if pem is not None else []
        if pem is not None and not found:
            raise ValueError("no certificates in it")
        try:
            self._certificates = [Certificate.loadPEM(one) for one in found]
        except Exception as error:
            raise ValueError("a certificate in it cannot be read") from error

    def _addCACertsToContext(self, context: Any) -> None:
        super()._addCACertsToContext(context)  # type: ignore[no-untyped-call]
        for certificate in self._certificates:
            context.get_cert_store().add_cert(certificate.original)

    def options_for(self, host: str) -> Any:
        """Return how to speak TLS with `host`: its certificate is checked."""
        return optionsForClientTLS(host, trustRoot=self)
