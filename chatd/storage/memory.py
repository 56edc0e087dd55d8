"""A store that lasts no longer than the process: for those who want none, and for tests.

Plain Python: no thread, no file. Every coroutine completes without being suspended, and nothing
is ever out of reach.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Final

from zope.interface import implementer

from chatd.core.events import Message, MessageBatch
from chatd.core.names import room_key
from chatd.core.ports import IStore
from chatd.core.records import (
    Account,
    AccountRef,
    Ban,
    BanKind,
    ResumeToken,
    RoomRecord,
    Snapshot,
    ids_to_reserve,
)
from chatd.storage.bounds import within

HISTORY_LENGTH: Final = 4000
"""How many messages of a room are kept, and what was said together with the oldest of them."""


@dataclass
class _Room:
    """A room that is, or was, there: `live` tells; `cleared` is its count as it was last ended."""

    id: str
    name: str
    reserved: int
    cleared: int = 0
    live: bool = True
    bursts: deque[MessageBatch] = field(default_factory=deque)
    length: int = 0

    def add(self, burst: MessageBatch) -> None:
        """Put a burst behind the others, unless it is there already or is from before the end."""
        if burst.id <= (self.bursts[-1].id if self.bursts else self.cleared):
            return
        self.bursts.append(burst)
        self.length += len(burst.texts)
        while self.length - len(self.bursts[0].texts) >= HISTORY_LENGTH:
            self.length -= len(self.bursts.popleft().texts)

    def prune(self, before: float) -> bool:
        """Remove what was said before a time; return whether there was any."""
        young = [burst for burst in self.bursts if burst.time >= before]
        removed = len(young) < len(self.bursts)
        self.bursts, self.length = deque(young), sum(len(burst.texts) for burst in young)
        return removed


@implementer(IStore)
class MemoryStore:
    """Rooms, accounts, history and bans in dictionaries."""

    def __init__(self) -> None:
        # In the order in which they were started.
        self._rooms: dict[str, _Room] = {}
        self._accounts: dict[str, Account] = {}
        self._account_ids = count(1)
        self._bans: dict[tuple[BanKind, str], Ban] = {}
        self._logins: dict[str, ResumeToken] = {}

    def open(self, rooms: Sequence[RoomRecord]) -> Snapshot:
        """Add those of `rooms` that are not there, and return what is."""
        for record in rooms:
            if not self._live(record.id):
                self._start(record)
        live = [room for room in self._rooms.values() if room.live]
        records = [RoomRecord(room.id, room.name, room.reserved) for room in live]
        for room in live:
            room.reserved += ids_to_reserve(room.reserved)
        accounts = [AccountRef(account.id, account.name) for account in self._accounts.values()]
        bans = [self._bans[subject] for subject in sorted(self._bans)]
        return Snapshot(records, accounts, bans)

    async def close(self, counts: Mapping[str, int]) -> None:
        """Set the counts of rooms."""
        for room_id, last_id in counts.items():
            self._rooms[room_key(room_id)].reserved = last_id

    # -- rooms and what is said in them

    async def add_room(self, room_id: str, name: str) -> int:
        """Add a room, last in the order; return its count."""
        room = self._start(RoomRecord(room_id, name))
        count = room.reserved
        room.reserved += ids_to_reserve(count)
        return count

    async def remove_room(self, room_id: str, count: int) -> None:
        """Remove a room and its history; keep `count`."""
        room = self._rooms[room_key(room_id)]
        room.bursts.clear()
        room.length = 0
        room.live = False
        room.reserved = room.cleared = count

    async def keep(self, bursts: Sequence[MessageBatch], reserved: Mapping[str, int]) -> None:
        """Add messages; those that are there already stay as they are."""
        for burst in bursts:
            self._rooms[room_key(burst.room)].add(burst)
        for room_id, last_id in reserved.items():
            room = self._rooms[room_key(room_id)]
            room.reserved = max(room.reserved, last_id)

    async def history(
        self, room_id: str, since: int | None, limit: int, size: int
    ) -> Sequence[Message]:
        """Return the first messages after an id, or the last."""
        room = self._live(room_id)
        if room is None:
            return []
        found = (
            (said for burst in reversed(room.bursts) for said in reversed(burst.messages()))
            if since is None
            else (
                said
                for burst in room.bursts
                if burst.last > since
                for said in burst.messages()
                if said.id > since
            )
        )
        some = within((said._replace(room=room.id) for said in islice(found, limit)), size)
        return some[::-1] if since is None else some

    async def prune(self, before: float) -> bool:
        """Remove messages said before a time, of one room at once; return whether there were any."""
        return any(room.prune(before) for room in self._rooms.values())

    # -- accounts, bans, logins

    async def account(self, name: str) -> Account | None:
        """Return the account registered under exactly this name."""
        return self._accounts.get(name)

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order in which they were registered."""
        return list(self._accounts.values())

    async def add_account(self, name: str, password_hash: str, registered_at: float) -> Account:
        """Add an account and return it with its id."""
        account = Account(next(self._account_ids), name, password_hash, registered_at)
        self._accounts[name] = account
        return account

    async def set_password_hash(self, name: str, password_hash: str) -> None:
        """Change the hash of an account's password."""
        if name in self._accounts:
            self._accounts[name] = replace(self._accounts[name], password_hash=password_hash)

    async def remove_account(self, name: str) -> None:
        """Remove an account and its logins."""
        self._accounts.pop(name, None)
        await self.remove_logins(name)

    async def add_ban(self, ban: Ban) -> None:
        """Add a ban, or change until when."""
        self._bans[ban.kind, ban.subject] = ban

    async def remove_ban(self, ban: Ban) -> None:
        """Remove the ban on a subject."""
        self._bans.pop((ban.kind, ban.subject), None)

    async def login(self, digest: str) -> ResumeToken | None:
        """Return the login with a digest."""
        return self._logins.get(digest)

    async def add_login(self, login: ResumeToken) -> None:
        """Add a login, unless its account was removed meanwhile."""
        if login.account in self._accounts:
            self._logins[login.digest] = login

    async def remove_login(self, digest: str) -> None:
        """Remove the login with a digest, if there is one."""
        self._logins.pop(digest, None)

    async def remove_logins(self, account: str) -> None:
        """Remove all logins of an account."""
        for login in list(self._logins.values()):
            if login.account == account:
                del self._logins[login.digest]

    async def refresh_logins(self, digests: Collection[str], now: float, before: float) -> None:
        """Note that these logins are seen now; remove those last seen before a time."""
        for digest in self._logins.keys() & set(digests):
            self._logins[digest] = replace(self._logins[digest], seen=now)
        for login in list(self._logins.values()):
            if login.seen < before:
                del self._logins[login.digest]

    # -- within

    def _live(self, room_id: str) -> _Room | None:
        room = self._rooms.get(room_key(room_id))
        return room if room is not None and room.live else None

    def _start(self, record: RoomRecord) -> _Room:
        """Put a room last in the order; its count is at least that of its record."""
        key = room_key(record.id)
        room = self._rooms.pop(key, None) or _Room(record.id, record.name, record.count)
        room.id, room.name, room.live = record.id, record.name, True
        room.reserved = max(room.reserved, record.count)
        self._rooms[key] = room
        return room
