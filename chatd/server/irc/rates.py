"""The input of an IRC connection: its lines wait for two rates, that of talking and of asking.

A client that is in 20 rooms sends some 80 queries as it connects. At the rate of messages they
would take 12 s, so they have a rate of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from chatd.core.ratelimit import TokenBucket
from chatd.server.inbound import MAX_FRAMES_PER_TURN, Inbound
from chatd.server.irc.commands import is_query

QUERY_RATE: Final = 10
QUERY_BURST: Final = 120
"""How many queries a client may send a second, and at once."""


class IrcInbound(Inbound):
    """The input of one IRC connection, whose receiver cuts lines."""

    _last: TokenBucket | None = None  # the one that has counted the last line

    @cached_property
    def _queries(self) -> TokenBucket | None:
        """The rate of queries; there is none where messages have none."""
        if self._bucket is None:
            return None
        return TokenBucket(QUERY_RATE, QUERY_BURST, self._now())

    def _process_frames(self) -> float | None:
        """Process lines; return for how many seconds those that are left have to wait."""
        session, receiver = self._session, self.receiver
        self._raise_limits()
        if self._last is not None:
            self._last.take(self._take_extra_cost())  # of a request that took time
        left = MAX_FRAMES_PER_TURN
        while not (session.busy or session.closed):
            if left <= 0:
                return 0.0 if receiver.buffered else None
            frames: Sequence[bytes] = receiver.peek(left)
            if not frames and not receiver.oversized:
                break
            asks = bool(frames) and is_query(frames[0])
            bucket = self._last = self._queries if asks else self._bucket
            if bucket is not None:
                frames, wait = self._allowed(frames, bucket)
                if wait:
                    return wait
            processed = self._pass_on(frames)
            left -= processed
            cost = processed + self._take_extra_cost()
            if bucket is not None:
                bucket.take(cost)
            if self._on_processed is not None and not asks:  # which takes nothing in the store
                self._on_processed(min(processed, cost))
            if not receiver.consume(processed):
                break
        self._raise_limits()
        return None

    def _allowed(
        self, frames: Sequence[bytes], bucket: TokenBucket
    ) -> tuple[Sequence[bytes], float]:
        """Return those lines that may be processed now, or after how many seconds one may be."""
        available = bucket.available(self._now())
        return (frames[:available], 0.0) if available > 0 else ((), bucket.wait())

    def _pass_on(self, frames: Sequence[bytes]) -> int:
        """Give lines to the session; return how many it has taken, 1 for one that is too long."""
        if self._on_frames is not None:
            self._on_frames()
        return self._session.receive(frames) if frames else self._refuse_oversized()

    def _raise_limits(self) -> None:
        """Let more output wait once the client is registered; lines have one length for all."""
        if not self._registered and self._session.is_registered:
            self._registered = True
            self._session.send_queue.limit = self._limits.queue(registered=True)
