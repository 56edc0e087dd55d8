"""The SQL for the accounts that ignore others: the jobs of `SqlStore`, one transaction each.

No statement here depends on the kind of the database.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, literal, select

from chatd.core.records import AccountRef
from chatd.storage.schema import accounts, ignores

_pair = ignores.c


def all_pairs(connection: Connection) -> list[tuple[int, AccountRef]]:
    """Return the id of each account that ignores another one, and the other one."""
    found = select(_pair.account, accounts.c.id, accounts.c.name).where(
        accounts.c.id == _pair.ignored
    )
    rows = connection.execute(found.order_by(_pair.account, _pair.ignored))
    return [(account, AccountRef(*ignored)) for account, *ignored in rows]


def add(connection: Connection, account: int, ignored: int) -> None:
    """Note that an account ignores another one, if both exist."""
    remove(connection, account, ignored)
    ignoring = select(accounts.c.id).where(accounts.c.id == account).exists()
    pair = select(literal(account), accounts.c.id).where(accounts.c.id == ignored, ignoring)
    connection.execute(insert(ignores).from_select(["account", "ignored"], pair))


def remove(connection: Connection, account: int, ignored: int) -> None:
    """Note that an account does not ignore another one."""
    same = delete(ignores).where(_pair.account == account, _pair.ignored == ignored)
    connection.execute(same)
