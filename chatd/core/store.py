"""The interface of the store: the data that outlives the server."""

# ruff: noqa: N805 -- methods of a zope interface have no self
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from chatd.core.events import Message, MessageBatch
    from chatd.core.records import (
        Account,
        AccountKey,
        AccountRef,
        AuditEntry,
        Ban,
        KeptMessage,
        ReadMark,
        RememberedToken,
        ResumeToken,
        RoomAccess,
        RoomRecord,
        RoomUsage,
        Snapshot,
    )


class IStore(Interface):
    """The persistent data: rooms, messages, accounts, and what belongs to them.

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
        same id had. Ids are reserved above it as by `open`. The room begins without settings and
        with an empty access list, whatever the record has.
        """

    async def remove_room(room_id: str, last_id: int) -> None:
        """Remove a room and its messages; a new room with the same id continues after `last_id`.

        Its settings, its access list and the read marks in it are removed as well. If it was
        private, its key and its owner are in `Snapshot.ended_private` until it is added again.
        """

    async def set_room_settings(
        room_id: str, changes: Mapping[str, str | float | bool | int]
    ) -> None:
        """Set some settings of a room, by their names in `RoomSettings`.

        Does nothing if the room does not exist any more.
        """

    async def add_room_access(room_id: str, entry: RoomAccess) -> None:
        """Add an entry to the access list of a room, last in the order.

        It replaces the one of the same kind and subject: the same account, or a guest whose name
        differs by case at most. Does nothing if the room or the account does not exist any more.
        Entries end with the account and with the room.
        """

    async def remove_room_access(room_id: str, entry: RoomAccess) -> None:
        """Remove the entry of the same kind and subject from the access list of a room."""

    async def remove_room_access_before(time: float) -> None:
        """Remove all entries of access lists that have ended before a time."""

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

    async def history(
        room_id: str, since: int | None, limit: int, size: int, before: int | None = None
    ) -> Sequence[Message]:
        """Return the first `limit` messages after the id `since`, or the last ones if it is None.

        With `before`, only those with ids below it count. They come oldest first, and take at most
        `size` bytes as JSON, but there is always at least one if there is any.
        """

    async def id_at(room_id: str, time: float) -> int | None:
        """Return the id of the first message whose time is `time` or later, None if none is.

        The times are those that `history` gives: a store may keep them in steps of 1/8388608 s. In
        a room they never go backwards. A message without its text counts as well.
        """

    async def search(
        rooms: Sequence[str], words: Sequence[str], before: int | None, limit: int
    ) -> Sequence[Message]:
        """Return the first `limit` messages of some rooms that have all words, newest first.

        The rooms are given by their ids, the words as `core.searchwords.query_words` returns them.
        In a room messages come by their ids, in several rooms by their times. `before` is given
        with one room at most: only messages with ids below it count.
        """

    async def index() -> float | None:
        """Do a little of the work that makes `search` fast; return None if there is none to do.

        Else returns how many seconds of CPU time it took. The work is to index new messages, and to
        remove the words of removed ones from the index. A search finds the same with and without.
        """

    async def delete_message(room_id: str, message_id: int) -> bool:
        """Delete the text of a message; `history` gives it without the text from then on.

        Returns False if there is no such message that a reader could read, True also if its text
        was deleted before. A repeated `append` does not bring the text back.
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

        A new password removes the remembered tokens and the keys of the account.
        """

    async def set_admin(name: str, is_admin: bool) -> None:
        """Set whether an account is an administrator; do nothing if it does not exist."""

    async def remove_account(name: str) -> None:
        """Remove an account with all its tokens and keys; do nothing if it does not exist.

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

    async def add_account_key(account: int, key: AccountKey, limit: int) -> bool:
        """Add a key to an account; one that it has already stays as it is.

        Returns False, and adds nothing, if the account does not exist any more, or has as many as
        `limit` keys. Raises `ChatError` if the key is that of another account.
        """

    async def remove_account_key(account: int, fingerprint: str) -> bool:
        """Remove a key of an account; return whether it had the key."""

    async def account_keys(account: int) -> Sequence[AccountKey]:
        """Return the keys of an account, the oldest first."""

    async def account_of_key(fingerprint: str) -> AccountRef | None:
        """Return the account that has a key, None if none has it."""

    async def add_ignore(account: int, ignored: int) -> None:
        """Note that an account ignores another one, by their ids.

        Does nothing if one of them does not exist any more. It ends with either of them.
        """

    async def remove_ignore(account: int, ignored: int) -> None:
        """Note that an account does not ignore another one."""

    async def raise_read_marks(marks: Sequence[ReadMark]) -> None:
        """Note how far accounts have read rooms, except where they had read further.

        Does nothing for an account or a room that does not exist any more.
        """

    async def read_mark(account: int, room_id: str) -> int:
        """Return the id through which an account has read a room, 0 if it was never noted."""

    async def keep_message(
        recipient: int, message: KeptMessage, per_sender: int, in_all: int
    ) -> bool:
        """Keep a private message for an account; the store gives it an id.

        Returns False, and keeps nothing, if the account does not exist any more, or if as many as
        `in_all` are kept for it, or `per_sender` from the same sender (see `KeptMessage`).
        """

    async def kept_messages(recipient: int) -> Sequence[KeptMessage]:
        """Return the private messages that are kept for an account, the oldest first."""

    async def remove_kept_messages(ids: Collection[int]) -> None:
        """Remove some of the private messages that are kept."""

    async def remove_kept_messages_before(time: float) -> None:
        """Remove all kept private messages from before a time."""
