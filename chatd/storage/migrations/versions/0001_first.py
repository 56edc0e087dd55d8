"""The first schema: rooms, messages, their pruning, accounts and what is theirs, the epochs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# A row for each message, for people who look into the database. A chunk has RS (30) between its
# batches, and in each batch US (31) between the first id, the sender, the time in ticks and the
# texts. Before the time is a star for an action, or an exclamation mark for a notice; behind it are
# a colon and the account, if there is one. A text that was deleted is DEL (127).
_SQLITE_VIEW = r"""
    CREATE VIEW messages (room, id, sender, text, said_at, account, kind) AS
    WITH escaped (room, body) AS (
        SELECT rooms.id, replace(replace(replace(replace(body,
            '\', '\\'), '"', '\"'), char(10), '\n'), char(9), '\t')
        FROM chunks JOIN rooms ON rooms.key = chunks.room
        WHERE last > deleted_through
    ), arrays (room, body) AS (
        SELECT room,
            '[["' || replace(replace(body, char(31), '","'), char(30), '"],["') || '"]]'
        FROM escaped
    )
    SELECT
        room,
        CAST(json_extract(batch.value, '$[0]') AS INTEGER) + field.key - 3,
        json_extract(batch.value, '$[1]'),
        nullif(field.value, char(127)),
        CAST(ltrim(json_extract(batch.value, '$[2]'), '*!') AS INTEGER) / 8388608.0,
        CAST(substr(nullif(ltrim(json_extract(batch.value, '$[2]'), '*!0123456789'), ''), 2)
            AS INTEGER),
        CASE substr(json_extract(batch.value, '$[2]'), 1, 1)
            WHEN '*' THEN 'action' WHEN '!' THEN 'notice' ELSE 'text' END
    FROM arrays, json_each(body) AS batch, json_each(batch.value) AS field
    WHERE field.key >= 3
"""
_POSTGRESQL_VIEW = """
    CREATE VIEW messages (room, id, sender, text, said_at, account, kind) AS
    SELECT
        rooms.id,
        CAST(batch.fields[1] AS bigint) + field.number - 1,
        batch.fields[2],
        nullif(field.text, chr(127)),
        CAST(ltrim(split_part(batch.fields[3], ':', 1), '*!') AS bigint)
            / CAST(8388608 AS double precision),
        CAST(nullif(split_part(batch.fields[3], ':', 2), '') AS bigint),
        CASE left(batch.fields[3], 1)
            WHEN '*' THEN 'action' WHEN '!' THEN 'notice' ELSE 'text' END
    FROM
        chunks
        JOIN rooms ON rooms.key = chunks.room AND last > deleted_through,
        unnest(string_to_array(body, chr(30))) AS part,
        CAST(string_to_array(part, chr(31)) AS text[]) AS batch (fields),
        unnest(batch.fields[4:]) WITH ORDINALITY AS field (text, number)
"""


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "rooms",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("reserved_through", sa.BigInteger, nullable=False),
        sa.Column("deleted_through", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.BigInteger),
        sa.Column("permanent", sa.Boolean, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
    )
    op.create_table(
        "room_settings",
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("topic_by", sa.Text, nullable=False),
        sa.Column("topic_time", sa.Double, nullable=False),
        sa.Column("open_topic", sa.Boolean, nullable=False),
        sa.Column("moderated", sa.Boolean, nullable=False),
        sa.Column("invite_only", sa.Boolean, nullable=False),
        sa.Column("unlisted", sa.Boolean, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("limit", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "chunks",
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ends_before", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("written", sa.BigInteger, nullable=False),
    )
    _create_words()
    pruning = op.create_table("pruning", sa.Column("pruned_at", sa.Double))
    op.bulk_insert(pruning, [{"pruned_at": None}])
    _create_epochs()
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    op.execute(_SQLITE_VIEW if is_sqlite else _POSTGRESQL_VIEW)
    _create_account_tables()


def _create_words() -> None:
    op.create_table(
        "word_blocks",
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("stale", sa.Boolean, nullable=False),
    )
    op.create_table(
        "words",
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entries", sa.Text, nullable=False),
    )


def _create_epochs() -> None:
    epoch = op.create_table(
        "server_epoch",
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
    )
    op.bulk_insert(epoch, [{"epoch": 0, "shared": False}])
    scribe = op.create_table(
        "scribe",
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(scribe, [{"epoch": 0, "position": 0}])


def _create_account_tables() -> None:
    generated_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "accounts",
        sa.Column("id", generated_id, sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("registered_at", sa.Double, nullable=False),
        sa.Column("is_admin", sa.Boolean, nullable=False),
        sa.Column("registration", sa.Text),
        sqlite_autoincrement=True,
    )
    account = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    op.create_table(
        "account_looks",
        sa.Column("look", sa.Text, primary_key=True),
        sa.Column("account", generated_id, account, nullable=False),
    )
    op.create_index("account_looks_account", "account_looks", ["account"])
    op.create_table(
        "bans",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("until", sa.Double),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", generated_id, sa.Identity(), primary_key=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("via", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("minutes", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    account = sa.ForeignKey("accounts.name", ondelete="CASCADE")
    op.create_table(
        "resume_tokens",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, account, nullable=False),
        sa.Column("last_seen", sa.Double, nullable=False),
    )
    op.create_index("resume_tokens_account", "resume_tokens", ["account"])
    account = sa.ForeignKey("accounts.name", ondelete="CASCADE")
    op.create_table(
        "remembered_tokens",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, account, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("last_used", sa.Double, nullable=False),
    )
    op.create_index("remembered_tokens_account", "remembered_tokens", ["account"])
    _create_account_keys(generated_id)
    _create_ignores(generated_id)
    _create_room_access(generated_id)
    _create_read_marks(generated_id)
    _create_kept_messages(generated_id)


def _create_account_keys(account_id: sa.types.TypeEngine[int]) -> None:
    account = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    op.create_table(
        "account_keys",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("account", account_id, account, nullable=False),
        sa.Column("added", sa.Double, nullable=False),
    )
    op.create_index("account_keys_account", "account_keys", ["account"])


def _create_ignores(account_id: sa.types.TypeEngine[int]) -> None:
    account = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    ignored = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    op.create_table(
        "ignores",
        sa.Column("account", account_id, account, primary_key=True),
        sa.Column("ignored", account_id, ignored, primary_key=True),
    )
    op.create_index("ignores_ignored", "ignores", ["ignored"])


def _create_room_access(generated_id: sa.types.TypeEngine[int]) -> None:
    account = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    op.create_table(
        "room_access",
        sa.Column("id", generated_id, sa.Identity(), primary_key=True),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("account", generated_id, account),
        sa.Column("guest", sa.Text),
        sa.Column("origin", sa.Text),
        sa.Column("until", sa.Double),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    of_subject = ["room", "kind", "account"]
    op.create_index("room_access_of_accounts", "room_access", of_subject, unique=True)
    of_subject = ["room", "kind", "guest"]
    op.create_index("room_access_of_guests", "room_access", of_subject, unique=True)
    op.create_index("room_access_account", "room_access", ["account"])


def _create_read_marks(account_id: sa.types.TypeEngine[int]) -> None:
    account = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    op.create_table(
        "read_marks",
        sa.Column("account", account_id, account, primary_key=True),
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_index("read_marks_room", "read_marks", ["room"])


def _create_kept_messages(generated_id: sa.types.TypeEngine[int]) -> None:
    recipient = sa.ForeignKey("accounts.id", ondelete="CASCADE")
    op.create_table(
        "kept_messages",
        sa.Column("id", generated_id, sa.Identity(), primary_key=True),
        sa.Column("recipient", generated_id, recipient, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("account", sa.BigInteger),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("origin", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("kept_messages_recipient", "kept_messages", ["recipient"])
