"""The SQL for accounts, bans and resume tokens: the jobs of `SqlStore`, one transaction each.

A row that is added replaces the one that has the same key, except that of an account. So a caller
that does not know whether its call succeeded can repeat it. No statement here depends on the kind
of the database.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, and_, delete, insert, literal, select, update

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import Account, AccountRef, Ban, BanKind, ResumeToken
from chatd.storage import account_keys_sql, remembered_sql
from chatd.storage.schema import account_looks, accounts, bans, resume_tokens, rooms

# -- accounts

_account = select(
    accounts.c.id,
    accounts.c.name,
    accounts.c.password_hash,
    accounts.c.registered_at,
    accounts.c.is_admin,
)


def account(connection: Connection, name: str) -> Account | None:
    """Return the account with exactly this name."""
    row = connection.execute(_account.where(accounts.c.name == name)).first()
    return None if row is None else Account(*row)


def all_accounts(connection: Connection) -> Sequence[Account]:
    """Return all accounts, in the order of their registration."""
    return [Account(*row) for row in connection.execute(_account.order_by(accounts.c.id))]


def account_refs(connection: Connection) -> list[AccountRef]:
    """Return the ids and names of all accounts, in the same order."""
    found = select(accounts.c.id, accounts.c.name).order_by(accounts.c.id)
    return [AccountRef(*row) for row in connection.execute(found)]


def add_account(
    connection: Connection,
    name: str,
    looks: Collection[str],
    password_hash: str,
    registered_at: float,
    registration: str | None,
) -> Account:
    """Add an account whose name has `looks`, or set hash and time of that of the registration."""
    same = accounts.c.id.in_(select(account_looks.c.account).where(account_looks.c.look.in_(looks)))
    found = select(accounts.c.id, accounts.c.name, accounts.c.registration).where(same)
    row = {"password_hash": password_hash, "registered_at": registered_at}
    for other in connection.execute(found.order_by(accounts.c.id)):
        if registration is None or other.registration != registration or other.name != name:
            raise ChatError(ErrorCode.NAME_IN_USE, name=other.name)
        connection.execute(update(accounts).where(accounts.c.id == other.id).values(row))
        return Account(*connection.execute(_account.where(accounts.c.id == other.id)).one())
    row |= {"name": name, "is_admin": False, "registration": registration}
    identity = connection.scalars(insert(accounts).values(row).returning(accounts.c.id)).one()
    rows = [{"look": look, "account": identity} for look in sorted(looks)]
    connection.execute(insert(account_looks), rows)
    return Account(identity, name, password_hash, registered_at)


def admins(connection: Connection) -> tuple[int, ...]:
    """Return the ids of the accounts that are administrators."""
    return tuple(connection.scalars(select(accounts.c.id).where(accounts.c.is_admin)))


def set_admin(connection: Connection, name: str, is_admin: bool) -> None:
    """Set whether an account is an administrator."""
    found = update(accounts).where(accounts.c.name == name)
    connection.execute(found.values(is_admin=is_admin))


def set_password_hash(
    connection: Connection, name: str, password_hash: str, is_new_password: bool
) -> None:
    """Change the password hash of an account; a new password removes other ways to log in."""
    found = update(accounts).where(accounts.c.name == name)
    connection.execute(found.values(password_hash=password_hash))
    if is_new_password:
        remembered_sql.remove_all(connection, name)
        account_keys_sql.remove_all(connection, name)


def remove_account(connection: Connection, name: str) -> None:
    """Remove an account, by the foreign keys its tokens and keys; its rooms have no owner then."""
    account = select(accounts.c.id).where(accounts.c.name == name).scalar_subquery()
    connection.execute(update(rooms).where(rooms.c.owner == account).values(owner=None))
    connection.execute(delete(accounts).where(accounts.c.name == name))


# -- bans


def all_bans(connection: Connection) -> Sequence[Ban]:
    """Return all bans."""
    found = select(
        bans.c.kind, bans.c.subject, bans.c.until, bans.c.author, bans.c.created, bans.c.reason
    ).order_by(bans.c.kind, bans.c.subject)
    return [Ban(BanKind(kind), *rest) for kind, *rest in connection.execute(found)]


def add_ban(connection: Connection, ban: Ban) -> None:
    """Add a ban."""
    remove_ban(connection, ban)
    connection.execute(insert(bans), asdict(ban) | {"kind": ban.kind.value})


def remove_ban(connection: Connection, ban: Ban) -> None:
    """Remove the ban on a subject."""
    same = and_(bans.c.kind == ban.kind.value, bans.c.subject == ban.subject)
    connection.execute(delete(bans).where(same))


# -- resume tokens

_token = resume_tokens.c


def resume_token(connection: Connection, digest: str) -> ResumeToken | None:
    """Return the resume token with a digest."""
    found = select(_token.digest, _token.account, _token.last_seen)
    row = connection.execute(found.where(_token.digest == digest)).first()
    return None if row is None else ResumeToken(*row)


def add_resume_token(connection: Connection, token: ResumeToken) -> None:
    """Add a resume token, unless its account was removed before: its name may be another's soon."""
    remove_resume_token(connection, token.digest)
    row = select(literal(token.digest), accounts.c.name, literal(token.last_seen))
    added = insert(resume_tokens).from_select(
        ["digest", "account", "last_seen"], row.where(accounts.c.name == token.account)
    )
    connection.execute(added)


def remove_resume_token(connection: Connection, digest: str) -> None:
    """Remove the resume token with a digest."""
    connection.execute(delete(resume_tokens).where(_token.digest == digest))


def remove_resume_tokens(connection: Connection, account: str) -> None:
    """Remove all resume tokens of an account."""
    connection.execute(delete(resume_tokens).where(_token.account == account))


def remove_resume_tokens_before(connection: Connection, before: float) -> None:
    """Remove all resume tokens last seen before a time."""
    connection.execute(delete(resume_tokens).where(_token.last_seen < before))
