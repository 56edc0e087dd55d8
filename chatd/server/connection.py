"""The interface between gateways and sessions.

A gateway is a Twisted protocol for one way to reach the server: NUL and lines (native.py), and what
may come beside it. It gives a session a send queue, and messages instead of a byte stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatd.core.errors import ChatError
from chatd.core.events import Address, DisconnectReason
from chatd.core.ports import ISendQueue
from chatd.protocol.codec import EventCodec


class Connection(Protocol):
    """The connection of one client, as a gateway offers it to a session.

    A whole gateway without limits and bans, for a protocol of lines. A gateway that is open to
    others also asks `chatd.server.limits` for admission and the session whether it `is_banned`, as
    native.py does:

        class LineGateway(LineOnlyReceiver):
            def connectionMade(self):
                self.address, self._lines = peer_address(self.transport), []
                self.send_queue = TransportSendQueue(self.transport, reactor, LIMIT, on_overflow)
                self._session = sessions.connect(self, NativeSession)
                self._session.start(text_codec(Framing.CRLF, show_addresses=True))
            def lineReceived(self, line):
                self._lines.append(line)
                self.process_input()
            def process_input(self):
                while self._lines and not (self._session.busy or self._session.closed):
                    del self._lines[: self._session.receive(self._lines)]
            def connectionLost(self, reason):
                self.send_queue.connection_lost()
                self._session.connection_lost()
    """

    @property
    def address(self) -> Address:
        """The address of the client."""

    @property
    def send_queue(self) -> ISendQueue:
        """The queue of bytes that the client gets."""

    def process_input(self) -> None:
        """Pass waiting messages to the session, which is ready, or drop them if it is closed.

        The session calls this when a request ends that took time, and when the session closes,
        which may be while `receive` is running.
        """


class ClientSession(Protocol):
    """A session, as a gateway uses it.

    `busy` while a request is carried out and `closed` once no more input is taken: `receive` must
    not be called then. `send_queue` is that of the connection. `extra_cost` is how many frames more
    than were received the requests count for the rate, since the gateway last set it to 0.
    """

    extra_cost: int
    busy: bool
    closed: bool
    send_queue: ISendQueue

    @property
    def is_registered(self) -> bool:
        """Whether the user has a name: until then smaller limits apply."""

    @property
    def is_banned(self) -> bool:
        """Whether the user, or the address of the connection, is banned."""

    def start(self, codec: EventCodec) -> None:
        """Begin to send, encoded by `codec`; called once, before `receive`."""

    def receive(self, frames: Sequence[bytes]) -> int:
        """Carry out the first request in `frames`, or send the messages that come before it.

        Return how many frames that were, at least one. The others are to be passed again.
        """

    def refuse(self, error: ChatError) -> None:
        """Reply with an error to input that is not passed to `receive`."""

    def reject(self, reason: DisconnectReason, frame: bytes | None) -> None:
        """Tell the client why it is not admitted, and close; `frame` may ask for JSON."""

    def close(self, reason: DisconnectReason | None = None) -> None:
        """Tell the client the reason, if there is one, and close the connection."""

    def set_address(self, address: Address) -> None:
        """Set the client's address, which a proxy has sent."""

    def input_closed(self) -> None:
        """Close the connection once all requests are answered: the client sends nothing more."""

    def stop_waiting(self) -> None:
        """Give up the request that is carried out, if it only waits: the time to drain is over."""

    def connection_lost(self) -> None:
        """End the session: the connection is gone."""
