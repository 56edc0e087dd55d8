"""Test doubles of sessions: they have a user and a codec, and no connection."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from zope.interface import implementer

from chatd.core.events import DisconnectReason
from chatd.core.ports import ISendQueue
from chatd.core.rooms import User
from chatd.fanout.buffer import Subscriber
from chatd.protocol.codec import EventCodec

T = TypeVar("T")


@implementer(ISendQueue)
class MemorySendQueue:
    """Keeps what is written, a blob a write."""

    limit = queued = 0
    is_behind = False

    def __init__(self) -> None:
        self.blobs: list[bytes] = []

    def write(self, blob: bytes) -> None:
        """Keep `blob`."""
        self.blobs.append(blob)

    answer = write

    def call_when_read(self, callback: Callable[[], None]) -> None:
        """Call `callback`: all is read."""
        callback()

    def close_when_sent(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""


class MemorySession(Subscriber):
    """A session without a connection; `sent` has all bytes written to it.

    `turn` lets the turn of the fan-out pass, `on_lost` is called when the session ends.
    """

    def __init__(
        self,
        user: User,
        codec: EventCodec,
        turn: Callable[[], None] | None = None,
        on_lost: Callable[[MemorySession], None] | None = None,
    ) -> None:
        self.queue = MemorySendQueue()
        super().__init__(user, user.address or "memory", self.queue, 0)
        self.base_codec = self.codec = codec
        self.reason: DisconnectReason | None = None
        self._turn = turn
        self._on_lost = on_lost

    @property
    def sent(self) -> bytes:
        """All bytes written so far."""
        return b"".join(self.queue.blobs)

    def read(self) -> list[str]:
        """Let the turn pass; return the frames, framed by NUL, written since the last call."""
        if self._turn is not None:
            self._turn()
        frames = self.sent.decode().split("\0")[:-1]
        self.queue.blobs.clear()
        return frames

    def disconnect(self, reason: DisconnectReason, text: str = "", /) -> None:  # noqa: ARG002
        """Keep the reason, and end the session."""
        self.reason = reason
        self.lose()

    async def until_closed(self, work: Coroutine[Any, Any, T], /) -> T:
        """Return the result of `work`, which is not cancelled."""
        return await work

    def lose(self) -> None:
        """End the session as a lost connection does."""
        self.closed = True
        if self._on_lost is not None:
            self._on_lost(self)
