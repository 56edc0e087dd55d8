"""The connection to one server: frames in both directions, and a new connection when it is lost.

`ClientService` of Twisted makes the connections, over TCP or TLS. The first attempt is the only one
if it fails; once a connection was up, a lost one is replaced until the client closes it or stops
reconnecting. This module knows frames and the one reply that starts the session; the listener
handles all other events.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, cast

from twisted.application.internet import ClientService
from twisted.internet import error as errors
from twisted.internet.interfaces import (
    IDelayedCall,
    IReactorTime,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from chatd.client.endpoints import ForeignServerError, explain, is_lasting
from chatd.core.bidi import isolate
from chatd.core.events import Event
from chatd.core.sanitize import sanitize
from chatd.protocol.json_decoder import UnknownEventError, decode_event
from chatd.protocol.received import Disconnect, Ok, Reply
from chatd.protocol.text import render

OPENING: Final = "`format json"
"""The first frame, in text: after its reply both sides speak JSON."""

_MAX_FRAME: Final = 16 * 1024 * 1024
_OPENING_TIMEOUT: Final = 30.0
_PARTIAL_TIMEOUT: Final = 3.0
"""How many seconds a server may take to end its first frame: others than chatd never end one."""

_TLS_ALERT: Final = "\x15\x03"
_MAX_PAUSE: Final = 60.0
_STEADY_SECONDS: Final = 10.0
"""After so many seconds a connection counts as steady, and the pauses start from 1 s again."""


class ConnectionListener(Protocol):
    """The methods that a `Connection` calls."""

    def connected(self, token: str | None, about: Mapping[str, object]) -> None:
        """Handle a new connection, on which both sides speak JSON.

        `token` resumes its session; `about` is what the server says of itself.
        """

    def retrying(self, reason: str, seconds: float) -> None:
        """Handle an attempt that failed, or a lost connection; the next attempt is in `seconds`.

        `reason` is "" if the listener knows it already.
        """

    def connect_failed(self, reason: str | None) -> None:
        """Handle a first attempt that failed; `reason` is None where nobody listens."""

    def disconnected(self, *, reconnecting: bool) -> None:
        """Handle a lost connection; `reconnecting`: another one is made."""

    def protocol_error(self, reason: str) -> None:
        """Handle a connection that is closed for good, as a frame could not be handled."""

    def event_received(self, event: Event | Reply) -> None:
        """Handle an event or a reply of the server."""

    def banner_received(self, text: str) -> None:
        """Handle the words of a server that admits nobody; they may come at every attempt."""


class Connection:
    """A connection to the server at `endpoint`, and the next one when it is lost.

    `chance` returns a random number from 0 to 1, which shortens the pause before an attempt by up
    to a quarter: not all clients of a restarted server are to connect in the same moment.
    `retry_first`: try again also if the first attempt fails. `is_up`: both sides speak JSON.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        clock: IReactorTime,
        listener: ConnectionListener,
        chance: Callable[[], float],
        *,
        retry_first: bool = False,
    ) -> None:
        self.is_up = False
        self._clock = clock
        self._listener = listener
        self._chance = chance
        self._retries = retry_first
        self._closed = self._got_reason = self._was_up = False
        self._has_partial = self._timed_out = False
        self._attempts = 0
        self._up_since = 0.0
        self._timer: IDelayedCall | None = None
        self._protocol: _FrameProtocol | None = None
        self._failure: Failure | None = None
        factory = Factory.forProtocol(lambda: _FrameProtocol(self))
        factory.noisy = False
        # Without `prepareConnection`: Twisted 26.10 has no transition for a connection that is lost
        # while that waits (automat raises NoTransition).
        self._service = ClientService(
            cast("IStreamClientEndpoint", _Watched(endpoint, self._failed)),
            factory,
            lambda _: self._pause(),
            clock,
        )

    def open(self) -> None:
        """Connect."""
        attempt = self._service.whenConnected(failAfterFailures=1)
        attempt.addErrback(self._attempt_failed)
        self._service.startService()

    def send(self, frame: str) -> None:
        """Send a frame; to be called while `is_up`."""
        if self._protocol is not None:
            self._protocol.send(frame)

    def stop_reconnecting(self) -> None:
        """Make no other connection when this one is lost."""
        self._retries = False

    def close(self) -> None:
        """Close the connection, or end the attempt; the listener is not called any more."""
        if not self._closed:
            self._end()
            self._service.stopService()

    # -- what the protocol calls

    def made(self, protocol: _FrameProtocol) -> None:
        """Start: there is a connection."""
        self._protocol = protocol
        self._got_reason = self._has_partial = self._timed_out = False
        self._timer = self._clock.callLater(_OPENING_TIMEOUT, self._opening_timed_out)
        protocol.send(OPENING)

    def frame(self, frame: str) -> None:
        """Handle a frame; a frame that cannot be handled costs the connection and no more."""
        if self._closed:
            return
        try:
            self._handle(frame)
        except ForeignServerError as error:
            self.close()
            self._listener.connect_failed(str(error))
        except Exception as error:  # noqa: BLE001 -- a server may send anything
            self.close()
            self._listener.protocol_error(f"{type(error).__name__}: {error}")

    def lost(self, failure: Failure) -> None:
        """Handle the end of the connection."""
        foreign = self._foreign_server(self._protocol)
        self._protocol = None
        self._stop_timer()
        if self._closed:
            return
        if not self.is_up and (foreign is not None or self._timed_out):
            failure = Failure(foreign or errors.TimeoutError())
        self._failure = None if self._got_reason else failure
        if not self.is_up:
            if not self._retries:
                self.close()
                # The banner told the user the reason already.
                self._listener.connect_failed(None if self._got_reason else explain(failure))
            return
        self.is_up = False
        self._failure = None
        if self._clock.seconds() - self._up_since > _STEADY_SECONDS:
            self._attempts = 0
        reconnecting = self._retries
        if not reconnecting:
            self.close()
        self._listener.disconnected(reconnecting=reconnecting)

    # -- within

    def _failed(self, failure: Failure) -> Failure:
        self._failure = failure
        return failure

    def _foreign_server(self, protocol: _FrameProtocol | None) -> ForeignServerError | None:
        """Return what is wrong if the server has sent a frame without end; else None."""
        said = protocol.partial if protocol is not None else b""
        if not said:
            return None
        first = sanitize(said.decode(errors="replace").splitlines()[0])[:60]
        return ForeignServerError(f"that is no chatd server; it says: {isolate(first)}")

    def partial_frame(self) -> None:
        """Note a part of a frame: the first frame of a server is short, and so has to end soon."""
        if not self.is_up and self._timer is not None and not self._has_partial:
            self._has_partial = True
            self._timer.reset(_PARTIAL_TIMEOUT)

    def _attempt_failed(self, failure: Failure) -> None:
        if self._closed or self._retries:
            return
        self._end()
        # The service calls this, and cannot be stopped before it returns.
        self._clock.callLater(0, self._service.stopService)
        self._listener.connect_failed(explain(failure))

    def _end(self) -> None:
        self._closed = True
        self.is_up = False
        self._stop_timer()

    def _handle(self, frame: str) -> None:
        try:
            event = decode_event(frame)
        except UnknownEventError:
            if not self.is_up:
                if frame.startswith(_TLS_ALERT):
                    raise ForeignServerError("it speaks TLS (--tls)") from None
                self._got_reason = True
                self._listener.banner_received(frame)
            return
        if not self.is_up and isinstance(event, Ok) and event.command == "format":
            self._opened(event)
            return
        self._got_reason = True
        if not self.is_up and isinstance(event, Disconnect) and event.retry:
            self._listener.banner_received(render(event))
        else:
            self._listener.event_received(event)

    def _opened(self, reply: Ok) -> None:
        self._stop_timer()
        self.is_up = self._retries = self._was_up = True
        self._up_since = self._clock.seconds()
        token = reply.data.get("session")
        self._listener.connected(token if isinstance(token, str) else None, reply.data)

    def _pause(self) -> float:
        """Return the seconds until the next attempt: 1, 2, 4 … 60, less up to a quarter."""
        pause = min(2.0**self._attempts, _MAX_PAUSE)
        self._attempts = min(self._attempts + 1, 10)
        pause *= 1 - 0.25 * self._chance()
        if self._retries and not self._closed:
            self._announce(self._failure, pause)
        return pause

    def _announce(self, failure: Failure | None, pause: float) -> None:
        if failure is not None and is_lasting(failure) and not self._was_up:
            self._retries = False
            self._attempt_failed(failure)
            return
        reason = (explain(failure) or "connection refused") if failure is not None else ""
        self._listener.retrying(reason, pause)

    def _opening_timed_out(self) -> None:
        self._timer = None
        self._timed_out = True
        if self._protocol is not None:
            self._protocol.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Watched:
    """An endpoint that tells `failed` of each attempt that fails."""

    def __init__(
        self, endpoint: IStreamClientEndpoint, failed: Callable[[Failure], Failure]
    ) -> None:
        self._endpoint = endpoint
        self._failed = failed

    def connect(self, factory: Any) -> Any:
        """Connect."""
        return self._endpoint.connect(factory).addErrback(self._failed)


class _FrameProtocol(LineOnlyReceiver):
    """Splits the input into frames, each ended by NUL."""

    delimiter = b"\0"
    MAX_LENGTH = _MAX_FRAME

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connectionMade(self) -> None:
        """Start the session."""
        _set_tcp_options(self.transport)
        self._connection.made(self)

    def dataReceived(self, data: bytes) -> None:
        """Split bytes into frames."""
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        if self.partial:
            self._connection.partial_frame()

    @property
    def partial(self) -> bytes:
        """The bytes of the frame that has not ended."""
        return self._buffer

    def lineReceived(self, line: bytes) -> None:
        """Handle a frame."""
        self._connection.frame(line.decode(errors="replace"))

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: ARG002 -- Twisted's
        """Disconnect from a server whose frame has no end."""
        self.abort()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Report the end of the connection."""
        assert reason is not None
        self._connection.lost(reason)

    def send(self, frame: str) -> None:
        """Send a frame."""
        # A terminal that does not speak UTF-8 may bring half a surrogate pair, which has no bytes.
        cast("Any", self.transport).write(frame.encode(errors="replace") + self.delimiter)

    def abort(self) -> None:
        """Close at once."""
        cast("Any", self.transport).abortConnection()


def _set_tcp_options(transport: Any) -> None:
    """Let TCP find a dead peer within two minutes, and send small packets at once."""
    tcp = getattr(transport, "transport", transport)  # that of TLS
    if not ITCPTransport.providedBy(tcp):
        return
    tcp.setTcpNoDelay(True)
    tcp.setTcpKeepAlive(True)
    handle = cast("Any", tcp).getHandle()
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):  # not on every system
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
