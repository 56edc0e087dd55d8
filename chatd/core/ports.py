"""What the core needs of other packages, and the seams that have several implementations.

The store, the bus and the send queue are zope interfaces. The others are protocols: the core calls
classes that it may not import. A call that may need a database is `async`.
"""

# ruff: noqa: N805 -- methods of a zope interface have no self
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from chatd.core.events import (
        Address,
        DisconnectReason,
        Event,
        Message,
        MessageBatch,
        ReceiptRequest,
        RoomEvent,
        UserEvent,
    )
    from chatd.core.records import (
        Account,
        AccountRef,
        Ban,
        ResumeToken,
        RoomRecord,
        Snapshot,
    )
    from chatd.core.rooms import Room
    from chatd.core.users import Origin, User


class ISendQueue(Interface):
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
    """The way of every event of a room to its members and to the parts that record it."""

    messages: int = Attribute("The number of messages since the start of the server.")

    def say(
        room: Room,
        origin: Origin,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None = None,
    ) -> None:
        """Give messages of the user of `origin` the next ids of `room`; other sessions read them.

        `receipt`, if given, asks that its recipient be told whether the messages are stored.
        """

    def publish(
        room: Room, event: RoomEvent, user: User | None = None, origin: Origin | None = None
    ) -> None:
        """Tell all in `room` of an event but `user`, whose doing or whose move it is.

        Of that user the sessions other than `origin` are told if `origin` is given, which knows
        by its reply. Without `origin` none is: then another event or the end of the connection
        tells them.
        """

    def publish_of_user(
        events: Mapping[Room, UserEvent], user: User, origin: Origin | None = None
    ) -> None:
        """Tell the rooms of `user` of one fact: a session in several of them reads it once.

        Where a codec encodes the rooms' events differently the session reads each of them.
        """


class Directory(Protocol):
    """Names, rooms, accounts and bans (`chatd.server.directory`).

    A change that is to last is in the store when the call returns; it raises
    `StoreUnavailableError` if the store cannot be reached.
    """

    async def reserve_name(self, user: User, name: str) -> str:
        """Reserve `name` for a guest; return its spelling, or raise `ChatError`."""

    def assign_name(self, user: User, name: str) -> None:
        """Give `user` a name that is reserved for them, "" for none, and release the former one."""

    def release_name(self, user: User, name: str) -> None:
        """Release a name that is reserved for `user`, but not the name that the user has."""

    def assume(self, user: User, account: AccountRef) -> None:
        """Make `user` the user of an account, under its name; raise `ChatError` if it is in use."""

    def find_user(self, name: str) -> User | None:
        """Return the user who has `name`, or one that counts as the same, or reserves it."""

    def find_account(self, name: str) -> AccountRef | None:
        """Return the account with `name`, or one that counts as the same."""

    def add_account(self, account: AccountRef) -> None:
        """Add an account: its name is for its user alone."""

    def remove_account(self, account: AccountRef) -> None:
        """Remove an account."""

    async def start_room(self, room_id: str, name: str) -> Room:
        """Create a room; raise `ChatError` if that is refused."""

    async def end_room(self, room: Room) -> None:
        """Remove `room` for everybody at once, and its history from the store."""

    def room(self, room_id: str) -> Room | None:
        """Return the room with that id, if there is one."""

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order of their creation."""

    async def add_ban(self, ban: Ban) -> None:
        """Add a ban, or change its end."""

    async def remove_ban(self, ban: Ban, now: float) -> Ban:
        """Remove the ban on the subject of `ban`; return it, or raise `ChatError`."""

    def bans(self, now: float) -> Sequence[Ban]:
        """Return all active bans."""

    def is_name_banned(self, name: str, now: float) -> bool:
        """Tell whether a ban on a name is active."""

    def is_address_banned(self, address: Address | None, now: float) -> bool:
        """Tell whether a ban on an address is active."""


class Router(Protocol):
    """Users and their sessions (`chatd.fanout.router`); an `origin` is one of its own."""

    def move(self, origin: Any, user: User, /) -> bool:
        """Make a session one of `user`'s; return whether the former user has no other one."""

    def detach(self, origin: Any, /) -> bool:
        """End a session's part in its user; return whether it was the user's last session."""

    def send(self, user: User, event: Event, skip: Any = None, /) -> None:
        """Send an event to all sessions of `user` but `skip`, after all that happened before."""

    def disconnect(self, user: User, reason: DisconnectReason) -> None:
        """Tell all sessions of `user` why, and close their connections."""

    def surplus(self, user: User, limit: int) -> Sequence[Origin]:
        """Return the sessions of `user` beyond `limit`, those that are silent for longest."""

    def current_room(self, user: User) -> Room | None:
        """Return the current room of the session of `user` that was active last."""


class IStore(Interface):
    """What lasts: rooms, accounts, history, bans (`store.sql.SqlStore`, `store.memory.MemoryStore`).

    One server at a time has a store. What is changed is committed when the call returns; changes
    are made in the order of the calls. All but `open` raise `UnavailableError` if the store cannot be
    reached or written to now: nothing was changed then, or, where the connection broke in the middle,
    it may have been, and the call can be made again. No call takes longer than a few seconds.
    """

    def open(rooms: Sequence[RoomRecord]) -> Snapshot:
        """Make the store ready, bring its schema up to date, and add those of `rooms` that it lacks.

        Blocks; called once, before the reactor runs. Raises `StoreError`, its message for the operator.
        Ids up to `lead(count)` above each room's count are reserved by this.
        """

    async def close(counts: Mapping[str, int]) -> None:
        """Set the counts of rooms, by their ids, to what they are, and let go of everything."""

    async def add_room(room_id: str, name: str) -> int:
        """Add a room, last in the order; return its count, which goes on if there was one of that id.

        Ids up to `lead(count)` above it are reserved by this.
        """

    async def remove_room(room_id: str, count: int) -> None:
        """Remove a room and its history; keep `count` for one that is started again under the id."""

    async def keep(bursts: Sequence[MessageBatch], reserved: Mapping[str, int]) -> None:
        """Add a batch of messages, all of them or none.

        In each room their ids rise, and are above all that were kept, but that a batch of which it
        is not known whether it was kept may be given again, before any other: as it was, or without its
        oldest bursts, or without all of a room. What was kept is then there once. Texts and
        names have no control characters but newlines and tabs, as `safety.clean` leaves them.

        `reserved`: for rooms, by id, up to which message id no later start of the server may begin.
        """

    async def history(room_id: str, since: int | None, limit: int, size: int) -> Sequence[Message]:
        """Return the first `limit` messages after id `since`, or, if None, the last; oldest first.

        They have at most `size` bytes as JSON, but there is one at least if there is any.
        """

    async def prune(before: float) -> bool:
        """Remove messages said before a time, and what is left of rooms that were ended.

        Some of them at once; returns whether there may be more. What was said together goes together:
        some messages may stay as long as it takes to fill a batch, and a second.
        """

    async def account(name: str) -> Account | None:
        """Return the account registered under exactly this name."""

    async def accounts() -> Sequence[Account]:
        """Return all accounts, in the order in which they were registered."""

    async def add_account(name: str, password_hash: str, registered_at: float) -> Account:
        """Add an account and return it with its id; no other account has the same name.

        `registered_at` is in seconds since the epoch.
        """

    async def set_password_hash(name: str, password_hash: str) -> None:
        """Change the hash of an account's password; nothing happens if there is no such account."""

    async def remove_account(name: str) -> None:
        """Remove an account and its logins; nothing happens if there is none."""

    async def add_ban(ban: Ban) -> None:
        """Add a ban, or change until when there is one on the same subject."""

    async def remove_ban(ban: Ban) -> None:
        """Remove the ban on a subject, if there is one."""

    async def login(digest: str) -> ResumeToken | None:
        """Return the login with a digest."""

    async def add_login(login: ResumeToken) -> None:
        """Add a login; it takes the place of one with the same digest."""

    async def remove_login(digest: str) -> None:
        """Remove the login with a digest, if there is one."""

    async def remove_logins(account: str) -> None:
        """Remove all logins of an account."""

    async def refresh_logins(digests: Collection[str], now: float, before: float) -> None:
        """Note that these logins are seen `now`, then remove all last seen before a time."""
