"""A store that lasts only as long as the process: for servers that need no more, and for tests.

Plain Python, without a thread or a file. Its coroutines never suspend, and it is always available.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from zope.interface import implementer

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.events import Message, MessageBatch
from chatd.core.records import (
    MAX_AUDIT_ENTRIES,
    Account,
    AuditEntry,
    Ban,
    BanKind,
    RememberedToken,
    ResumeToken,
    RoomRecord,
    RoomUsage,
    Snapshot,
)
from chatd.core.store import IStore
from chatd.storage.chunks import take_within
from chatd.storage.memory_accounts import MemoryAccounts
from chatd.storage.memory_rooms import MemoryRooms


class _Content:
    """The data of a store, which all its servers share."""

    def __init__(self) -> None:
        self.rooms = MemoryRooms()
        self.accounts = MemoryAccounts()
        self.bans: dict[tuple[BanKind, str], Ban] = {}
        self.audit: deque[AuditEntry] = deque(maxlen=MAX_AUDIT_ENTRIES)
        self.pruned_at: float | None = None
        self.position = 0
        # The servers that have the store open; whether they share it, and which of them appends.
        self.servers: set[MemoryStore] = set()
        self.is_shared = False
        self.scribe: MemoryStore | None = None


@implementer(IStore)
class MemoryStore:
    """Rooms, messages, accounts, bans and resume tokens in dictionaries.

    `content` is that of another server's store; `share` gives it.
    """

    def __init__(self, content: _Content | None = None) -> None:
        self._content = content or _Content()
        self._rooms = self._content.rooms
        self._accounts = self._content.accounts
        self._is_shared = False

    def share(self) -> MemoryStore:
        """Return the store of another server, with the same content."""
        return MemoryStore(self._content)

    def crash(self) -> None:
        """Do to others what the end of the server's process does."""
        self._content.servers.discard(self)
        if self._content.scribe is self:
            self._content.scribe = None

    def open(self, rooms: Sequence[RoomRecord], *, shared: bool = False) -> Snapshot:
        """Add the rooms that are missing, and return what is there."""
        content, accounts = self._content, self._accounts
        self.crash()
        if content.servers and not (shared and content.is_shared):
            raise StoreError("The store in memory is in use by another server.")
        content.servers.add(self)
        content.is_shared = self._is_shared = shared
        self._rooms.add_missing(rooms)
        return Snapshot(
            self._rooms.load(),
            accounts.refs(),
            [content.bans[subject] for subject in sorted(content.bans)],
            content.pruned_at,
            accounts.admins(),
            accounts.ignores(),
        )

    async def close(self, last_ids: Mapping[str, int]) -> None:
        """Set the last ids of the rooms, unless another server has the store open."""
        self.crash()
        if not self._content.servers:
            for room_id, last_id in last_ids.items():
                self._rooms[room_id].reserved_through = last_id

    async def take_over(self, *, force: bool = False) -> int:
        """Become the server that appends; return the stored position."""
        content = self._content
        if self._is_shared:
            if self not in content.servers:
                raise StoreUnavailableError("this server has ended")
            if content.scribe not in {None, self} and not force:
                raise StoreUnavailableError("another server stores the messages")
            content.scribe = self
        return content.position

    # -- rooms and messages

    async def add_room(self, room: RoomRecord) -> int:
        """Add a room, last in the order; return its last id."""
        return self._rooms.add(room)

    async def remove_room(self, room_id: str, last_id: int) -> None:
        """Remove a room and its messages; keep its last id."""
        self._rooms.remove(room_id, last_id)

    async def append(
        self,
        batches: Sequence[MessageBatch],
        reserved: Mapping[str, int],
        position: int | None = None,
    ) -> None:
        """Add messages, except those that are there already, reserve ids, set the position."""
        if self._is_shared and self._content.scribe is not self:
            raise StoreUnavailableError("this server does not store messages")
        if position is not None:
            self._content.position = position
        for batch in batches:
            self._rooms[batch.room].append(batch)
        for room_id, last_id in reserved.items():
            room = self._rooms.active(room_id)
            if room is not None:
                room.reserved_through = max(room.reserved_through, last_id)

    async def history(
        self, room_id: str, since: int | None, limit: int, size: int
    ) -> Sequence[Message]:
        """Return the first messages after an id, or the last ones."""
        room = self._rooms.active(room_id)
        if room is None:
            return []
        found = islice(room.messages_after(since), limit)
        messages = take_within((message._replace(room=room.id) for message in found), size)
        return messages[::-1] if since is None else messages

    async def prune(self, before: float) -> int | None:
        """Remove the messages from before a time; return how many, or None if there were none."""
        return sum(room.prune(before) for room in self._rooms) or None

    async def set_pruned_at(self, time: float) -> None:
        """Set when old messages were removed last."""
        self._content.pruned_at = time

    async def trim(self, room_id: str, size: int) -> int:
        """Remove the oldest messages of a room beyond `size` bytes; return how many."""
        room = self._rooms.active(room_id)
        return 0 if room is None else room.trim(size)

    async def room_usage(self) -> Mapping[str, RoomUsage]:
        """Return the usage of the rooms that have messages, by their keys."""
        return self._rooms.usage()

    async def compact(self) -> bool:
        """Return False: the store has no file."""
        return False

    async def size(self) -> None:
        """Return None: the store has no file."""

    # -- accounts, bans, the audit, tokens, ignored users

    async def account(self, name: str) -> Account | None:
        """Return the account that is registered under exactly this name."""
        return self._accounts.by_name.get(name)

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""
        return list(self._accounts.by_name.values())

    async def add_account(
        self, name: str, password_hash: str, registered_at: float, registration: str | None = None
    ) -> Account:
        """Add an account and return it with its id."""
        return self._accounts.add(name, password_hash, registered_at, registration)

    async def set_password_hash(
        self, name: str, password_hash: str, is_new_password: bool = False
    ) -> None:
        """Change the password hash of an account; a new password removes remembered tokens."""
        self._accounts.set_password_hash(name, password_hash, is_new_password)

    async def set_admin(self, name: str, is_admin: bool) -> None:
        """Set whether an account is an administrator."""
        self._accounts.set_admin(name, is_admin)

    async def remove_account(self, name: str) -> None:
        """Remove an account and all its tokens; its rooms have no owner then."""
        removed = self._accounts.remove(name)
        for room in self._rooms:
            if room.owner == removed:
                room.owner = None

    async def add_ban(self, ban: Ban) -> None:
        """Add a ban, or replace the one on the same subject."""
        self._content.bans[ban.kind, ban.subject] = ban

    async def remove_ban(self, ban: Ban) -> None:
        """Remove the ban on a subject."""
        self._content.bans.pop((ban.kind, ban.subject), None)

    async def add_audit_entry(self, entry: AuditEntry) -> None:
        """Add an entry to the audit; remove those that are too old."""
        self._content.audit.append(entry)

    async def audit_entries(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries of the audit, the oldest of them first."""
        return list(self._content.audit)[-limit:]

    async def resume_token(self, digest: str) -> ResumeToken | None:
        """Return the resume token with a digest."""
        return self._accounts.tokens.get(digest)

    async def add_resume_token(self, token: ResumeToken) -> None:
        """Add a resume token, unless its account does not exist any more."""
        if token.account in self._accounts.by_name:
            self._accounts.tokens[token.digest] = token

    async def remove_resume_token(self, digest: str) -> None:
        """Remove the resume token with a digest."""
        self._accounts.tokens.pop(digest, None)

    async def remove_resume_tokens(self, account: str) -> None:
        """Remove all resume tokens of an account."""
        self._accounts.remove_tokens(account)

    async def touch_resume_tokens(
        self, digests: Collection[str], now: float, before: float
    ) -> None:
        """Set when some resume tokens were last seen, and remove those not seen since `before`."""
        self._accounts.touch_tokens(digests, now, before)

    async def add_ignore(self, account: int, ignored: int) -> None:
        """Note that an account ignores another one, if both exist."""
        self._accounts.add_ignore(account, ignored)

    async def remove_ignore(self, account: int, ignored: int) -> None:
        """Note that an account does not ignore another one."""
        self._accounts.remove_ignore(account, ignored)

    async def remembered_tokens(self, account: str) -> Sequence[RememberedToken]:
        """Return the remembered tokens of an account, the oldest first."""
        return self._accounts.remembered.of_account(account)

    async def add_remembered_token(self, token: RememberedToken, limit: int) -> None:
        """Add a remembered token; keep the `limit` of its account that were used last."""
        if token.account in self._accounts.by_name:
            self._accounts.remembered.add(token, limit)

    async def use_remembered_token(self, digest: str, now: float, before: float) -> str | None:
        """Set when a remembered token was used; return the name of its account."""
        return self._accounts.remembered.use(digest, now, before)

    async def remove_remembered_token(self, digest: str) -> None:
        """Remove the remembered token with a digest."""
        self._accounts.remembered.remove(digest)

    async def remove_remembered_tokens(self, account: str) -> None:
        """Remove all remembered tokens of an account."""
        self._accounts.remembered.remove_all(account)

    async def remove_remembered_tokens_before(self, before: float) -> None:
        """Remove all remembered tokens that were last used before a time."""
        self._accounts.remembered.remove_before(before)
