"""The tables, as they are after the last migration.

The statements are built on these. The database gets them from `chatd.storage.migrations`, and a
test compares the two. The `key` of a room is `room_key(id)`. Times are seconds since the epoch.
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
"""Not Alembic's default name, which another application may use in the same database."""

metadata = MetaData()

rooms = Table(
    "rooms",
    metadata,
    Column("key", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    # False for a room that was closed: its row keeps `reserved_through`.
    Column("active", Boolean, nullable=False),
    # After a restart, new messages of the room get ids above this one.
    Column("reserved_through", BigInteger, nullable=False),
    # The messages up to this id are from before the room was last closed. No reader sees them from
    # then on, and they are removed bit by bit, because removing a long history takes too long.
    Column("deleted_through", BigInteger, nullable=False),
    # The id of the account that started the room; NULL also after the account was removed.
    Column("owner", BigInteger),
    # Whether the administrator created the room.
    Column("permanent", Boolean, nullable=False),
    Column("created", Double, nullable=False),
)

# The settings of the rooms in which one was changed. A room that was private when it was closed
# keeps that, all others have no row from then on.
room_settings = Table(
    "room_settings",
    metadata,
    Column("room", Text, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("topic_by", Text, nullable=False),
    Column("topic_time", Double, nullable=False),
    Column("open_topic", Boolean, nullable=False),
    Column("moderated", Boolean, nullable=False),
    Column("invite_only", Boolean, nullable=False),
    Column("unlisted", Boolean, nullable=False),
    # A word that must be given on joining, or "".
    Column("key", Text, nullable=False),
    Column("limit", BigInteger, nullable=False),
)

# One row. A server that starts alone on PostgreSQL raises the number, and so does the first one of
# several that share the database: an older server then notices that it is not its own any more.
server_epoch = Table(
    "server_epoch",
    metadata,
    Column("epoch", BigInteger, nullable=False),
    # Whether the servers of this epoch share the database.
    Column("shared", Boolean, nullable=False),
)

# One row: which of several servers stores the messages, and how far. Each that begins to do so
# raises the epoch. The position is that of the last operation whose messages are stored.
scribe = Table(
    "scribe",
    metadata,
    Column("epoch", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)

# The messages, many in a row (see `chunks`). The view `messages`, which is for people who look into
# the database, has a row for each message: its definition depends on the kind of the database.
chunks = Table(
    "chunks",
    metadata,
    # No foreign key: a room's row is never removed, and the check costs as much as the rest.
    Column("room", Text, primary_key=True),
    # The id of the last message.
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    # The second by which the last message was sent.
    Column("ends_before", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    # How many bytes all bodies of the room have had so far, up to the end of this one: the
    # difference of two chunks is the size of what is between, without reading it.
    Column("written", BigInteger, nullable=False),
)

# The blocks of the index of words (see `word_blocks`). In each room, all messages through the last
# id of its last block are in one of them.
word_blocks = Table(
    "word_blocks",
    metadata,
    Column("room", Text, primary_key=True),
    # The id of the last message that the block may have.
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    # The id of the first one.
    Column("first", BigInteger, nullable=False),
    # Whether messages of the block were removed, whose words it still has.
    Column("stale", Boolean, nullable=False),
)

# The words of the blocks, by the number of the bucket.
words = Table(
    "words",
    metadata,
    Column("room", Text, primary_key=True),
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("entries", Text, nullable=False),
)

# One row: when messages that were too old were removed last, NULL before the first time.
pruning = Table("pruning", metadata, Column("pruned_at", Double))

accounts = Table(
    "accounts",
    metadata,
    # Messages name the account of their sender by this id, so no id is ever used again. SQLite
    # generates ids only for INTEGER columns.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("registered_at", Double, nullable=False),
    Column("is_admin", Boolean, nullable=False),
    # By which a registration that is repeated finds the account that it has added.
    Column("registration", Text),
    sqlite_autoincrement=True,
)

# The looks of the names of accounts: no two accounts have names that count as the same.
account_looks = Table(
    "account_looks",
    metadata,
    Column("look", Text, primary_key=True),
    Column("account", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Index("account_looks_account", "account"),
)

bans = Table(
    "bans",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("until", Double),
    Column("author", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("reason", Text, nullable=False),
)

# The acts of administrators.
audit = Table(
    "audit",
    metadata,
    # SQLite generates ids only for INTEGER columns.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("time", Double, nullable=False),
    # The kind and the name of the actor.
    Column("via", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("minutes", BigInteger),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)

resume_tokens = Table(
    "resume_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
    Column("last_seen", Double, nullable=False),
    Index("resume_tokens_account", "account"),
)

remembered_tokens = Table(
    "remembered_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False),
    Column("created", Double, nullable=False),
    Column("last_used", Double, nullable=False),
    Index("remembered_tokens_account", "account"),
)

# The certificates with which their holders log in to accounts.
account_keys = Table(
    "account_keys",
    metadata,
    # The SHA-256 of the DER form, in hexadecimal.
    Column("fingerprint", Text, primary_key=True),
    Column("account", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("added", Double, nullable=False),
    Index("account_keys_account", "account"),
)

# Which accounts ignore which other ones, by their ids.
ignores = Table(
    "ignores",
    metadata,
    Column("account", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("ignored", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Index("ignores_ignored", "ignored"),
)

# The access lists of the active rooms, in the order of the ids.
room_access = Table(
    "room_access",
    metadata,
    # SQLite generates ids only for INTEGER columns.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("room", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Either the account or, for a guest, the folded form of the name.
    Column("account", ForeignKey("accounts.id", ondelete="CASCADE")),
    Column("guest", Text),
    Column("origin", Text),
    Column("until", Double),
    Column("author", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Index("room_access_of_accounts", "room", "kind", "account", unique=True),
    Index("room_access_of_guests", "room", "kind", "guest", unique=True),
    Index("room_access_account", "account"),
    sqlite_autoincrement=True,
)

# How far accounts have read the active rooms.
read_marks = Table(
    "read_marks",
    metadata,
    Column("account", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("room", Text, primary_key=True),
    # The id of the last message that was read.
    Column("last", BigInteger, nullable=False),
    Index("read_marks_room", "room"),
)

# The private messages for accounts that are away.
kept_messages = Table(
    "kept_messages",
    metadata,
    # SQLite generates ids only for INTEGER columns.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("recipient", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("sender", Text, nullable=False),
    # The id of the sender's account, also after that was removed; NULL for a guest.
    Column("account", BigInteger),
    Column("text", Text, nullable=False),
    Column("time", Double, nullable=False),
    # The address or network of a guest, `network.limit_key`; NULL for an account and this machine.
    Column("origin", Text),
    Index("kept_messages_recipient", "recipient"),
    sqlite_autoincrement=True,
)
