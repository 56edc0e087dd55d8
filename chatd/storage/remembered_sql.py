"""The SQL for remembered tokens: the jobs of `SqlStore`, one transaction each.

No statement here depends on the kind of the database.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, literal, select, update

from chatd.core.records import RememberedToken
from chatd.storage.schema import accounts, remembered_tokens

_token = remembered_tokens.c
_columns = (_token.digest, _token.account, _token.created, _token.last_used)


def of_account(connection: Connection, account: str) -> Sequence[RememberedToken]:
    """Return the tokens of an account, the oldest first."""
    found = select(*_columns).where(_token.account == account)
    rows = connection.execute(found.order_by(_token.created, _token.digest))
    return [RememberedToken(*row) for row in rows]


def add(connection: Connection, token: RememberedToken, limit: int) -> None:
    """Add a token unless its account was removed; keep the `limit` that were used last."""
    remove(connection, token.digest)
    row = select(
        literal(token.digest),
        accounts.c.name,
        literal(token.created),
        literal(token.last_used),
    ).where(accounts.c.name == token.account)
    connection.execute(insert(remembered_tokens).from_select([c.name for c in _columns], row))
    of_same = select(_token.digest).where(_token.account == token.account)
    kept = of_same.order_by(_token.last_used.desc(), _token.digest).limit(limit)
    digests = list(connection.scalars(kept))
    others = delete(remembered_tokens).where(_token.account == token.account)
    connection.execute(others.where(_token.digest.not_in(digests)))


def use(connection: Connection, digest: str, now: float, before: float) -> str | None:
    """Set when a token was used, unless that was before `before`; return its account's name."""
    found = update(remembered_tokens).where(_token.digest == digest, _token.last_used >= before)
    return connection.scalars(found.values(last_used=now).returning(_token.account)).first()


def remove(connection: Connection, digest: str) -> None:
    """Remove the token with a digest."""
    connection.execute(delete(remembered_tokens).where(_token.digest == digest))


def remove_all(connection: Connection, account: str) -> None:
    """Remove all tokens of an account."""
    connection.execute(delete(remembered_tokens).where(_token.account == account))


def remove_before(connection: Connection, before: float) -> None:
    """Remove all tokens last used before a time."""
    connection.execute(delete(remembered_tokens).where(_token.last_used < before))
