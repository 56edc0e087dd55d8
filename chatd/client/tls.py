"""The certificates that the client trusts: those of the system, and a file of the user.

Imported for TLS only, as it needs pyOpenSSL and service_identity.
"""

from __future__ import annotations

import re
from typing import Any, Final

import service_identity  # noqa: F401 -- without it Twisted would check names but poorly
from twisted.internet.ssl import Certificate, OpenSSLDefaultPaths, optionsForClientTLS

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\r?\n?", re.DOTALL
)


class TrustRoot(OpenSSLDefaultPaths):
    """The certificates of the system, and those in `pem`; `ValueError` if it contains none.

    Twisted has no public way to add to those of the system; its own trust roots override this
    method.
    """

    def __init__(self, pem: bytes | None = None) -> None:
        found = _CERTIFICATE.findall(pem) if pem is not None else []
        if pem is not None and not found:
            raise ValueError("no certificates in it")
        try:
            self._certificates = [Certificate.loadPEM(each) for each in found]
        except Exception as error:
            raise ValueError("a certificate in it cannot be read") from error

    def _addCACertsToContext(self, context: Any) -> None:
        super()._addCACertsToContext(context)  # type: ignore[no-untyped-call]
        for certificate in self._certificates:
            context.get_cert_store().add_cert(certificate.original)

    def options_for(self, host: str) -> Any:
        """Return the options for TLS with `host`; they verify its certificate."""
        return optionsForClientTLS(host, trustRoot=self)
