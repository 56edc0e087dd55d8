"""The native gateway: frames ended by NUL, or lines, over TCP, TLS or a UNIX socket."""

from __future__ import annotations

from collections.abc import Callable

from chatd.core.events import DisconnectReason
from chatd.protocol.codec import text_codec
from chatd.protocol.framing import Framing
from chatd.protocol.text import last_line
from chatd.server.context import ServerContext
from chatd.server.gateway import Gateway, GatewayFactory
from chatd.server.inbound import Inbound
from chatd.server.nativesession import NativeSession


class ChatProtocol(Gateway):
    """A connection of `nc`, the line client or a program."""

    def make_session(self) -> NativeSession:
        """Return the session of the connection."""
        return self._context.sessions.connect(self, NativeSession)

    def make_inbound(
        self, on_frames: Callable[[], None] | None, on_processed: Callable[[int], None] | None
    ) -> Inbound:
        """Return the input of the connection."""
        limits, now = self._context.limits, self._clock.seconds
        return Inbound(self._session, limits, now, self.input_done, on_frames, on_processed)

    def start_session(self, framing: Framing) -> None:
        """Start the session with text."""
        self.handshake_done()
        self._session.start(text_codec(framing, self._context.services.show_addresses))

    def last_words(self, refusal: DisconnectReason | None, text: str) -> bytes:
        """Return a line, as nothing is known of the framing."""
        return last_line(refusal, self._context.limits.first_frame, text)


class ChatFactory(GatewayFactory):
    """Builds the protocol of each connection to the native gateway."""

    def __init__(self, context: ServerContext) -> None:
        super().__init__(lambda: ChatProtocol(context), context)
