"""The ports of the server: a port from an endpoint string, and the certificate of a TLS port.

A certificate is reloaded by parsing the endpoint string again: Twisted reads the files then. New
connections get the new certificate, open connections keep theirs. Twisted loads OpenSSL where
an endpoint asks for it; this module does not import it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.endpoints import AdoptedStreamServerEndpoint, serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IOpenSSLContextFactory, IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.server.peers import PROXY_PREFIX, behind_proxy

_TLS_PREFIX = "ssl:"


class ListenError(Exception):
    """The server cannot listen; the message is the one line that the operator sees."""


class ListeningPort:
    """A port at the endpoint `text`, which the operator gave as `option`.

    Raises `ListenError` if the text is not an endpoint. `port` exists after `listen`.
    """

    port: IListeningPort

    def __init__(self, option: str, text: str, reactor: Any) -> None:
        self.text = text
        self._option = option
        self._reactor = reactor
        self._is_proxied = text.startswith(PROXY_PREFIX)
        self._certificate: _Certificate | None = None
        self._endpoint = self._parse(self._listen_with_certificate)

    def listen(self, factory: IProtocolFactory) -> None:
        """Start to listen; raise `ListenError` if the system refuses."""
        endpoint = self._endpoint
        if self._is_proxied:
            endpoint = behind_proxy(endpoint)
        try:
            self.port = _result(endpoint.listen(factory))
        except Exception as error:
            raise ListenError(f"cannot listen at {self.text}: {_reason(error)}") from error
        self._keep_socket_of_service_manager()

    def reload_certificate(self) -> None:
        """Use the certificate that is on the disk now.

        Raise `ListenError`, and keep the old one, if the files are not valid.
        """
        if self._certificate is None:
            return
        sources: list[Any] = []

        def record(_port: int, _factory: Any, contextFactory: Any, **_options: Any) -> None:  # noqa: N803 -- Twisted's
            sources.append(contextFactory)

        try:
            _result(self._parse(record).listen(Factory()))
            self._certificate.replace(sources[0])
        except ListenError:
            raise
        except Exception as error:
            raise ListenError(f"{self._option} {self.text}: {_reason(error)}") from error

    def _parse(self, listen_ssl: Callable[..., Any]) -> Any:
        """Return the endpoint for `text`; one that speaks TLS listens by calling `listen_ssl`."""
        text = self.text.removeprefix(PROXY_PREFIX)
        is_tls = text.startswith(_TLS_PREFIX)
        try:
            return serverFromString(_TlsReactor(listen_ssl) if is_tls else self._reactor, text)
        except ImportError as error:
            raise ListenError(
                f"{self._option} {self.text}: this needs more packages: "
                f"pip install 'chatd[tls]' ({error})"
            ) from error
        except OSError as error:
            file = f"{error.filename}: " if error.filename else ""
            raise ListenError(f"{self._option} {self.text}: {file}{error.strerror}") from error
        except Exception as error:
            certificate = " or certificate" if is_tls else ""
            raise ListenError(
                f"{self._option} {self.text}: this is no endpoint{certificate} to listen at "
                f"({_reason(error)}); one is, for instance, tcp:9999:interface=localhost"
            ) from error

    def _listen_with_certificate(
        self,
        port: int,
        factory: IProtocolFactory,
        contextFactory: Any,  # noqa: N803 -- Twisted's
        **options: Any,
    ) -> Any:
        self._certificate = _Certificate(contextFactory)
        return self._reactor.listenSSL(port, factory, self._certificate, **options)

    def _keep_socket_of_service_manager(self) -> None:
        """Let the UNIX socket that systemd passed to the process outlive the port."""
        endpoint = self._endpoint
        if (
            isinstance(endpoint, AdoptedStreamServerEndpoint)
            and endpoint.addressFamily == socket.AF_UNIX
        ):
            # Twisted would remove the socket's file and shut the socket down for all processes that
            # hold it, but clients wait there for the next start. It has no public way to say so.
            port: Any = self.port
            port._bindPath, port._shouldShutdown = "\0", False  # noqa: SLF001


class _TlsReactor:
    """The part of the reactor that an `ssl:` endpoint uses."""

    def __init__(self, listen_ssl: Callable[..., Any]) -> None:
        self.listenSSL = listen_ssl


@implementer(IOpenSSLContextFactory)
class _Certificate:
    """A certificate that can be replaced; Twisted asks for its context at each new connection."""

    def __init__(self, source: Any) -> None:
        self.replace(source)

    def replace(self, source: Any) -> None:
        """Use another certificate; raise OpenSSL's error if its key does not match."""
        source.getContext()
        self._source = source

    def getContext(self) -> Any:
        """Return the context for a connection."""
        return self._source.getContext()


def _result(deferred: Any) -> Any:
    """Return the result of a Deferred that has fired, or raise its error."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


def _reason(error: BaseException) -> str:
    """Return the reason of an error in words; OpenSSL's are a list of tuples."""
    if isinstance(error, CannotListenError):
        return str(error.socketError)
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(str(reason[-1]) for reason in reasons if reason) or str(error)
