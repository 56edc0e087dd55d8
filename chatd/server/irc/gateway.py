"""The IRC gateway: lines of IRC over TCP, TLS or a UNIX socket."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from twisted.internet.interfaces import ISSLTransport

from chatd.core.events import Address, DisconnectReason, PrivateAddress
from chatd.protocol.framing import FrameReceiver, Framing
from chatd.protocol.irc.line import MAX_BODY, MAX_TAGS, line
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.text import disconnect_words
from chatd.server.context import ServerContext
from chatd.server.gateway import Gateway, GatewayFactory
from chatd.server.irc.rates import IrcInbound
from chatd.server.irc.session import IrcSession, error_line
from chatd.server.irc.settings import IrcSettings
from chatd.server.limits import TimeoutQueue
from chatd.server.peers import IProxied, peer_fingerprint

PING_SECONDS: Final = 90
"""After how many seconds without a line a client is asked whether it is there."""

PONG_SECONDS: Final = 60
"""How many seconds it has for a line then."""


class IrcContext:
    """The parts that the connections of the IRC gateway share."""

    def __init__(self, context: ServerContext, settings: IrcSettings) -> None:
        self.server = context
        self.settings = settings
        self.pings = TimeoutQueue(context.clock, PING_SECONDS)
        self.pongs = TimeoutQueue(context.clock, PONG_SECONDS)


class IrcProtocol(Gateway):
    """A connection of an IRC client."""

    def __init__(self, context: IrcContext) -> None:
        super().__init__(context.server)
        self._irc = context

    def make_session(self) -> IrcSession:
        """Return the session of the connection."""
        transport: Any = self.transport
        is_tls = ISSLTransport.providedBy(transport)
        # The certificate of a proxy is not that of its client.
        shows_certificate = is_tls and not IProxied.providedBy(transport)
        kind = partial(
            IrcSession,
            irc=self._irc.settings,
            on_registered=self.handshake_done,
            is_tls=is_tls,
            fingerprint=partial(peer_fingerprint, transport) if shows_certificate else None,
            on_activity=self.restart_idle_timeout,
        )
        self._client = self._context.sessions.connect(self, kind)
        return self._client

    def make_inbound(
        self,
        on_frames: Callable[[], None] | None,  # noqa: ARG002 -- a line of PING is no activity
        on_processed: Callable[[int], None] | None,
    ) -> IrcInbound:
        """Return the input of the connection."""
        limits, now = self._context.limits, self._clock.seconds
        on_line = self._line_received
        receiver = FrameReceiver(MAX_TAGS + MAX_BODY, lines_only=True)
        return IrcInbound(
            self._session, limits, now, self.input_done, on_line, on_processed, receiver
        )

    def start_session(self, framing: Framing) -> None:  # noqa: ARG002 -- lines alone
        """Start the session without capabilities."""
        self._session.start(self._irc.settings.codecs.get(frozenset()))
        self._irc.pings.start(self._ping)

    def peer_address(self) -> Address:
        """Return the address of the client, which no other client is shown."""
        address = super().peer_address()
        return PrivateAddress(*address) if isinstance(address, tuple) else address

    def last_words(self, refusal: DisconnectReason | None, text: str) -> bytes:
        """Return an ERROR, for a banned client after the numeric that tells it so."""
        if refusal is None:
            return error_line(self._too_late).encode()
        words = disconnect_words(refusal, text)[1]
        numeric = ""
        if refusal is DisconnectReason.BANNED:
            numeric = line(self._irc.settings.name, Numeric.YOUREBANNEDCREEP, "*", words)
        return (numeric + error_line(words)).encode()

    @property
    def _too_late(self) -> str:
        return f"You did not register within {self._context.limits.first_frame:g} s."

    def handshake_timed_out(self) -> None:
        """Close the connection of a client that has not registered in time."""
        if self._client.is_started:
            self._client.quit(self._too_late)
        else:
            super().handshake_timed_out()

    def input_done(self) -> None:
        """Free everything: the connection is lost and nothing is left to process."""
        self._irc.pings.stop(self._ping)
        self._irc.pongs.stop(self._pong_timed_out)
        super().input_done()

    def _line_received(self) -> None:
        self._irc.pongs.stop(self._pong_timed_out)
        self._irc.pings.start(self._ping)

    def _ping(self) -> None:
        """Ask the client whether it is there; the reactor notices a lost connection much later."""
        if not self._session.closed and self._session.is_started:
            self._client.send_unasked(line("", "PING", self._irc.settings.name))
            self._irc.pongs.start(self._pong_timed_out)

    def _pong_timed_out(self) -> None:
        is_throttled = self._meter is not None and self._meter.is_waiting
        if is_throttled or self.inbound.receiver.has_frames:
            # A PONG may be among the lines that wait here, or that are not read.
            self._irc.pongs.start(self._pong_timed_out)
        else:
            self._client.quit(f"No line came for {PING_SECONDS + PONG_SECONDS} s.")


class IrcFactory(GatewayFactory):
    """Builds the protocol of each connection to the IRC gateway."""

    def __init__(self, context: ServerContext, settings: IrcSettings) -> None:
        irc = IrcContext(context, settings)
        super().__init__(lambda: IrcProtocol(irc), context)
        self.settings = settings
