"""The seams of the house: what may one day be done by something else, or somewhere else.

Ground like `chatd.core`, whose types it names. The implementations so far stand beside the
interface's name. What may need a database or another machine is `async`.
"""

# ruff: noqa: N805 -- methods of a zope interface have no self
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from chatd.core.events import Address, DisconnectReason, Event, Message, MessageBatch, RoomEvent
    from chatd.core.records import Account, Ban, ResumeToken, RoomRecord, Snapshot
    from chatd.core.rooms import ResumableUser, Room, User


class ISendQueue(Interface):
    """The output of one connection (`chatd.server.sendqueue`).

    No method raises an exception for a fault of the client, and none calls back: a connection that
    is aborted ends in the next turn of the reactor.
    """

    limit: int = Attribute("How many bytes may be queued; more abort the connection.")
    queued: int = Attribute("How many bytes are queued because the client does not read.")

    def write(blob: bytes) -> None:
        """Send `blob` after all that was written before; drop it if the connection is closing."""

    def close_when_sent() -> None:
        """Close the connection when all is sent, or abort it after a few seconds."""

    def abort() -> None:
        """Close the connection in the next turn, and drop what is queued."""


class IBus(Interface):
    """The one place an event goes out from (`bus.LocalBus`); in a cluster, the way to others."""

    def say(room: Room, actor: User, texts: Sequence[str], now: float) -> MessageBatch:
        """Take messages of `by` into the one order of `room`, and let all others in it know."""

    def publish(room: Room, event: RoomEvent, actor: User | None = None) -> None:
        """Let all in `room` know of an event but `by`, who did it and who knows."""

    def tell(user: User, event: Event) -> None:
        """Let one chatter know, after all that happened before in his rooms."""

    def dismiss(user: User, why: DisconnectReason) -> None:
        """Tell one chatter why, and end his connection."""


class IRegistry(Interface):
    """Claims of names, rooms and accounts, and who is banned (`registry.LocalRegistry`).

    What is to last is in the store when the call returns; `UnavailableError` if that cannot be reached.
    """

    async def reserve_name(user: User, name: str, account: str | None = None) -> str:
        """Keep `name` for `who`, who may have another; return its spelling, or raise `ChatError`.

        The name of an account is for who is logged in to `account`.
        """

    def assign_name(user: User, name: str) -> None:
        """Let `who` have a name he claimed, "" for none, and let go of the one he had."""

    def release_name(user: User, name: str) -> None:
        """Let go of a name that `who` claimed, but not of the one he has."""

    def find(name: str) -> User | None:
        """Return who has `name`, or one that is the same."""

    def find_account(name: str) -> str | None:
        """Return the account whose name is `name`, or one that is the same."""

    def add_account(name: str) -> None:
        """Take note of an account; its name is for who is logged in to it."""

    def remove_account(name: str) -> None:
        """Take note that an account is no more."""

    async def start_room(room_id: str, name: str) -> Room:
        """Make a room; raise `ChatError` if it cannot be."""

    async def end_room(room: Room) -> None:
        """Remove `room`, at once for everybody, and its history; its count goes on if it is started again."""

    def room(room_id: str) -> Room | None:
        """Return the room with that id, if there is one."""

    def rooms() -> Iterable[Room]:
        """Return all rooms, in the order in which they were started."""

    async def add_ban(ban: Ban) -> None:
        """Ban somebody, or change until when."""

    async def remove_ban(ban: Ban, now: float) -> Ban:
        """Lift the ban on the subject of `ban`; return it, or raise `ChatError` if there is none."""

    def bans(now: float) -> Sequence[Ban]:
        """Return all bans that hold."""

    async def purge_bans(now: float) -> None:
        """Remove the bans that are over."""

    def is_name_banned(name: str, now: float) -> bool:
        """Tell whether nobody may be here under a name."""

    def is_address_banned(address: Address | None, now: float) -> bool:
        """Tell whether nobody may come from an address."""


class ITickets(Interface):
    """Session secrets, by which one comes back after a lost connection (`tickets.Tickets`)."""

    async def issue(user: User) -> str:
        """Return the secret of `who`, a new one if he has none."""

    async def find(secret: str) -> ResumableUser:
        """Return who had this secret; raise `ChatError` if it is unknown or too old."""

    def spend(secret: str) -> None:
        """Forget a secret: it has been of use."""

    def remember(user: User) -> None:
        """Take note of who `who` is: his connection is lost, and he may come back."""

    def forget(user: User) -> None:
        """Take note that `who` does not come back."""

    async def bind(user: User) -> None:
        """Let the secret of `who`, and no other, be good for his account, if he is logged in."""

    async def void(account: str) -> None:
        """Let no secret be good for an account."""


class IHistory(Interface):
    """What was said in the rooms (`history.History`)."""

    async def read(room: Room, since: int | None, limit: int) -> Sequence[Message]:
        """Return the first `limit` messages after id `since`, or, if None, the last; oldest first.

        All that was said before the call is among them. Raises `UnavailableError`.
        """

    async def prepare(room: Room) -> None:
        """See to it that `tail` knows what was said in `room` before; it may fail to."""

    def tail(room: Room) -> Sequence[Message]:
        """Return the last messages of `room`, as many as are replayed to who joins."""


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

    async def add_account(account: Account) -> None:
        """Add an account; nobody has one of the same name."""

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

    async def remove_logins(account: str) -> None:
        """Remove all logins of an account."""

    async def refresh_logins(digests: Collection[str], now: float, before: float) -> None:
        """Note that these logins are seen `now`, then remove all last seen before a time."""


class IAccounts(Interface):
    """Accounts and their passwords (`accounts.accounts.Accounts`).

    All raise `ChatError` where something is refused: a password that is not allowed, too much to do,
    the store out of reach.
    """

    async def create(name: str, password: str, now: float) -> None:
        """Add an account; nobody has one of that name."""

    async def authenticate(name: str, password: str, address: Address | None) -> None:
        """Raise `ChatError` unless `password` is that of the account `name`.

        It takes as long if there is no such account, and longer after several failures.
        """

    async def change_password(name: str, old: str, new: str, address: Address | None) -> None:
        """Set the password of an account, of which `old` must be the one so far."""

    async def set_password(name: str, new: str) -> None:
        """Set the password of an account."""

    async def remove(name: str) -> None:
        """Remove an account."""

    async def all() -> Sequence[Account]:
        """Return all accounts, in the order in which they were registered."""
