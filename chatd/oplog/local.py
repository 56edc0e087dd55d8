"""The log of a server alone: each operation is applied at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from zope.interface import implementer

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import MessageKind, ReceiptRequest
from chatd.core.ports import ILog
from chatd.core.rooms import Origin, Room, ensure_active
from chatd.core.world.account_operations import EndSession
from chatd.core.world.apply import apply
from chatd.core.world.effects import Effect
from chatd.core.world.operations import Operation
from chatd.core.world.world import World

T = TypeVar("T")


class Bus(Protocol):
    """Brings effects to the sessions and parts of this server (`chatd.fanout.bus`)."""

    def say(
        self,
        room: Room,
        origin: Any,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None,
        kind: MessageKind,
        tags: str,
        cuts: tuple[int, ...],
        /,
    ) -> None:
        """Give messages the next ids of a room, and bring them to its sessions."""

    def deliver(self, effects: Sequence[Effect], receipt: ReceiptRequest | None = None, /) -> None:
        """Bring the effects of an operation to all that they concern."""


class Done(Awaitable[T], Generic[T]):
    """The result of an operation that has been applied: awaiting it does not wait."""

    __slots__ = ("_outcome",)

    def __init__(self, outcome: T | ChatError) -> None:
        self._outcome = outcome

    def __await__(self) -> Generator[Any, Any, T]:
        """Return the outcome, or raise the error with which the operation was refused."""
        return result_of(self._outcome)
        yield  # makes this a generator


def result_of(outcome: T | Exception) -> T:
    """Return the outcome of an operation, or raise it if it is an error."""
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@implementer(ILog)
class LocalLog:
    """Applies operations to `world` at once and shows their effects to `bus`.

    `seconds` is the clock that measures durations.
    """

    node = "local"

    def __init__(self, world: World, bus: Bus, seconds: Callable[[], float]) -> None:
        self.seconds = seconds
        # Messages are the most of all operations, so no object is made for them.
        self.say: Callable[..., None] = bus.say
        self._stopped = False
        self._world = world
        self._bus = bus

    def submit(self, operation: Operation[T], origin: Origin | None = None) -> Awaitable[T]:
        """Apply an operation; awaiting the result returns its outcome or raises `ChatError`.

        Raises `ChatError` if `origin`, the session that asks for it, has ended.
        """
        if origin is not None:
            ensure_active(origin)
        if self._stopped and (origin is not None or isinstance(operation, EndSession)):
            return Done(ChatError(ErrorCode.UNAVAILABLE))
        applied = apply(self._world, operation, self.seconds())
        self._bus.deliver(applied.effects)
        return Done(applied.outcome)

    def start(self) -> None:
        """Do nothing: no operation is ever missed."""

    async def settled(self) -> None:
        """Return at once."""

    def stop(self) -> None:
        """Apply nothing more of sessions: nobody is told that users leave, because all of them do.

        A command of the administrator that waits for the store takes effect nevertheless.
        """
        self._stopped = True
