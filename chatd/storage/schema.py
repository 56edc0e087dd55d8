"""The tables, as they are after the last migration.

Statements are built on these; what makes them in a database is `chatd.storage.migrations`, and a
test compares the two. A room's `key` is `room_key(id)`. Times are seconds since the epoch.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

VERSION_TABLE: Final = "chatd_version"
"""Not Alembic's own name for it: others may keep their tables in the same database."""

metadata = MetaData()

rooms = Table(
    "rooms",
    metadata,
    Column("key", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    # A room that was ended keeps its row, and in it its count.
    Column("live", Boolean, nullable=False),
    # Up to which message id a start of the server may not begin.
    Column("reserved", BigInteger, nullable=False),
    # Messages up to this id were said before the room was last ended: they are out of sight at
    # once, and are removed bit by bit, because a long history takes too long to remove.
    Column("cleared", BigInteger, nullable=False),
)

# What was said, many messages in a row (`store.chunks`). The view `messages`, which is for people,
# takes them apart: the database's kind has the statement for it.
chunks = Table(
    "chunks",
    metadata,
    # No foreign key: a room's row is never removed, and the check costs as much as the rest.
    Column("room", Text, primary_key=True),
    # The id of the last message.
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    # The second by which the last message was said.
    Column("said_before", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    # Messages name the account of their sender by this id, so no id is ever used again. SQLite
    # generates ids only for INTEGER columns.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("registered_at", Double, nullable=False),
    sqlite_autoincrement=True,
)

bans = Table(
    "bans",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("until", Double),
)

logins = Table(
    "logins",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
    Column("seen", Double, nullable=False),
    Index("logins_account", "account"),
)
