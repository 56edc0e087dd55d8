"""A server's part of a log that several servers share.

A server sends one entry at a time. Operations that are submitted until it has come back through the
log become the next entry, so entries grow under load. An entry that does not come back is sent
again: the log knows it by its number. All servers apply all entries in the order of the log, each
to its own world: if an entry is missing, this server reads it from the log before it applies a
later one. While the log cannot be reached, requests are refused after some seconds.

A server whose end is in the log (`EndNode`), because the others took it for dead, submits nothing
more, and nobody applies the operations that it submitted after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import MessageKind, ReceiptRequest
from chatd.core.ports import ILog
from chatd.core.rooms import Origin, Room, ensure_active
from chatd.core.world.account_operations import EndNode
from chatd.core.world.apply import apply
from chatd.core.world.operations import Operation, Say
from chatd.core.world.world import World
from chatd.oplog.entry import Entry, Placed, SharedLog
from chatd.oplog.local import Bus, Done, result_of

T = TypeVar("T")

CHECK_SECONDS: Final = 1.0
"""How often a server sends an entry again that has not come back, and looks for missed ones.

A log that loses nothing needs no check.
"""

AWAY_SECONDS: Final = 5.0
"""After how many seconds without the entry that was sent the log counts as away."""

MAX_OPERATIONS: Final = 1000
"""How many operations an entry has at most."""

_log = Logger(namespace="chatd")


class Refuse(Protocol):
    """Tells a session that its messages are refused."""

    def __call__(self, recipient: Any, error: ChatError, tag: str | None, /) -> None:
        """Send the error to the recipient of a receipt."""


class _Waiting(Awaitable[T], Generic[T]):
    """The result of an operation that is not applied yet. Nobody has to wait for it."""

    def __init__(self, done: Deferred[T | Exception]) -> None:
        self._done = done

    def __await__(self) -> Generator[Any, Any, T]:
        """Return the outcome, or raise the error with which the operation was refused."""
        return result_of((yield from self._done.__await__()))


@dataclass(slots=True)
class _Pending:
    """An operation that this server has submitted and not applied yet.

    `done` fires with its outcome or an error, `receipt` is the one that is asked for with messages,
    and `origin` the session that has sent them.
    """

    operation: Operation[Any]
    receipt: ReceiptRequest | None = None
    origin: Origin | None = None
    done: Deferred[Any] = field(default_factory=Deferred)


@implementer(ILog)
class NodeLog:
    """Submits the operations of the server `node` to `shared`, and applies all to `world`.

    `seconds` returns a time as `Entry.seconds` has it. `refuse` is called with the session, the
    error and the tag when messages are refused. `position` is that of the last entry applied, or of
    the one that is applied now if `is_applying`.
    """

    def __init__(
        self,
        node: str,
        shared: SharedLog,
        world: World,
        bus: Bus,
        clock: Any,
        seconds: Callable[[], float],
        refuse: Refuse,
    ) -> None:
        self.node = node
        self.seconds = seconds
        self.position = 0
        self._shared = shared
        self._world = world
        self._bus = bus
        self._clock = clock
        self._refuse = refuse
        self._number = 0
        self._unsent: deque[_Pending] = deque()
        self._sent: Sequence[_Pending] = ()
        self._in_flight: Entry | None = None
        self._sent_at = 0.0
        self._send_is_due = False
        self._stopping = False
        self.is_applying = False
        # The answer of the log to the last question for entries that were missed.
        self._reading: Deferred[Sequence[Placed]] | None = None
        self._checks = LoopingCall(self._check)
        self._checks.clock = clock

    @property
    def is_ended(self) -> bool:
        """Whether the end of this server is in the log."""
        return self.node in self._world.ended_nodes

    @property
    def ended_nodes(self) -> AbstractSet[str]:
        """The servers that do nothing any more, without this one as long as it stops in order."""
        ended = self._world.ended_nodes
        return ended - {self.node} if self._stopping else ended

    @property
    def _is_away(self) -> bool:
        """Whether the log has not answered for so long that requests are refused."""
        waited = self._clock.seconds() - self._sent_at
        return self._in_flight is not None and waited >= AWAY_SECONDS

    # -- submitting

    def start(self) -> None:
        """Apply the entries from now on; look regularly whether one was lost on its way."""
        self._shared.subscribe(self.node, self._on_entry)
        self._checks.start(CHECK_SECONDS, now=False)

    def submit(self, operation: Operation[T], origin: Origin | None = None) -> Awaitable[T]:
        """Submit an operation; awaiting the result returns its outcome once it is applied.

        Raises `ChatError` if it is refused, or if `origin`, the session that asks, has ended.
        """
        if origin is not None:
            ensure_active(origin)
        # An operation that no request waits for, such as the end of a session, is never refused.
        if self.is_ended or self._stopping or (origin is not None and self._is_away):
            return Done(ChatError(ErrorCode.UNAVAILABLE))
        pending = _Pending(operation)
        self._add(pending)
        return _Waiting(pending.done)

    def say(
        self,
        room: Room,
        origin: Origin,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None = None,
        kind: MessageKind = MessageKind.TEXT,
        tags: str = "",
        cuts: tuple[int, ...] = (),
    ) -> None:
        """Submit messages of the user of `origin` to `room`."""
        say = Say(origin.key, room.key, tuple(texts), now, kind, tags, cuts)
        pending = _Pending(say, receipt, origin)
        if self.is_ended or self._stopping or self._is_away:
            self._finish(pending, ChatError(ErrorCode.UNAVAILABLE))
        else:
            self._add(pending)

    async def settled(self) -> None:
        """Return when all that was submitted before the call is applied."""
        pending = [*self._sent, *self._unsent]
        if pending:
            settled: Deferred[None] = Deferred()

            def pass_on(outcome: T) -> T:
                settled.callback(None)
                return outcome

            pending[-1].done.addCallback(pass_on)
            await settled

    def stop(self) -> None:
        """Submit the end of this server, and nothing after it."""
        if not (self._stopping or self.is_ended):
            self._stopping = True
            self._add(_Pending(EndNode(self.node, self.seconds())))

    def _add(self, pending: _Pending) -> None:
        self._unsent.append(pending)
        if not self._send_is_due:
            self._send_is_due = True
            self._clock.callLater(0, self._send)

    def _send(self) -> None:
        """Send the operations that were submitted since the last entry, once that has come back."""
        self._send_is_due = False
        if self._in_flight is not None or not self._unsent:
            return
        count = min(len(self._unsent), MAX_OPERATIONS)
        self._sent = [self._unsent.popleft() for _ in range(count)]
        self._number += 1
        self._sent_at = self._clock.seconds()
        operations = tuple(pending.operation for pending in self._sent)
        self._in_flight = Entry(self.node, self._number, self.seconds(), operations)
        self._shared.append(self._in_flight)

    # -- applying

    def _check(self) -> None:
        if self.is_ended:
            self._checks.stop()
            return
        if self._in_flight is not None:
            self._shared.append(self._in_flight)
        self._reading = None  # the answer may be lost as well
        self._read()

    def _read(self) -> None:
        """Read the entries that this server has missed, unless it does so already."""
        if self._reading is None:
            reading = self._reading = self._shared.read(self.node, self.position)
            reading.addCallbacks(self._on_read, self._on_read_failed, callbackArgs=(reading,))

    def _on_read(self, entries: Sequence[Placed], reading: object) -> None:
        if self._reading is reading:
            self._reading = None
        if entries and entries[0].position > self.position + 1:
            _log.error(
                "Entries behind position {position} of the log are lost",
                position=self.position,
                fields={"event": "log-gap", "position": self.position},
            )
            return
        for placed in entries:
            self._on_entry(placed)

    def _on_read_failed(self, _: Failure) -> None:
        """Do nothing: the next check reads again."""

    def _on_entry(self, placed: Placed) -> None:
        position, entry = placed
        if position <= self.position:
            return  # it came before
        if position > self.position + 1:
            self._read()
            return
        self.position, self.is_applying = position, True
        sent: Sequence[_Pending] = ()
        if entry.node == self.node:
            sent, self._sent, self._in_flight = self._sent, (), None
        for index, operation in enumerate(entry.operations):
            # Nothing of a server is applied after its end.
            if entry.node in self._world.ended_nodes:
                self._give_up(sent[index:])
                break
            self._apply(operation, entry.seconds, sent[index] if sent else None)
        self.is_applying = False
        if self.is_ended:
            self._give_up([*self._sent, *self._unsent])
            self._sent, self._in_flight = (), None
            self._unsent.clear()
        elif sent:
            self._send()

    def _apply(self, operation: Operation[Any], seconds: float, pending: _Pending | None) -> None:
        """Apply an operation, and tell its outcome if this server has submitted it."""
        outcome: Any
        try:
            outcome, effects = apply(self._world, operation, seconds)
            self._bus.deliver(effects, None if pending is None else pending.receipt)
        except Exception as error:  # noqa: BLE001 -- a fault of ours costs this operation alone
            _log.failure("Applying an operation failed")
            outcome = error
        if pending is not None:
            self._finish(pending, outcome)

    def _finish(self, pending: _Pending, outcome: Any) -> None:
        try:
            if pending.origin is not None and isinstance(outcome, ChatError):
                tag = None if pending.receipt is None else pending.receipt.tag
                self._refuse(pending.origin, outcome, tag)
            pending.done.callback(outcome)
        except Exception:  # noqa: BLE001 -- a fault of ours costs one answer, not the log
            _log.failure("Telling the outcome of an operation failed")

    def _give_up(self, pending: Sequence[_Pending]) -> None:
        for each in pending:
            self._finish(each, ChatError(ErrorCode.UNAVAILABLE))
