"""The first schema: rooms, what is said in them, accounts, bans, logins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# One row for each message, for people. In a chunk there is RS (30) between bursts, and in each US (31)
# between the first id, the sender, the time in ticks and the texts.
_SQLITE_VIEW = r"""
    CREATE VIEW messages (room, id, sender, text, said_at, account) AS
    WITH escaped (room, cleared, body) AS (
        SELECT rooms.id, cleared, replace(replace(replace(replace(body,
            '\', '\\'), '"', '\"'), char(10), '\n'), char(9), '\t')
        FROM chunks JOIN rooms ON rooms.key = chunks.room
        WHERE last > cleared
    ), arrays (room, cleared, body) AS (
        SELECT room, cleared,
            '[["' || replace(replace(body, char(31), '","'), char(30), '"],["') || '"]]'
        FROM escaped
    )
    SELECT
        room,
        CAST(json_extract(burst.value, '$[0]') AS INTEGER) + field.key - 3 AS id,
        json_extract(burst.value, '$[1]'),
        field.value,
        CAST(json_extract(burst.value, '$[2]') AS INTEGER) / 8388608.0,
        CAST(substr(nullif(ltrim(json_extract(burst.value, '$[2]'), '0123456789'), ''), 2)
            AS INTEGER)
    FROM arrays, json_each(body) AS burst, json_each(burst.value) AS field
    WHERE field.key >= 3
"""
_POSTGRESQL_VIEW = """
    CREATE VIEW messages (room, id, sender, text, said_at, account) AS
    SELECT
        rooms.id,
        CAST(burst.fields[1] AS bigint) + field.number - 1,
        burst.fields[2],
        field.text,
        CAST(split_part(burst.fields[3], ':', 1) AS bigint) / CAST(8388608 AS double precision),
        CAST(nullif(split_part(burst.fields[3], ':', 2), '') AS bigint)
    FROM
        chunks
        JOIN rooms ON rooms.key = chunks.room AND last > cleared,
        unnest(string_to_array(body, chr(30))) AS run,
        CAST(string_to_array(run, chr(31)) AS text[]) AS burst (fields),
        unnest(burst.fields[4:]) WITH ORDINALITY AS field (text, number)
"""


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rooms",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("cleared", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "chunks",
        sa.Column("room", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("said_before", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    is_sqlite = op.get_context().dialect.name == "sqlite"
    op.execute(_SQLITE_VIEW if is_sqlite else _POSTGRESQL_VIEW)
    _make_tables_of_people()


def _make_tables_of_people() -> None:
    account_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "accounts",
        sa.Column("id", account_id, sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("registered_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "bans",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("until", sa.Double),
    )
    account = sa.ForeignKey("accounts.name", ondelete="CASCADE")
    op.create_table(
        "logins",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, account, nullable=False),
        sa.Column("seen", sa.Double, nullable=False),
    )
    op.create_index("logins_account", "logins", ["account"])
