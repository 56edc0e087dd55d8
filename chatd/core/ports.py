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
    from chatd.core.events import (
        Address,
        DisconnectReason,
        Event,
        Message,
        MessageBatch,
        ReceiptRequest,
        RoomEvent,
    )
    from chatd.core.records import Account, Ban, ResumeToken, RoomRecord, Snapshot
    from chatd.core.rooms import ResumableUser, Room, User


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
    """The one place an event goes out from (`bus.LocalBus`); in a cluster, the way to others."""

    def say(
        room: Room, actor: User, texts: Sequence[str], now: float, receipt: ReceiptRequest | None
    ) -> None:
        """Give messages of `actor` the next ids of `room`, and show them to all other members.

        `receipt`, if given, asks that its recipient be told whether the messages are stored.
        """

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

    async def preload(room: Room) -> None:
        """See to it that `recent` knows what was said in `room` before; it may fail to."""

    def recent(room: Room) -> Sequence[Message]:
        """Return the last messages of `room`, as many as are replayed to who joins."""


class IStore(Interface):
    """The persistent data: rooms, messages, accounts, bans and resume tokens.

    Implemented by `storage.sql.SqlStore` and `storage.memory.MemoryStore`. A store is used by one
    server at a time. Changes are made in the order of the calls, and a change is committed when its
    call returns.

    All methods but `open` raise `StoreUnavailableError` if the store cannot be reached or written
    to now. Then nothing was changed, or, if the connection broke in the middle, perhaps everything:
    the caller may repeat the call. No call takes longer than a few seconds.
    """

    def open(rooms: Sequence[RoomRecord]) -> Snapshot:
        """Open the store, migrate its schema, add those of `rooms` that are missing.

        Returns the content that the server keeps in memory. For each room, message ids up to
        `ids_to_reserve(last_id)` above its last id are reserved from then on. Blocks; called once,
        before the reactor runs. Raises `StoreError`, with a message for the operator.
        """

    async def close(last_ids: Mapping[str, int]) -> None:
        """Set the last message ids of rooms, by their ids, and release all resources."""

    async def add_room(room_id: str, name: str) -> int:
        """Add a room, last in the order, and return its last message id.

        That is 0, or the one that a removed room with the same id had. Ids are reserved above it as
        by `open`.
        """

    async def remove_room(room_id: str, last_id: int) -> None:
        """Remove a room and its messages; a new room with the same id continues after `last_id`."""

    async def append(batches: Sequence[MessageBatch], reserved: Mapping[str, int]) -> None:
        """Add messages, either all or none.

        In each room, ids ascend and are above all those stored before, with one exception: a call
        that raised `StoreUnavailableError` may be repeated before any other, with the same batches,
        or less the oldest ones or all those of a room. Batches that were stored are not added
        again. Texts and names contain no control characters except newlines and tabs.

        `reserved` has for some rooms, by their ids, the message id up to which ids are reserved:
        after a crash a room continues above it.
        """

    async def history(room_id: str, since: int | None, limit: int, size: int) -> Sequence[Message]:
        """Return the first `limit` messages after the id `since`, or the last ones if it is None.

        They come oldest first, and take at most `size` bytes as JSON, but there is always at least
        one if the room has any.
        """

    async def prune(before: float) -> bool:
        """Remove some of the messages from before a time, and of those of removed rooms.

        Returns whether there may be more. Messages that were written together are removed together,
        so some of them may be kept for about a second longer.
        """

    async def account(name: str) -> Account | None:
        """Return the account that is registered under exactly this name."""

    async def accounts() -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""

    async def add_account(name: str, password_hash: str, registered_at: float) -> Account:
        """Add an account and return it with its id; no other account has the same name.

        `registered_at` is in seconds since the epoch.
        """

    async def set_password_hash(name: str, password_hash: str) -> None:
        """Change the password hash of an account; do nothing if it does not exist."""

    async def remove_account(name: str) -> None:
        """Remove an account and its resume tokens; do nothing if it does not exist."""

    async def add_ban(ban: Ban) -> None:
        """Add a ban, or replace the one on the same subject."""

    async def remove_ban(ban: Ban) -> None:
        """Remove the ban on a subject, if there is one."""

    async def resume_token(digest: str) -> ResumeToken | None:
        """Return the resume token with a digest."""

    async def add_resume_token(token: ResumeToken) -> None:
        """Add a resume token, or replace the one with the same digest.

        Does nothing if the account does not exist any more.
        """

    async def remove_resume_token(digest: str) -> None:
        """Remove the resume token with a digest, if there is one."""

    async def remove_resume_tokens(account: str) -> None:
        """Remove all resume tokens of an account."""

    async def touch_resume_tokens(digests: Collection[str], now: float, before: float) -> None:
        """Set when some resume tokens were last seen to `now`, then remove all last seen before."""


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
