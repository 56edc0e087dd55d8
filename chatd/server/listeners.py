"""Where the server listens: a port from an endpoint string, and the certificate of one that speaks TLS.

A certificate is renewed by reading the endpoint string once more: what Twisted makes of it is used for
all connections that come from then on. Those that are there keep theirs. OpenSSL is loaded by Twisted
where an endpoint asks for it, and not known here.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IOpenSSLContextFactory,
    IProtocolFactory,
)
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.server import proxy_protocol


class ListenError(Exception):
    """It cannot be listened there; the message is the one line the operator sees."""


class ListeningPort:
    """Listens at the endpoint `text`, given as `option`; raises `ListenError` if that is none.

    `port` is there once it listens.
    """

    port: IListeningPort

    def __init__(self, option: str, text: str, reactor: Any) -> None:
        self.text = text
        self._option = option
        self._reactor = reactor
        self._tls = _ReloadableTlsReactor(reactor)
        self._endpoint = self._parse(self._tls)

    def listen(self, factory: IProtocolFactory) -> None:
        """Begin to listen; raise `ListenError` if that cannot be."""
        try:
            self.port = _result(self._endpoint.listen(factory))
        except Exception as error:
            raise ListenError(f"cannot listen at {self.text}: {_why(error)}") from error

    def reload_certificate(self) -> None:
        """Take the certificate that is on the disk now; raise `ListenError`, and keep the old, if that cannot be."""
        if self._tls.certificate is None:
            return
        reading = _ReadingReactor(self._reactor)
        try:
            _result(self._parse(reading).listen(Factory()))
            self._tls.certificate.reload_certificate(reading.certificate)
        except ListenError:
            raise
        except Exception as error:
            raise ListenError(f"{self._option} {self.text}: {_why(error)}") from error

    def _parse(self, reactor: Any) -> Any:
        try:
            if self.text.startswith(proxy_protocol.PREFIX):
                inner = self.text.removeprefix(proxy_protocol.PREFIX)
                return proxy_protocol.behind_proxy(serverFromString(reactor, inner))
            return serverFromString(reactor, self.text)
        except ImportError as error:
            raise ListenError(
                f"{self._option} {self.text}: this needs more packages: "
                f"pip install 'chatd[tls]' ({error})"
            ) from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise ListenError(f"{self._option} {self.text}: {where}{error.strerror}") from error
        except Exception as error:
            # Twisted reads certificates as it parses.
            what = " or certificate" if "ssl:" in self.text else ""
            raise ListenError(
                f"{self._option} {self.text}: this is no endpoint{what} to listen at "
                f"({_why(error)}); one is, for instance, tcp:9999:interface=localhost"
            ) from error


@implementer(IOpenSSLContextFactory)
class _Certificate:
    """What Twisted asks at each connection with which certificate to meet it."""

    def __init__(self, source: Any) -> None:
        self.reload_certificate(source)

    def reload_certificate(self, source: Any) -> None:
        """Use another from now on; raise what OpenSSL raises if the key is not its own."""
        source.getContext()
        self._source = source

    def getContext(self) -> Any:
        """Return the context for a connection."""
        return self._source.getContext()


class _ReloadableTlsReactor:
    """The reactor as an endpoint sees it: certificates can be renewed, and what is another's is left alone."""

    def __init__(self, reactor: Any) -> None:
        self.certificate: Any = None
        self._reactor = reactor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenSSL(self, port: int, factory: Any, contextFactory: Any, **how: Any) -> Any:  # noqa: N803 -- Twisted's
        """Listen with a certificate that can be renewed."""
        self.certificate = _Certificate(contextFactory)
        return self._reactor.listenSSL(port, factory, self.certificate, **how)

    def adoptStreamPort(self, descriptor: int, family: int, factory: Any) -> Any:
        """Listen with a socket of the service manager's."""
        port = self._reactor.adoptStreamPort(descriptor, family, factory)
        if family == socket.AF_UNIX:
            # Twisted would remove the file in the end, and shut the socket down for all who hold it. But the
            # next start is to find it, with those who wait there. There is no public way to say so.
            port._bindPath, port._shouldShutdown = "\0", False  # noqa: SLF001
        return port


class _ReadingReactor(_ReloadableTlsReactor):
    """The reactor as an endpoint sees it that is only to show its certificate."""

    def listenSSL(self, port: int, factory: Any, contextFactory: Any, **how: Any) -> None:  # noqa: ARG002, N803 -- Twisted's
        """Take note of the certificate, and do not listen."""
        self.certificate = contextFactory


def _result(listening: Any) -> Any:
    """Return what a Deferred has, which has it already."""
    results: list[Any] = []
    listening.addBoth(results.append)
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]


def _why(error: BaseException) -> str:
    """Return why something cannot be, also where it is OpenSSL that says so."""
    if isinstance(error, CannotListenError):
        return str(error.socketError)
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(str(reason[-1]) for reason in reasons if reason) or str(error)
