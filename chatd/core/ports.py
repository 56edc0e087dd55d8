"""The interfaces that the core needs of other packages, and seams with several implementations.

The store, the bus and the send queue are zope interfaces. The others are protocols: the core calls
classes that it may not import. A call that may need a database is `async`.
"""

# ruff: noqa: N805 -- methods of a zope interface have no self
from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
        AuditEntry,
        Ban,
        RememberedToken,
        ResumeToken,
        RoomRecord,
        RoomUsage,
        Snapshot,
    )
    from chatd.core.rooms import Origin, Room, User


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


class IBus(Interface):
    """The way of every event of a room to its members and to the parts that record it."""

    messages: int = Attribute("The number of messages since the start of the server.")

    def say(
        room: Room,
        origin: Origin,
        texts: Sequence[str],
        now: float,
        receipt: ReceiptRequest | None = None,
        action: bool = False,
    ) -> None:
        """Give messages of the user of `origin` the next ids of `room`; other sessions read them.

        `receipt`, if given, asks that its recipient be told whether the messages are stored. With
        `action` they tell what the user does.
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
        """Release a name that is reserved for `user`, but not the one that they have or is held."""

    def hold_name(self, user: User) -> None:
        """Take the name from a user who has lost the connection; nobody gets it for a while."""

    def end_hold(self, user: User) -> None:
        """Release the name that is held for a user, if one is."""

    def assume(self, user: User, account: AccountRef) -> None:
        """Make `user` the user of an account, under its name; raise `ChatError` if it is in use."""

    def find_user(self, name: str) -> User | None:
        """Return the user who has `name`, or one that counts as the same, or reserves it."""

    def find_account(self, name: str) -> AccountRef | None:
        """Return the account with `name`, or one that counts as the same."""

    def is_former(self, name: str, account: int | None) -> bool:
        """Tell whether a name belongs to another account than `account` (None: a guest)."""

    def add_account(self, account: AccountRef) -> None:
        """Add an account: its name is for its user alone."""

    def remove_account(self, account: AccountRef) -> None:
        """Remove an account; its rooms have no owner any more."""

    async def start_room(
        self, room_id: str, name: str, owner: int | None = None, permanent: bool = False
    ) -> Room:
        """Create a room, as `RoomRecord` describes it; raise `ChatError` if that is refused."""

    async def end_room(self, room: Room) -> None:
        """Remove `room` for everybody at once, and its history from the store."""

    def room(self, id_or_name: str) -> Room | None:
        """Return the room with that id, or else the only one with that name, if there is one."""

    def require_room(self, id_or_name: str) -> Room:
        """Return a room as `room` does; raise `ChatError`, which names a near one, if none."""

    def counts(self) -> tuple[int, int]:
        """Return the number of rooms, and of names in use by users."""

    def rooms(self) -> Iterable[Room]:
        """Return all rooms, in the order of their creation."""

    async def add_ban(self, ban: Ban, now: float) -> None:
        """Add a ban, or replace it; `now` is the time by the clock of `ban.until`."""

    async def remove_ban(self, ban: Ban) -> Ban:
        """Remove the ban on the subject of `ban`; return it, or raise `ChatError`."""

    def bans(self) -> Sequence[Ban]:
        """Return all active bans."""

    def name_ban(self, name: str) -> Ban | None:
        """Return the active ban on a name."""

    def address_ban(self, address: Address | None) -> Ban | None:
        """Return an active ban on an address."""


class Router(Protocol):
    """Users and their sessions (`chatd.fanout.router`); an `origin` is one of its own."""

    def move(self, origin: Any, user: User, /) -> bool:
        """Make a session one of `user`'s; return whether the former user has no other one."""

    def detach(self, origin: Any, /) -> bool:
        """End a session's part in its user; return whether it was the user's last session."""

    def send(self, user: User, event: Event, skip: Any = None, /) -> None:
        """Send an event to all sessions of `user` but `skip`, after all that happened before."""

    def refresh(self, user: User) -> None:
        """Let the sessions of `user` read by the list of ignored users as it is now."""

    def disconnect(self, user: User, reason: DisconnectReason, text: str = "") -> None:
        """Tell all sessions of `user` why, and close their connections.

        `text` is the reason that the administrator gave.
        """

    def sessions(self, user: User) -> Sequence[Origin]:
        """Return the sessions of `user`, the oldest first."""

    def surplus(self, user: User, limit: int) -> Sequence[Origin]:
        """Return the sessions of `user` beyond `limit`, those that are silent for longest."""

    def current_room(self, user: User) -> Room | None:
        """Return the current room of the session of `user` that was active last."""


class History(Protocol):
    """The stored messages of the rooms (`chatd.storage.history`)."""

    async def read(self, room: Room, since: int | None, limit: int) -> Sequence[Message]:
        """Return the first `limit` messages after id `since`, or, if None, the last; oldest first.

        All messages said before the call are included. Raises `StoreUnavailableError`.
        """

    def recent(self, room: Room) -> Sequence[Message]:
        """Return the newest messages of `room`, as many as a session reads on joining."""

    async def preload(self, room: Room) -> None:
        """Load the messages of `room` that a session reads on joining, if there are any such."""


class IStore(Interface):
    """The persistent data: rooms, messages, accounts, bans and resume tokens.

    Implemented by `storage.sql.SqlStore` and `storage.memory.MemoryStore`. One server opens a store
    alone, or several share it, and one of these appends. Changes are made in the order of the
    calls, but messages apart from other changes, and a change is committed when its call returns.

    All methods but `open` raise `StoreUnavailableError` if the store cannot be reached or written
    to now. Then nothing was changed, or, if the connection broke in the middle, perhaps everything:
    the caller may repeat the call. No call takes longer than a few seconds.
    """

    def open(rooms: Sequence[RoomRecord], *, shared: bool = False) -> Snapshot:
        """Open the store, migrate its schema, add those of `rooms` that are missing.

        Those of `rooms` that are there become permanent if they are so in `rooms`.

        Returns the content that the server keeps in memory. For each room, message ids up to
        `ids_to_reserve(last_id)` above its last id are reserved from then on. Blocks; called once,
        before the reactor runs. Raises `StoreError`, with a message for the operator.

        A `shared` store may be open in several servers that open it so. Each of them may change
        all data but messages. While others have it open, it does not know the last ids of the
        rooms: those in the result are higher, and the server gets the real ones from the others.
        """

    async def close(last_ids: Mapping[str, int]) -> None:
        """Set the last message ids of rooms, by their ids, and release all resources.

        The ids are not set while other servers have the store open.
        """

    async def take_over(*, force: bool = False) -> int:
        """Become the server that appends, of those that share the store; return the position.

        That is the last one that was given to `append`, or 0. From then on no other server's
        messages are stored. Raises `StoreUnavailableError` if another server that appends is
        alive. With `force`, its session is ended instead: the caller knows that it is dead or
        hangs. A server that is alone appends from the start.
        """

    async def add_room(room: RoomRecord) -> int:
        """Add a room, last in the order, and return its last message id.

        That is 0, or `room.last_id` if that is higher, or the one that a removed room with the
        same id had. Ids are reserved above it as by `open`.
        """

    async def remove_room(room_id: str, last_id: int) -> None:
        """Remove a room and its messages; a new room with the same id continues after `last_id`."""

    async def append(
        batches: Sequence[MessageBatch], reserved: Mapping[str, int], position: int | None = None
    ) -> None:
        """Add messages, either all or none.

        In each room, ids ascend, and no message has an id that was stored before, with one
        exception: a call that raised `StoreUnavailableError` may be repeated before any other, with
        the same batches, or less the oldest ones or all those of a room. Batches that were stored
        are not added again. Texts and names contain no control characters except newlines and tabs.

        `reserved` has for some rooms, by their ids, the message id up to which ids are reserved:
        after a crash a room continues above it. `position`, if given, is stored with the messages:
        how far in the ordered operations of all servers they reach. A repeated call may repeat it.

        Of several servers only the one that has taken over last appends, the others get
        `StoreUnavailableError`.
        """

    async def history(room_id: str, since: int | None, limit: int, size: int) -> Sequence[Message]:
        """Return the first `limit` messages after the id `since`, or the last ones if it is None.

        They come oldest first, and take at most `size` bytes as JSON, but there is always at least
        one if the room has any.
        """

    async def prune(before: float) -> int | None:
        """Remove some of the messages from before a time, and of those of removed rooms.

        Returns how many from before that time were removed, without those of removed rooms, or None
        if there was nothing to remove. Messages that were written together are removed together,
        so some of them may be kept for about a second longer.
        """

    async def set_pruned_at(time: float) -> None:
        """Set the time at which old messages were removed last."""

    async def trim(room_id: str, size: int) -> int:
        """Remove some of the oldest messages of a room if all of them take more than `size` bytes.

        Returns how many were removed, 0 if there is no need. Messages that were written together
        are removed together: those written last stay, and a room may have the oldest of the others
        beyond `size`.
        """

    async def compact() -> bool:
        """Give some of the space of removed messages back; return whether there may be more."""

    async def size() -> int | None:
        """Return how many bytes the store takes on the disk; None if it uses none."""

    async def room_usage() -> Mapping[str, RoomUsage]:
        """Return the usage of the rooms that have stored messages, by `room_key` of their ids.

        The histories are not read. A size is that of the stored bytes, about.
        """

    async def account(name: str) -> Account | None:
        """Return the account that is registered under exactly this name."""

    async def accounts() -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""

    async def add_account(
        name: str, password_hash: str, registered_at: float, registration: str | None = None
    ) -> Account:
        """Add an account and return it with its id.

        `registered_at` is in seconds since the epoch. If an account has the name, or one that
        counts as the same (`core.lookalikes.name_keys`), raises `ChatError`, with its name.

        `registration` is a random text, by which a call that raised `StoreUnavailableError` can be
        repeated: if that call has added the account, its hash and time are set, and it is returned.
        """

    async def set_password_hash(
        name: str, password_hash: str, is_new_password: bool = False
    ) -> None:
        """Change the password hash of an account; do nothing if it does not exist.

        A new password removes the remembered tokens of the account.
        """

    async def set_admin(name: str, is_admin: bool) -> None:
        """Set whether an account is an administrator; do nothing if it does not exist."""

    async def remove_account(name: str) -> None:
        """Remove an account and all its tokens; do nothing if it does not exist.

        The rooms that it owns have no owner any more.
        """

    async def add_ban(ban: Ban) -> None:
        """Add a ban, or replace the one on the same subject."""

    async def remove_ban(ban: Ban) -> None:
        """Remove the ban on a subject, if there is one."""

    async def add_audit_entry(entry: AuditEntry) -> None:
        """Add an entry to the audit; remove entries older than the last `MAX_AUDIT_ENTRIES`."""

    async def audit_entries(limit: int) -> Sequence[AuditEntry]:
        """Return the last entries of the audit, at most `limit`, the oldest of them first."""

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

    async def remembered_tokens(account: str) -> Sequence[RememberedToken]:
        """Return the remembered tokens of an account, the oldest first."""

    async def add_remembered_token(token: RememberedToken, limit: int) -> None:
        """Add a remembered token, or replace the one with the same digest.

        Of the tokens of its account, only the `limit` that were used last are kept. Does nothing if
        the account does not exist any more.
        """

    async def use_remembered_token(digest: str, now: float, before: float) -> str | None:
        """Set when a remembered token was last used to `now`; return the name of its account.

        Does nothing, and returns None, if there is none or it was last used before `before`.
        """

    async def remove_remembered_token(digest: str) -> None:
        """Remove the remembered token with a digest, if there is one."""

    async def remove_remembered_tokens(account: str) -> None:
        """Remove all remembered tokens of an account."""

    async def remove_remembered_tokens_before(before: float) -> None:
        """Remove all remembered tokens that were last used before a time."""

    async def add_ignore(account: int, ignored: int) -> None:
        """Note that an account ignores another one, by their ids.

        Does nothing if one of them does not exist any more. It ends with either of them.
        """

    async def remove_ignore(account: int, ignored: int) -> None:
        """Note that an account does not ignore another one."""
