"""Accounts, bans and logins, in SQL: what `SqlStore` has done in one transaction each.

What is added takes the place of what is there by the same name: a call that was made in vain, as
far as its caller knows, can then be made again. What differs between databases is not here.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, insert, literal, select, update

from chatd.core.records import Account, AccountRef, Ban, BanKind, ResumeToken
from chatd.storage.schema import accounts, bans, logins

# -- accounts

_account = select(
    accounts.c.id, accounts.c.name, accounts.c.password_hash, accounts.c.registered_at
)


def account(connection: Connection, name: str) -> Account | None:
    """Return the account of that name."""
    row = connection.execute(_account.where(accounts.c.name == name)).first()
    return None if row is None else Account(*row)


def all_accounts(connection: Connection) -> Sequence[Account]:
    """Return all accounts, in the order in which they were registered."""
    return [Account(*row) for row in connection.execute(_account.order_by(accounts.c.id))]


def account_refs(connection: Connection) -> list[AccountRef]:
    """Return the ids and names of all accounts, in the same order."""
    found = select(accounts.c.id, accounts.c.name).order_by(accounts.c.id)
    return [AccountRef(*row) for row in connection.execute(found)]


def add_account(
    connection: Connection, name: str, password_hash: str, registered_at: float
) -> Account:
    """Add an account and return it with its id, in place of any that has the same name."""
    remove_account(connection, name)
    row = {"name": name, "password_hash": password_hash, "registered_at": registered_at}
    added = insert(accounts).values(row).returning(accounts.c.id)
    return Account(connection.scalars(added).one(), name, password_hash, registered_at)


def set_password_hash(connection: Connection, name: str, password_hash: str) -> None:
    """Change the hash of an account's password."""
    found = update(accounts).where(accounts.c.name == name)
    connection.execute(found.values(password_hash=password_hash))


def remove_account(connection: Connection, name: str) -> None:
    """Remove an account; its logins go with it."""
    connection.execute(delete(accounts).where(accounts.c.name == name))


# -- bans


def all_bans(connection: Connection) -> Sequence[Ban]:
    """Return all bans."""
    found = select(bans.c.kind, bans.c.subject, bans.c.until).order_by(bans.c.kind, bans.c.subject)
    return [Ban(BanKind(kind), *rest) for kind, *rest in connection.execute(found)]


def add_ban(connection: Connection, ban: Ban) -> None:
    """Add a ban."""
    remove_ban(connection, ban)
    row = {"kind": ban.kind.value, "subject": ban.subject, "until": ban.until}
    connection.execute(insert(bans), row)


def remove_ban(connection: Connection, ban: Ban) -> None:
    """Remove the ban on a subject."""
    same = and_(bans.c.kind == ban.kind.value, bans.c.subject == ban.subject)
    connection.execute(delete(bans).where(same))


# -- logins


def login(connection: Connection, digest: str) -> ResumeToken | None:
    """Return the login with a digest."""
    found = select(logins.c.digest, logins.c.account, logins.c.seen)
    row = connection.execute(found.where(logins.c.digest == digest)).first()
    return None if row is None else ResumeToken(*row)


def add_login(connection: Connection, login: ResumeToken) -> None:
    """Add a login, unless its account was removed meanwhile: another's could take its name."""
    connection.execute(delete(logins).where(logins.c.digest == login.digest))
    row = select(literal(login.digest), accounts.c.name, literal(login.seen))
    added = insert(logins).from_select(
        ["digest", "account", "seen"], row.where(accounts.c.name == login.account)
    )
    connection.execute(added)


def remove_login(connection: Connection, digest: str) -> None:
    """Remove the login with a digest, if there is one."""
    connection.execute(delete(logins).where(logins.c.digest == digest))


def remove_logins(connection: Connection, account: str) -> None:
    """Remove all logins of an account."""
    connection.execute(delete(logins).where(logins.c.account == account))


def remove_logins_before(connection: Connection, before: float) -> None:
    """Remove all logins last seen before a time."""
    connection.execute(delete(logins).where(logins.c.seen < before))
