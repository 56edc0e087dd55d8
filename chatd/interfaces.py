"""The seams of the house: what may one day be done by something else, or somewhere else.

Ground like `chatd.core`, whose types it names. There is one implementation of each so far, beside
the interface's name. What may need a database or another machine is `async`.
"""

# ruff: noqa: N805 -- methods of a zope interface have no self
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from chatd.core.events import Event, RoomEvent, Said
    from chatd.core.rooms import Chatter, Room


class IOutlet(Interface):
    """Where a connection's bytes go (`front.outlet`).

    Never raises for a peer's fault, and never calls back: a connection that is to be aborted ends
    in the next turn.
    """

    queued: int = Attribute("Bytes that wait because the peer does not read.")

    def write(blob: bytes) -> None:
        """Send `blob` after all that was written before; what is past the limit aborts the connection."""

    def finish() -> None:
        """Close once all is sent, or in a few seconds at the latest."""

    def abort() -> None:
        """Close in the next turn; what waits is lost."""


class IBus(Interface):
    """The one place an event goes out from (`bus.LocalBus`); in a cluster, the way to others."""

    def say(room: Room, by: Chatter, text: str, now: float) -> Said:
        """Take a message of `by` into the one order of `room`, and let all others in it know."""

    def publish(room: Room, event: RoomEvent, by: Chatter | None = None) -> None:
        """Let all in `room` know of an event but `by`, who did it and who knows."""

    def tell(who: Chatter, event: Event) -> None:
        """Let one chatter know, after all that happened before in his rooms."""


class IRegistry(Interface):
    """Claims of names and rooms (`core.rooms.MemoryRegistry`)."""

    async def claim_name(who: Chatter, name: str) -> str:
        """Keep `name` for `who`, who may have another; return its spelling, or raise `ChatError`."""

    def release_name(name: str) -> None:
        """Let go of a name that was claimed."""

    def find(name: str) -> Chatter | None:
        """Return who has `name`, or one that is the same."""

    async def start_room(room_id: str, name: str) -> Room:
        """Make a room; raise `ChatError` if it cannot be."""

    async def end_room(room: Room) -> None:
        """Remove `room`; if one is started again under its id, its count goes on."""

    def room(room_id: str) -> Room | None:
        """Return the room with that id, if there is one."""

    def rooms() -> Iterable[Room]:
        """Return all rooms, in the order in which they were started."""
