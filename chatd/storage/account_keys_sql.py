"""The SQL for the keys of accounts: the jobs of `SqlStore`, one transaction each.

No statement here depends on the kind of the database.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import AccountKey, AccountRef
from chatd.storage.schema import account_keys, accounts

_key = account_keys.c


def add(connection: Connection, account: int, key: AccountKey, limit: int) -> bool:
    """Add a key to an account, unless it has too many; return whether it has the key."""
    there = select(accounts.c.id).where(accounts.c.id == account)
    # Of several servers, one after the other counts the keys that are there.
    if connection.execute(there.with_for_update(key_share=True)).first() is None:
        return False
    holder = account_of(connection, key.fingerprint)
    if holder is not None:
        if holder.id != account:
            raise ChatError(ErrorCode.KEY_IN_USE)
        return True
    if len(of_account(connection, account)) >= limit:
        return False
    row = {"fingerprint": key.fingerprint, "account": account, "added": key.added}
    connection.execute(insert(account_keys), row)
    return True


def remove(connection: Connection, account: int, fingerprint: str) -> bool:
    """Remove a key of an account; return whether it had the key."""
    same = delete(account_keys).where(_key.account == account, _key.fingerprint == fingerprint)
    return connection.execute(same).rowcount > 0


def remove_all(connection: Connection, account: str) -> None:
    """Remove all keys of an account, by its name."""
    of_same = select(accounts.c.id).where(accounts.c.name == account).scalar_subquery()
    connection.execute(delete(account_keys).where(_key.account == of_same))


def of_account(connection: Connection, account: int) -> Sequence[AccountKey]:
    """Return the keys of an account, the oldest first."""
    found = select(_key.fingerprint, _key.added).where(_key.account == account)
    rows = connection.execute(found.order_by(_key.added, _key.fingerprint))
    return [AccountKey(*row) for row in rows]


def account_of(connection: Connection, fingerprint: str) -> AccountRef | None:
    """Return the account that has a key."""
    found = select(accounts.c.id, accounts.c.name).where(accounts.c.id == _key.account)
    row = connection.execute(found.where(_key.fingerprint == fingerprint)).first()
    return None if row is None else AccountRef(*row)
