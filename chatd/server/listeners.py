"""The ports of the server: ports from an endpoint string, and the certificate of a TLS port.

An endpoint has one port, or one for each address of its interface: `localhost` is 127.0.0.1 and ::1
here, whatever the system's resolver says, so that clients reach it by either of them.

A certificate is reloaded by parsing the endpoint string again: Twisted reads the files then. New
connections get the new certificate, open connections keep theirs. Twisted loads OpenSSL where
an endpoint asks for it; this module does not import it.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.endpoints import (
    AdoptedStreamServerEndpoint,
    UNIXServerEndpoint,
    serverFromString,
)
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IOpenSSLContextFactory, IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.server.peers import PROXY_PREFIX, ProxiedEndpoint
from chatd.server.stalesocket import remove_stale_socket

_TLS_PREFIX = "ssl:"

_INTERFACE: Final = re.compile(r"(?:^|:)interface=((?:\\.|[^:\\])*)")

BACKLOG: Final = 65535
"""How many connections may wait to be accepted; the system lowers it to its own maximum.

When thousands of clients return after a restart, those that do not fit in wait for seconds until
their system tries again. Twisted's default is 50.
"""

_TWISTED_BACKLOG: Final = 50

_LOCALHOST: Final = ("127.0.0.1", "::1")

_NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""The errors of an address that this machine does not have."""


class ListenError(Exception):
    """The server cannot listen; the message is the one line that the operator sees."""


class ListeningPort:
    """The ports at the endpoint `text`, which the operator gave as `option`.

    Raises `ListenError` if the text is not an endpoint. `port` exists after `listen`; where the
    interface has several addresses, it is that of the first one. With `asks_certificate` clients
    of a TLS port may show a certificate, whoever has signed it.
    """

    port: IListeningPort

    def __init__(
        self, option: str, text: str, reactor: Any, *, asks_certificate: bool = False
    ) -> None:
        self.text = text
        self._option = option
        self._reactor = reactor
        self._is_proxied = text.startswith(PROXY_PREFIX)
        # Behind a proxy it would be that of the proxy.
        self._asks_certificate = asks_certificate and not self._is_proxied
        self._certificate: _Certificate | None = None
        self._ports: list[IListeningPort] = []
        self._endpoint = self._parse(
            _Listener(
                reactor,
                listenTCP=self._listen_tcp,
                listenSSL=self._listen_tls,
                listenUNIX=self._listen_unix,
            )
        )

    def listen(self, factory: IProtocolFactory) -> None:
        """Start to listen; raise `ListenError` if the system refuses."""
        endpoint = self._endpoint
        if self._is_proxied:
            endpoint = ProxiedEndpoint(endpoint)
        try:
            if isinstance(self._endpoint, UNIXServerEndpoint):
                # Twisted has no public way to ask an endpoint for its path.
                remove_stale_socket(Path(self._endpoint._address))  # noqa: SLF001
            self.port = _result(endpoint.listen(factory))
        except Exception as error:
            raise ListenError(f"cannot listen at {self.text}: {_reason(error)}") from error
        self._keep_socket_of_service_manager()

    def describe(self) -> tuple[str, int | None]:
        """Return host and port as the operator wrote them, or the path of a UNIX socket and None.

        That is `localhost`, for example, rather than 127.0.0.1; the port exists after `listen`.
        """
        host: Any = self.port.getHost()
        if hasattr(host, "port"):
            interface = _INTERFACE.search(self.text)
            name = re.sub(r"\\(.)", r"\1", interface[1]) if interface else host.host
            return name, host.port
        return os.fsdecode(getattr(host, "name", None) or self.text), None

    def stop(self) -> Deferred[Any]:
        """Stop to listen; the Deferred fires when all ports are closed."""
        ports = self._ports or [self.port]
        return DeferredList([maybeDeferred(port.stopListening) for port in ports])

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
            _result(self._parse(_Listener(self._reactor, listenSSL=record)).listen(Factory()))
            self._certificate.replace(sources[0])
        except ListenError:
            raise
        except Exception as error:
            raise ListenError(f"{self._option} {self.text}: {_reason(error)}") from error

    def _parse(self, listener: _Listener) -> Any:
        """Return the endpoint for `text`, which listens by calling `listener`."""
        text = self.text.removeprefix(PROXY_PREFIX)
        is_tls = text.startswith(_TLS_PREFIX)
        try:
            return serverFromString(listener, text)
        except ImportError as error:
            raise ListenError(
                f"{self._option} {self.text}: this needs chatd's extra tls, in a checkout: "
                f"pip install '.[tls]' ({error})"
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

    def _listen_tls(
        self,
        port: int,
        factory: IProtocolFactory,
        contextFactory: Any,  # noqa: N803 -- Twisted's
        **options: Any,
    ) -> IListeningPort:
        self._certificate = certificate = _Certificate(
            contextFactory, asks_client=self._asks_certificate
        )

        def listen(port: int, factory: IProtocolFactory, **options: Any) -> IListeningPort:
            return self._reactor.listenSSL(port, factory, certificate, **options)  # type: ignore[no-any-return]

        return self._listen_at_all(listen, port, factory, **options)

    def _listen_tcp(self, port: int, factory: IProtocolFactory, **options: Any) -> IListeningPort:
        return self._listen_at_all(self._reactor.listenTCP, port, factory, **options)

    def _listen_unix(self, path: str, factory: IProtocolFactory, **options: Any) -> IListeningPort:
        options["backlog"] = self._backlog(options["backlog"])
        return self._reactor.listenUNIX(path, factory, **options)  # type: ignore[no-any-return]

    def _backlog(self, parsed: int) -> int:
        """Return the backlog: the one that Twisted has parsed if the operator wrote one."""
        is_default = parsed == _TWISTED_BACKLOG and "backlog=" not in self.text
        return BACKLOG if is_default else parsed

    def _listen_at_all(
        self,
        listen: Callable[..., IListeningPort],
        port: int,
        factory: IProtocolFactory,
        *,
        backlog: int,
        interface: str,
    ) -> IListeningPort:
        """Listen at each address of `interface`, at the same port; return the first one's.

        An address that this machine does not have is left out, unless none is left. If another
        program has the port at one of the addresses, clients might reach that one: an error.
        """
        backlog = self._backlog(backlog)
        missing: CannotListenError | None = None
        for address in _addresses(interface):
            try:
                opened = listen(port, factory, backlog=backlog, interface=address)
            except CannotListenError as error:
                if error.socketError.errno not in _NOT_HERE:
                    for opened in self._ports:
                        opened.stopListening()
                    raise
                missing = error
            else:
                self._ports.append(opened)
                port = port or opened.getHost().port  # type: ignore[attr-defined]
        if not self._ports and missing is not None:
            raise missing
        return self._ports[0]

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


class _Listener:
    """The reactor for an endpoint, with some methods replaced by `methods`."""

    def __init__(self, reactor: Any, **methods: Callable[..., Any]) -> None:
        self._reactor = reactor
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


@implementer(IOpenSSLContextFactory)
class _Certificate:
    """A certificate that can be replaced; Twisted asks for its context at each new connection.

    With `asks_client` the client is asked for a certificate, too, and need not have one.
    """

    def __init__(self, source: Any, *, asks_client: bool) -> None:
        self._asks_client = asks_client
        self.replace(source)

    def replace(self, source: Any) -> None:
        """Use another certificate; raise OpenSSL's error if its key does not match."""
        context = source.getContext()
        if self._asks_client:
            _ask_client(context)
        self._source = source

    def getContext(self) -> Any:
        """Return the context for a connection."""
        return self._source.getContext()


def _ask_client(context: Any) -> None:
    """Ask clients for a certificate: TLS proves that they hold its key, and nothing else counts.

    Twisted lets no session be resumed, so each connection shows its certificate.
    """
    from OpenSSL.SSL import VERIFY_PEER  # noqa: PLC0415 -- only where Twisted has loaded it

    context.set_verify(VERIFY_PEER, lambda *_: True)


def _addresses(interface: str) -> Sequence[str]:
    """Return the addresses of an interface, which may be given by a name; "" is all addresses."""
    if not interface or isIPAddress(interface) or isIPv6Address(interface):
        return (interface,)
    if interface.casefold().rstrip(".") == "localhost":
        return _LOCALHOST
    found = socket.getaddrinfo(interface, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


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
