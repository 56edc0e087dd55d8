"""The interfaces that the core needs of other packages, and seams with several implementations.

The store, the log and the send queue are zope interfaces. The others are protocols: the core calls
classes that it may not import. A call that may need a database is `async`.
"""

# ruff: noqa: N805 -- methods of a zope interface have no self
from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from chatd.core.events import (
        Message,
        MessageKind,
        ReceiptRequest,
    )
    from chatd.core.records import AccessChanges, Ban
    from chatd.core.rooms import Origin, Room, SessionKey, User
    from chatd.core.world.operations import By, Operation, T


class ISendQueue(Interface):
    """The output of one connection (`chatd.server.sendqueue`).

    No method raises an exception for an error of the client, and none calls back: a connection that
    is aborted ends in the next turn of the reactor.
    """

    limit: int = Attribute("How many bytes that nobody asked for may be queued; more abort it.")
    queued: int = Attribute("How many bytes are queued because the client does not read.")
    is_behind: bool = Attribute("Whether the client has to read before it may ask for more.")

    def write(blob: bytes) -> None:
        """Send `blob` after all that was written before; drop it if the connection is closing."""

    def answer(blob: bytes) -> None:
        """Send what the client has asked for: it does not count towards the limit.

        So that memory is bounded, nothing more is to be answered while `is_behind`.
        """

    def call_when_read(callback: Callable[[], None]) -> None:
        """Call `callback` once the queue is not behind any more, or the connection has ended."""

    def close_when_sent() -> None:
        """Close the connection when all is sent, or abort it after a few seconds."""

    def abort() -> None:
        """Close the connection in the next turn, and drop what is queued."""


class ILog(Interface):
    """The one order in which the state of the chat changes (`chatd.oplog`).

    Servers that share a log apply the same operations in the same order, each to its own world.
    """

    node: str = Attribute("The name of this server, which no other has that shares the log.")

    def seconds() -> float:
        """Return the time by which what is timed in the world ends."""

    def submit(operation: Operation[T], origin: Origin | None = None) -> Awaitable[T]:
        """Propose an operation, which is applied in the order of the calls of this server.

        Awaiting the result returns its outcome once this server has applied it, or raises
        `ChatError` if it was refused. Nobody has to await it. Raises `ChatError` if `origin`, the
        session that asks for it, has ended.
        """

    def say(
        room: Room,
        origin: Origin,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None = None,
        kind: MessageKind = ...,
        tags: str = ...,
        cuts: tuple[int, ...] = ...,
    ) -> None:
        """Send messages of the user of `origin` to `room`, in the same order.

        `receipt`, if given, asks that its recipient be told whether the messages are stored. `tags`
        and `cuts` are as in `MessageBatch`.
        """

    def start() -> None:
        """Begin to look for operations that this server has missed."""

    async def settled() -> None:
        """Return when all that was submitted before the call is applied."""

    def stop() -> None:
        """Submit nothing more: the server stops, and all its users leave."""


class StoredRooms(Protocol):
    """Creates and ends rooms, in the world and in the store (`chatd.server.storedrooms`)."""

    async def start(self, room_id: str, name: str, now: float, origin: Origin | None) -> Room:
        """Create a room for the user of `origin`, or a permanent one for the administrator.

        Raises `ChatError` if that is refused.
        """

    async def end(
        self, room: Room, now: float, *, only_unneeded: bool = False, by: By | None = None
    ) -> bool:
        """End `room` for everybody at once, and remove its history from the store.

        With `only_unneeded`, do nothing if it is not to end by itself; return whether it has ended.
        `by` is the user who ends it, if one does. Raises `ChatError` if it has ended before, or the
        user may not end it.
        """


class StoredBans(Protocol):
    """Adds and removes bans, in the store and in the world (`chatd.server.storedbans`)."""

    async def add(
        self, ban: Ban, ends: float | None, now: float, count_unnamed: Callable[[], int]
    ) -> tuple[Ban, int]:
        """Add a ban, or replace it; return it, and how many sessions it has ended.

        `count_unnamed` counts those without a name, of which the world does not know.
        """

    async def remove(self, ban: Ban) -> Ban:
        """Remove the ban on the subject of `ban`; return it, or raise `ChatError`."""


class StoredAccess(Protocol):
    """Changes rooms, in the store and in the world (`chatd.server.storedaccess`)."""

    async def change_settings(
        self,
        room: Room,
        operation: Operation[T],
        changes: Mapping[str, Any],
        origin: Origin | None = None,
    ) -> T:
        """Set fields of `RoomSettings`, and submit the operation; return its outcome."""

    async def change_access(
        self,
        room: Room,
        operation: Operation[T],
        changes: Callable[[], AccessChanges],
        origin: Origin | None = None,
    ) -> T:
        """Add and remove entries, and submit the operation; return its outcome.

        `changes` returns them when it is their turn, or raises `ChatError` if they are refused.
        """


class Router(Protocol):
    """Users and the sessions that they have on this server (`chatd.fanout.router`)."""

    def forget(self, origin: Any, /) -> None:
        """Remove a session that has ended, which reads the events of its user no more."""

    def new_key(self) -> SessionKey:
        """Return a key that no session has."""

    def by_silence(self, user: User) -> Sequence[SessionKey]:
        """Return the sessions of `user`, the one that is silent for longest first."""

    def current_room(self, user: User) -> Room | None:
        """Return the current room of the session of `user` that was active last."""


class History(Protocol):
    """The stored messages of the rooms (`chatd.storage.history`)."""

    async def read(
        self, room: Room, since: int | None, limit: int, before: int | None = None
    ) -> Sequence[Message]:
        """Return the first `limit` messages after id `since`, or, if None, the last; oldest first.

        Only messages with ids below `before`, if that is given. All messages said before the call
        are included. Raises `StoreUnavailableError`.
        """

    async def id_at(self, room: Room, time: float) -> int | None:
        """Return the id of the first message that was said at `time` or later, None if none was.

        All messages said before the call are included. Raises `StoreUnavailableError`.
        """

    async def search(
        self, rooms: Sequence[Room], words: Sequence[str], before: int | None, limit: int
    ) -> Sequence[Message]:
        """Return the newest messages that have all `words`, as `IStore.search` does."""

    def recent(self, room: Room) -> Sequence[Message]:
        """Return the newest messages of `room`, as many as a session reads on joining."""

    async def preload(self, room: Room) -> None:
        """Load the messages of `room` that a session reads on joining, if there are any such."""
