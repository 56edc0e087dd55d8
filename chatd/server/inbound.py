"""The input of one connection, without I/O: buffers bytes and gives frames to the session.

This module knows neither Twisted nor sockets. A gateway feeds the bytes that it reads, calls
`process` then and whenever the session is ready for more, and says how the input ended. It calls
again after the seconds that `process` returns, and does not read while `receiver` holds
`read_limit` bytes or more.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from chatd.config import Limits
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.ratelimit import TokenBucket
from chatd.protocol.framing import FrameReceiver, Framing
from chatd.server.connection import ClientSession

READ_LIMIT: Final = 65536
"""How many bytes may be buffered before the connection is not read from: at least one frame."""

MAX_FRAMES_PER_TURN: Final = 50
"""How many frames of one connection are processed before the reactor serves other connections."""


class State(Enum):
    """The progress of a connection's input."""

    AWAITING_FRAMING = auto()  # the first bytes have not decided how frames end
    OPEN = auto()  # frames are processed as they come
    DRAINING = auto()  # the client sends nothing more: what is buffered is processed, then answered
    CLOSING = auto()  # the session is closed: input is dropped until the connection is lost
    DISCONNECTED = auto()  # the connection is lost: what is buffered is still processed
    CLOSED = auto()  # all is done


class Event(Enum):
    """The events that change the state."""

    FRAMING_KNOWN = auto()
    INPUT_ENDED = auto()  # the client has closed its sending side, or the time to drain is over
    SESSION_CLOSED = auto()  # `exit`, a ban, a timeout …
    CONNECTION_LOST = auto()
    DONE = auto()  # nothing of what the client sent is left


_TRANSITIONS: Final = {
    State.AWAITING_FRAMING: {
        Event.FRAMING_KNOWN: State.OPEN,
        Event.INPUT_ENDED: State.DRAINING,
        Event.SESSION_CLOSED: State.CLOSING,
        Event.CONNECTION_LOST: State.DISCONNECTED,
    },
    State.OPEN: {
        Event.INPUT_ENDED: State.DRAINING,
        Event.SESSION_CLOSED: State.CLOSING,
        Event.CONNECTION_LOST: State.DISCONNECTED,
    },
    State.DRAINING: {
        Event.SESSION_CLOSED: State.CLOSING,
        Event.CONNECTION_LOST: State.DISCONNECTED,
    },
    State.CLOSING: {Event.CONNECTION_LOST: State.CLOSED},
    State.DISCONNECTED: {Event.SESSION_CLOSED: State.CLOSED, Event.DONE: State.CLOSED},
    State.CLOSED: {},
}
"""The next state for each event; an event that a state does not name changes nothing."""

_OPEN: Final = State.OPEN
"""For the hot path: in Python 3.11, `State.OPEN` is a call."""

_IS_READ: Final = (State.AWAITING_FRAMING, State.OPEN, State.CLOSING)
"""The states in which the gateway reads: in CLOSING to notice that the client has closed, too."""


class Inbound:
    """The input of one connection, in `state`; `framing` is None until the first bytes decide it.

    `receiver` has the buffered bytes. Once `framing` is known, the bytes that are read may be fed
    to it directly, which saves a call for each read.
    `now` returns seconds. `on_closed` is called when the state becomes CLOSED, `on_frames`, if it
    is given, before frames are passed to the session, and `on_processed`, if it is given, with the
    number of frames that the session took. `receiver` replaces the one for native framing.
    """

    def __init__(
        self,
        session: ClientSession,
        limits: Limits,
        now: Callable[[], float],
        on_closed: Callable[[], None],
        on_frames: Callable[[], None] | None = None,
        on_processed: Callable[[int], None] | None = None,
        receiver: FrameReceiver | None = None,
    ) -> None:
        self.state = State.AWAITING_FRAMING
        self.framing: Framing | None = None
        self._session = session
        self._limits = limits
        self._now = now
        self._on_frames = on_frames
        self._on_processed = on_processed
        self._on_closed = on_closed
        self.receiver = receiver or FrameReceiver(limits.frame(registered=False))
        self.read_limit = READ_LIMIT
        self._bucket = (
            TokenBucket(limits.rate, limits.burst, now()) if limits.rate and limits.burst else None
        )
        self._is_limited = self._bucket is not None or on_processed is not None
        self._registered = False
        # True while frames are processed, and until `resume` after `process` returned a number.
        self._suspended = False

    @property
    def is_read(self) -> bool:
        """Whether the gateway still reads from the connection."""
        return self.state in _IS_READ

    def feed(self, data: bytes) -> bytes:
        """Buffer bytes that were read; return the answers to telnet's requests among them.

        Raise `UnknownProtocolError` for TLS and HTTP.
        """
        answers = self.receiver.feed(data)
        if self.framing is None and self.receiver.framing is not None:
            self.framing = self.receiver.framing
            self._change(Event.FRAMING_KNOWN)
        return answers

    def first_frame(self) -> bytes | None:
        """Return the first frame once the framing is known, or None if it was too long."""
        frames = self.receiver.peek(1)
        return frames[0] if frames else None

    def process(self) -> float | None:
        """Give buffered frames to the session, until it is busy or a limit is reached.

        Return after how many seconds to call `resume` and then this again, or None if the next call
        is due when more bytes were read or the session is ready for more.
        """
        session = self._session
        if session.closed:
            self.receiver.clear()
            self._change(Event.SESSION_CLOSED)
            return None
        if self._suspended:
            return None
        self._suspended = True
        wait = None
        try:
            if self.framing is not None:
                wait = self._process_frames()
        finally:
            self._suspended = wait is not None
        if wait is None and self.state is not _OPEN and not (session.busy or session.closed):
            if self.state is State.DRAINING:
                session.input_closed()
            elif self.state is State.DISCONNECTED:
                self._change(Event.DONE)
        return wait

    def resume(self) -> None:
        """Let `process` go on: the seconds that it returned are over."""
        self._suspended = False

    def end_input(self) -> None:
        """Note that the client has closed its sending side; call `process` then."""
        self._change(Event.INPUT_ENDED)

    def lose_connection(self) -> None:
        """Note that the connection is lost: whole frames that are buffered are still processed."""
        self._change(Event.CONNECTION_LOST)
        if self._session.closed or not self.receiver.has_frames:
            self._change(Event.DONE)

    def stop_draining(self) -> None:
        """Drop what is buffered, as the time to drain is over; call `process` then."""
        self.receiver.clear()
        self._change(Event.INPUT_ENDED)
        self._change(Event.DONE)

    # -- within

    def _process_frames(self) -> float | None:
        """Process frames; return for how many seconds those that are left have to wait."""
        session, receiver, bucket = self._session, self.receiver, self._bucket
        left = MAX_FRAMES_PER_TURN
        if bucket is not None:
            bucket.take(self._take_extra_cost())  # of a request that took time
            left = min(left, bucket.available(self._now()))
        while not (session.busy or session.closed):
            if left <= 0:
                return self._wait()
            if not self._registered:
                self._raise_limits()
            # The first request may change the limits for the frames behind it.
            frames = receiver.peek(left if self._registered else 1)
            if not frames and not receiver.oversized:
                return None
            if self._on_frames is not None:
                self._on_frames()
            processed = session.receive(frames) if frames else self._refuse_oversized()
            left -= self._charge(processed) if self._is_limited else processed
            if not receiver.consume(processed):
                break
        if not self._registered:
            self._raise_limits()
        return None

    def _refuse_oversized(self) -> int:
        """Refuse the next frame, which was too long; return how many frames that are."""
        self._session.refuse(ChatError(ErrorCode.TOO_LONG, limit=self.receiver.limit))
        return 1

    def _charge(self, processed: int) -> int:
        """Count frames that were processed; return the cost of their requests, in frames."""
        if self._on_processed is not None:
            self._on_processed(processed)
        if self._bucket is None:
            return processed
        cost = processed + self._take_extra_cost()
        # More than there is, perhaps: then further frames wait for longer.
        self._bucket.take(cost)
        return cost

    def _take_extra_cost(self) -> int:
        cost, self._session.extra_cost = self._session.extra_cost, 0
        return cost

    def _wait(self) -> float | None:
        """Return after how many seconds the frames that are left may be processed."""
        if not self.receiver.buffered:
            return None
        return 0.0 if self._bucket is None else self._bucket.wait()

    def _raise_limits(self) -> None:
        """Apply the limits for registered users, if the user is registered by now."""
        if self._session.is_registered:
            self._registered = True
            limit = self.receiver.limit = self._limits.frame(registered=True)
            # A whole frame and its end have to fit in.
            self.read_limit = max(READ_LIMIT, limit + 2)
            self._session.send_queue.limit = self._limits.queue(registered=True)

    def _change(self, event: Event) -> None:
        state = _TRANSITIONS[self.state].get(event)
        if state is not None:
            self.state = state
            if state is State.CLOSED:
                self._on_closed()
