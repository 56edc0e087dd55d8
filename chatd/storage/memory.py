"""A store that lasts only as long as the process: for servers that need no more, and for tests.

Plain Python, without a thread or a file. Its coroutines never suspend, and it is always available.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Final

from zope.interface import implementer

from chatd.core.events import Message, MessageBatch
from chatd.core.lookalikes import room_key
from chatd.core.ports import IStore
from chatd.core.records import (
    MAX_AUDIT_ENTRIES,
    Account,
    AccountRef,
    AuditEntry,
    Ban,
    BanKind,
    RememberedToken,
    ResumeToken,
    RoomRecord,
    RoomUsage,
    Snapshot,
    ids_to_reserve,
    is_only_reserved,
)
from chatd.storage.chunks import pack, take_within
from chatd.storage.memory_tokens import MemoryTokens

MAX_HISTORY: Final = 4000
"""How many messages of a room are kept; the batch with the oldest of them is kept whole."""


@dataclass
class _Room:
    """A room; the fields are those of the table `rooms` in `chatd.storage.schema`."""

    id: str
    name: str
    reserved_through: int
    deleted_through: int = 0
    owner: int | None = None
    permanent: bool = False
    active: bool = True
    batches: deque[MessageBatch] = field(default_factory=deque)
    messages: int = 0

    @property
    def last_time(self) -> float:
        """The second by which the newest message was said, 0 if there is none."""
        return int(self.batches[-1].time) + 1 if self.batches else 0.0

    def append(self, batch: MessageBatch) -> None:
        """Append a batch, unless the room has it already or it is from before the room closed."""
        if batch.id <= (self.batches[-1].id if self.batches else self.deleted_through):
            return
        self.batches.append(batch)
        self.messages += len(batch.texts)
        while self.messages - len(self.batches[0].texts) >= MAX_HISTORY:
            self.messages -= len(self.batches.popleft().texts)

    def prune(self, before: float) -> int:
        """Remove the batches from before a time; return how many messages they have."""
        remaining = [batch for batch in self.batches if batch.time >= before]
        messages = sum(len(batch.texts) for batch in remaining)
        removed = self.messages - messages
        self.batches, self.messages = deque(remaining), messages
        return removed

    def trim(self, size: int) -> int:
        """Remove the oldest batches but the last while all take over `size` bytes.

        Returns how many messages were removed.
        """
        before = self.messages
        sizes = [_stored_size(batch) for batch in self.batches]
        excess = sum(sizes) - size
        for stored in sizes[:-1]:
            if excess <= 0:
                break
            excess -= stored
            self.messages -= len(self.batches.popleft().texts)
        return before - self.messages

    @property
    def used(self) -> bool:
        """Whether something was said in the room."""
        return bool(self.batches) or not is_only_reserved(
            self.deleted_through, self.reserved_through
        )


def _stored_size(batch: MessageBatch) -> int:
    return pack([batch])[0].written


@implementer(IStore)
class MemoryStore:
    """Rooms, messages, accounts, bans and resume tokens in dictionaries."""

    def __init__(self) -> None:
        # In the order in which they were created.
        self._rooms: dict[str, _Room] = {}
        self._accounts: dict[str, Account] = {}
        self._account_ids = count(1)
        self._bans: dict[tuple[BanKind, str], Ban] = {}
        self._audit: deque[AuditEntry] = deque(maxlen=MAX_AUDIT_ENTRIES)
        self._tokens: dict[str, ResumeToken] = {}
        self._remembered = MemoryTokens()
        self._ignores: set[tuple[int, int]] = set()
        self._pruned_at: float | None = None

    def open(self, rooms: Sequence[RoomRecord]) -> Snapshot:
        """Add the rooms that are missing, and return what is there."""
        for record in rooms:
            room = self._active_room(record.id)
            if room is None:
                self._activate(record)
            else:
                room.permanent = room.permanent or record.permanent
        active = [room for room in self._rooms.values() if room.active]
        records = [
            RoomRecord(
                room.id,
                room.name,
                room.reserved_through,
                room.last_time,
                room.owner,
                room.permanent,
                room.used,
            )
            for room in active
        ]
        for room in active:
            room.reserved_through += ids_to_reserve(room.reserved_through)
        accounts = [AccountRef(account.id, account.name) for account in self._accounts.values()]
        bans = [self._bans[subject] for subject in sorted(self._bans)]
        admins = tuple(account.id for account in self._accounts.values() if account.is_admin)
        refs = {account.id: account for account in accounts}
        ignores = [(account, refs[ignored]) for account, ignored in sorted(self._ignores)]
        return Snapshot(records, accounts, bans, self._pruned_at, admins, ignores)

    async def close(self, last_ids: Mapping[str, int]) -> None:
        """Set the last ids of the rooms."""
        for room_id, last_id in last_ids.items():
            self._rooms[room_key(room_id)].reserved_through = last_id

    # -- rooms and messages

    async def add_room(self, room: RoomRecord) -> int:
        """Add a room, last in the order; return its last id."""
        added = self._activate(room)
        last_id = added.reserved_through
        added.reserved_through += ids_to_reserve(last_id)
        return last_id

    async def remove_room(self, room_id: str, last_id: int) -> None:
        """Remove a room and its messages; keep its last id."""
        room = self._rooms[room_key(room_id)]
        room.batches.clear()
        room.messages = 0
        room.active = False
        room.reserved_through = room.deleted_through = last_id

    async def append(self, batches: Sequence[MessageBatch], reserved: Mapping[str, int]) -> None:
        """Add messages, except those that are there already, and reserve ids."""
        for batch in batches:
            self._rooms[room_key(batch.room)].append(batch)
        for room_id, last_id in reserved.items():
            room = self._rooms[room_key(room_id)]
            room.reserved_through = max(room.reserved_through, last_id)

    async def history(
        self, room_id: str, since: int | None, limit: int, size: int
    ) -> Sequence[Message]:
        """Return the first messages after an id, or the last ones."""
        room = self._active_room(room_id)
        if room is None:
            return []
        found = (
            (message for batch in reversed(room.batches) for message in reversed(batch.messages()))
            if since is None
            else (
                message
                for batch in room.batches
                if batch.last_id > since
                for message in batch.messages()
                if message.id > since
            )
        )
        limited = (message._replace(room=room.id) for message in islice(found, limit))
        messages = take_within(limited, size)
        return messages[::-1] if since is None else messages

    async def prune(self, before: float) -> int | None:
        """Remove the messages from before a time; return how many, or None if there were none."""
        return sum(room.prune(before) for room in self._rooms.values()) or None

    async def set_pruned_at(self, time: float) -> None:
        """Set when old messages were removed last."""
        self._pruned_at = time

    async def trim(self, room_id: str, size: int) -> int:
        """Remove the oldest messages of a room beyond `size` bytes; return how many."""
        room = self._active_room(room_id)
        return 0 if room is None else room.trim(size)

    async def room_usage(self) -> Mapping[str, RoomUsage]:
        """Return the usage of the rooms that have messages, by their keys."""
        return {
            key: RoomUsage(sum(map(_stored_size, room.batches)), room.last_time - 1)
            for key, room in self._rooms.items()
            if room.active and room.batches
        }

    async def compact(self) -> bool:
        """Return False: the store has no file."""
        return False

    async def size(self) -> None:
        """Return None: the store has no file."""

    # -- accounts, bans, the audit, resume tokens

    async def account(self, name: str) -> Account | None:
        """Return the account that is registered under exactly this name."""
        return self._accounts.get(name)

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""
        return list(self._accounts.values())

    async def add_account(self, name: str, password_hash: str, registered_at: float) -> Account:
        """Add an account and return it with its id."""
        account = Account(next(self._account_ids), name, password_hash, registered_at)
        self._accounts[name] = account
        return account

    async def set_password_hash(
        self, name: str, password_hash: str, is_new_password: bool = False
    ) -> None:
        """Change the password hash of an account; a new password removes remembered tokens."""
        if name in self._accounts:
            self._accounts[name] = replace(self._accounts[name], password_hash=password_hash)
        if is_new_password:
            self._remembered.remove_all(name)

    async def set_admin(self, name: str, is_admin: bool) -> None:
        """Set whether an account is an administrator."""
        if name in self._accounts:
            self._accounts[name] = replace(self._accounts[name], is_admin=is_admin)

    async def remove_account(self, name: str) -> None:
        """Remove an account and all its tokens."""
        self._remembered.remove_all(name)
        account = self._accounts.pop(name, None)
        for room in self._rooms.values():
            if account is not None and room.owner == account.id:
                room.owner = None
        if account is not None:
            self._ignores = {pair for pair in self._ignores if account.id not in pair}
        await self.remove_resume_tokens(name)

    async def add_ban(self, ban: Ban) -> None:
        """Add a ban, or replace the one on the same subject."""
        self._bans[ban.kind, ban.subject] = ban

    async def remove_ban(self, ban: Ban) -> None:
        """Remove the ban on a subject."""
        self._bans.pop((ban.kind, ban.subject), None)

    async def add_audit_entry(self, entry: AuditEntry) -> None:
        """Add an entry to the audit; remove those that are too old."""
        self._audit.append(entry)

    async def audit_entries(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries of the audit, the oldest of them first."""
        return list(self._audit)[-limit:]

    async def resume_token(self, digest: str) -> ResumeToken | None:
        """Return the resume token with a digest."""
        return self._tokens.get(digest)

    async def add_resume_token(self, token: ResumeToken) -> None:
        """Add a resume token, unless its account does not exist any more."""
        if token.account in self._accounts:
            self._tokens[token.digest] = token

    async def remove_resume_token(self, digest: str) -> None:
        """Remove the resume token with a digest."""
        self._tokens.pop(digest, None)

    async def remove_resume_tokens(self, account: str) -> None:
        """Remove all resume tokens of an account."""
        for token in list(self._tokens.values()):
            if token.account == account:
                del self._tokens[token.digest]

    async def touch_resume_tokens(
        self, digests: Collection[str], now: float, before: float
    ) -> None:
        """Set when some resume tokens were last seen, and remove those not seen since `before`."""
        for digest in self._tokens.keys() & set(digests):
            self._tokens[digest] = replace(self._tokens[digest], last_seen=now)
        for token in list(self._tokens.values()):
            if token.last_seen < before:
                del self._tokens[token.digest]

    async def add_ignore(self, account: int, ignored: int) -> None:
        """Note that an account ignores another one, if both exist."""
        if {account, ignored} <= {each.id for each in self._accounts.values()}:
            self._ignores.add((account, ignored))

    async def remove_ignore(self, account: int, ignored: int) -> None:
        """Note that an account does not ignore another one."""
        self._ignores.discard((account, ignored))

    async def remembered_tokens(self, account: str) -> Sequence[RememberedToken]:
        """Return the remembered tokens of an account, the oldest first."""
        return self._remembered.of_account(account)

    async def add_remembered_token(self, token: RememberedToken, limit: int) -> None:
        """Add a remembered token; keep the `limit` of its account that were used last."""
        if token.account in self._accounts:
            self._remembered.add(token, limit)

    async def use_remembered_token(self, digest: str, now: float, before: float) -> str | None:
        """Set when a remembered token was used; return the name of its account."""
        return self._remembered.use(digest, now, before)

    async def remove_remembered_token(self, digest: str) -> None:
        """Remove the remembered token with a digest."""
        self._remembered.remove(digest)

    async def remove_remembered_tokens(self, account: str) -> None:
        """Remove all remembered tokens of an account."""
        self._remembered.remove_all(account)

    async def remove_remembered_tokens_before(self, before: float) -> None:
        """Remove all remembered tokens that were last used before a time."""
        self._remembered.remove_before(before)

    def _active_room(self, room_id: str) -> _Room | None:
        room = self._rooms.get(room_key(room_id))
        return room if room is not None and room.active else None

    def _activate(self, record: RoomRecord) -> _Room:
        """Put a room last in the order; its last id is at least that of its record."""
        key = room_key(record.id)
        room = self._rooms.pop(key, None) or _Room(record.id, record.name, record.last_id)
        room.id, room.name, room.active = record.id, record.name, True
        room.owner, room.permanent = record.owner, record.permanent
        room.reserved_through = max(room.reserved_through, record.last_id)
        self._rooms[key] = room
        return room
