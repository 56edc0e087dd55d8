"""Accounts and what belongs to people, in memory: a part of `MemoryStore`."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from chatd.core.records import (
    MAX_AUDIT_ENTRIES,
    Account,
    AccountKey,
    AccountRef,
    AuditEntry,
    Ban,
    BanKind,
    KeptMessage,
    ReadMark,
    RememberedToken,
    ResumeToken,
)
from chatd.storage.memory_accounts import MemoryAccounts
from chatd.storage.memory_rooms import MemoryRooms


class MemoryContent:
    """The data of a store, which all its servers share."""

    def __init__(self) -> None:
        self.rooms = MemoryRooms()
        self.accounts = MemoryAccounts()
        self.bans: dict[tuple[BanKind, str], Ban] = {}
        self.audit: deque[AuditEntry] = deque(maxlen=MAX_AUDIT_ENTRIES)
        self.pruned_at: float | None = None
        self.position = 0


class MemoryPeople:
    """The methods of `IStore` for accounts, bans, the audit, tokens, marks and kept messages."""

    def __init__(self, content: MemoryContent) -> None:
        self._content = content
        self._rooms = content.rooms
        self._accounts = content.accounts

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
        """Change the password hash of an account; a new password removes other ways to log in."""
        self._accounts.set_password_hash(name, password_hash, is_new_password)

    async def set_admin(self, name: str, is_admin: bool) -> None:
        """Set whether an account is an administrator."""
        self._accounts.set_admin(name, is_admin)

    async def remove_account(self, name: str) -> None:
        """Remove an account with all its tokens and keys; its rooms have no owner then."""
        removed = self._accounts.remove(name)
        if removed is not None:
            self._rooms.remove_account(removed)

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

    async def add_account_key(self, account: int, key: AccountKey, limit: int) -> bool:
        """Add a key to an account, unless it has too many; return whether it has the key."""
        return self._accounts.exists(account) and self._accounts.keys.add(account, key, limit)

    async def remove_account_key(self, account: int, fingerprint: str) -> bool:
        """Remove a key of an account; return whether it had the key."""
        return self._accounts.keys.remove(account, fingerprint)

    async def account_keys(self, account: int) -> Sequence[AccountKey]:
        """Return the keys of an account, the oldest first."""
        return self._accounts.keys.of_account(account)

    async def account_of_key(self, fingerprint: str) -> AccountRef | None:
        """Return the account that has a key."""
        holder = self._accounts.keys.account_of(fingerprint)
        return next((ref for ref in self._accounts.refs() if ref.id == holder), None)

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

    # -- read marks and kept messages

    async def raise_read_marks(self, marks: Sequence[ReadMark]) -> None:
        """Note how far accounts have read rooms."""
        for mark in marks:
            room = self._rooms.active(mark.room)
            if room is not None and self._accounts.exists(mark.account):
                room.raise_read_mark(mark.account, mark.id)

    async def read_mark(self, account: int, room_id: str) -> int:
        """Return the id through which an account has read a room."""
        room = self._rooms.active(room_id)
        return 0 if room is None else room.read_marks.get(account, 0)

    async def keep_message(
        self, recipient: int, message: KeptMessage, per_sender: int, in_all: int
    ) -> bool:
        """Keep a private message for an account, unless it has too many."""
        is_there = self._accounts.exists(recipient)
        return is_there and self._accounts.kept.keep(recipient, message, per_sender, in_all)

    async def kept_messages(self, recipient: int) -> Sequence[KeptMessage]:
        """Return the private messages that are kept for an account, the oldest first."""
        return self._accounts.kept.of_recipient(recipient)

    async def remove_kept_messages(self, ids: Collection[int]) -> None:
        """Remove some of the private messages that are kept."""
        self._accounts.kept.remove(ids)

    async def remove_kept_messages_before(self, time: float) -> None:
        """Remove all kept private messages from before a time."""
        self._accounts.kept.remove_before(time)
