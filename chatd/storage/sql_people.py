"""Accounts and what belongs to people, in a database: a part of `SqlStore`.

The jobs are in the modules `*_sql`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import Connection

from chatd.core.lookalikes import name_keys
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
)
from chatd.storage import (
    account_keys_sql,
    accounts_sql,
    audit_sql,
    ignores_sql,
    kept_messages_sql,
    read_marks_sql,
    remembered_sql,
)
from chatd.storage.sql_jobs import SqlJobs


class SqlPeople(SqlJobs):
    """The methods of `IStore` for accounts, bans, the audit, tokens, marks and kept messages."""

    # -- accounts

    async def account(self, name: str) -> Account | None:
        """Return the account that is registered under exactly this name."""
        return await self._read(partial(accounts_sql.account, name=name), urgent=True)

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""
        return await self._read(accounts_sql.all_accounts)

    async def add_account(
        self, name: str, password_hash: str, registered_at: float, registration: str | None = None
    ) -> Account:
        """Add an account and return it with its id."""
        job = partial(
            accounts_sql.add_account,
            name=name,
            looks=name_keys(name).looks,
            password_hash=password_hash,
            registered_at=registered_at,
            registration=registration,
        )
        return await self._write(job)

    async def set_password_hash(
        self, name: str, password_hash: str, is_new_password: bool = False
    ) -> None:
        """Change the password hash of an account; a new password removes other ways to log in."""
        job = partial(
            accounts_sql.set_password_hash,
            name=name,
            password_hash=password_hash,
            is_new_password=is_new_password,
        )
        await self._write(job)

    async def set_admin(self, name: str, is_admin: bool) -> None:
        """Set whether an account is an administrator."""
        await self._write(partial(accounts_sql.set_admin, name=name, is_admin=is_admin))

    async def remove_account(self, name: str) -> None:
        """Remove an account with all its tokens and keys."""
        await self._write(partial(accounts_sql.remove_account, name=name))

    # -- bans

    async def add_ban(self, ban: Ban) -> None:
        """Add a ban, or replace the one on the same subject."""
        await self._write(partial(accounts_sql.add_ban, ban=ban))

    async def remove_ban(self, ban: Ban) -> None:
        """Remove the ban on a subject."""
        await self._write(partial(accounts_sql.remove_ban, ban=ban))

    # -- audit

    async def add_audit_entry(self, entry: AuditEntry) -> None:
        """Add an entry to the audit; remove those that are too old."""
        await self._write(partial(audit_sql.add_entry, entry=entry))

    async def audit_entries(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries of the audit, the oldest of them first."""
        return await self._read(partial(audit_sql.last_entries, limit=limit))

    # -- resume tokens

    async def resume_token(self, digest: str) -> ResumeToken | None:
        """Return the resume token with a digest."""
        return await self._read(partial(accounts_sql.resume_token, digest=digest), urgent=True)

    async def add_resume_token(self, token: ResumeToken) -> None:
        """Add a resume token, unless its account does not exist any more."""
        await self._write(partial(accounts_sql.add_resume_token, token=token))

    async def remove_resume_token(self, digest: str) -> None:
        """Remove the resume token with a digest."""
        await self._write(partial(accounts_sql.remove_resume_token, digest=digest))

    async def remove_resume_tokens(self, account: str) -> None:
        """Remove all resume tokens of an account."""
        await self._write(partial(accounts_sql.remove_resume_tokens, account=account))

    async def touch_resume_tokens(
        self, digests: Collection[str], now: float, before: float
    ) -> None:
        """Set when some resume tokens were last seen, and remove those not seen since `before`."""
        touched = {"now": now, "digests": json.dumps(list(digests))}

        def job(connection: Connection) -> None:
            connection.execute(self._database.touch_tokens, touched)
            accounts_sql.remove_resume_tokens_before(connection, before)

        await self._write(job)

    # -- keys

    async def add_account_key(self, account: int, key: AccountKey, limit: int) -> bool:
        """Add a key to an account, unless it has too many; return whether it has the key."""
        job = partial(account_keys_sql.add, account=account, key=key, limit=limit)
        return await self._write(job)

    async def remove_account_key(self, account: int, fingerprint: str) -> bool:
        """Remove a key of an account; return whether it had the key."""
        job = partial(account_keys_sql.remove, account=account, fingerprint=fingerprint)
        return await self._write(job)

    async def account_keys(self, account: int) -> Sequence[AccountKey]:
        """Return the keys of an account, the oldest first."""
        return await self._read(partial(account_keys_sql.of_account, account=account), urgent=True)

    async def account_of_key(self, fingerprint: str) -> AccountRef | None:
        """Return the account that has a key."""
        job = partial(account_keys_sql.account_of, fingerprint=fingerprint)
        return await self._read(job, urgent=True)

    # -- ignored users

    async def add_ignore(self, account: int, ignored: int) -> None:
        """Note that an account ignores another one."""
        await self._write(partial(ignores_sql.add, account=account, ignored=ignored))

    async def remove_ignore(self, account: int, ignored: int) -> None:
        """Note that an account does not ignore another one."""
        await self._write(partial(ignores_sql.remove, account=account, ignored=ignored))

    # -- remembered tokens

    async def remembered_tokens(self, account: str) -> Sequence[RememberedToken]:
        """Return the remembered tokens of an account, the oldest first."""
        return await self._read(partial(remembered_sql.of_account, account=account), urgent=True)

    async def add_remembered_token(self, token: RememberedToken, limit: int) -> None:
        """Add a remembered token; keep the `limit` of its account that were used last."""
        await self._write(partial(remembered_sql.add, token=token, limit=limit))

    async def use_remembered_token(self, digest: str, now: float, before: float) -> str | None:
        """Set when a remembered token was used; return the name of its account."""
        return await self._write(partial(remembered_sql.use, digest=digest, now=now, before=before))

    async def remove_remembered_token(self, digest: str) -> None:
        """Remove the remembered token with a digest."""
        await self._write(partial(remembered_sql.remove, digest=digest))

    async def remove_remembered_tokens(self, account: str) -> None:
        """Remove all remembered tokens of an account."""
        await self._write(partial(remembered_sql.remove_all, account=account))

    async def remove_remembered_tokens_before(self, before: float) -> None:
        """Remove all remembered tokens that were last used before a time."""
        await self._write(partial(remembered_sql.remove_before, before=before))

    # -- read marks and kept messages

    async def raise_read_marks(self, marks: Sequence[ReadMark]) -> None:
        """Note how far accounts have read rooms."""
        await self._write(partial(read_marks_sql.raise_marks, marks=marks))

    async def read_mark(self, account: int, room_id: str) -> int:
        """Return the id through which an account has read a room."""
        job = partial(read_marks_sql.mark, account=account, room_id=room_id)
        return await self._read(job, urgent=True)

    async def keep_message(
        self, recipient: int, message: KeptMessage, per_sender: int, in_all: int
    ) -> bool:
        """Keep a private message for an account, unless it has too many."""
        job = partial(
            kept_messages_sql.keep,
            recipient=recipient,
            message=message,
            per_sender=per_sender,
            in_all=in_all,
        )
        return await self._write(job)

    async def kept_messages(self, recipient: int) -> Sequence[KeptMessage]:
        """Return the private messages that are kept for an account, the oldest first."""
        job = partial(kept_messages_sql.of_recipient, recipient=recipient)
        return await self._read(job, urgent=True)

    async def remove_kept_messages(self, ids: Collection[int]) -> None:
        """Remove some of the private messages that are kept."""
        await self._write(partial(kept_messages_sql.remove, ids=ids))

    async def remove_kept_messages_before(self, time: float) -> None:
        """Remove all kept private messages from before a time."""
        await self._write(partial(kept_messages_sql.remove_before, time=time))
