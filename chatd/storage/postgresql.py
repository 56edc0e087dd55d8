"""PostgreSQL, through psycopg: one connection that writes and one that reads.

The first schema in the search path belongs to one server, or to several that share it: an advisory
lock keeps others out, which the connection that writes holds as long as it lives, exclusively or
shared. The connection may be lost without the server, and another server may then use the schema.
So a server that starts raises the number in the table `server_epoch`, but only the first of several
that share the schema. Every transaction of the connection that writes first looks whether the
number is still the server's own, and keeps others from raising it until the transaction ends. A
server that finds another number changes nothing from then on.

One of several servers appends, on a third connection, which holds another lock. It may hang while
another one takes its place; so it checks the number in the table `scribe` in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import ArgumentError

from chatd.core.errors import StoreError
from chatd.storage import postgresql_session
from chatd.storage.chunks import Chunk
from chatd.storage.engine import Parameters
from chatd.storage.postgresql_connection import PostgresqlConnection, ScribeConnection
from chatd.storage.postgresql_session import SCRIBE, SERVERS, SessionLock
from chatd.storage.schema import metadata

_INSERT_CHUNKS: Final = """
    INSERT INTO chunks (room, last, ends_before, body, written)
    SELECT value->>0, CAST(value->>1 AS bigint), CAST(value->>2 AS bigint), value->>3,
        CAST(value->>4 AS bigint)
    FROM json_array_elements(CAST(%s AS json)) AS batch (value)
    ON CONFLICT DO NOTHING
"""
_TOUCH_TOKENS: Final = """
    UPDATE resume_tokens SET last_seen = :now
    WHERE digest IN (SELECT value FROM json_array_elements_text(CAST(:digests AS json)))
"""
_SIZE: Final = text(
    "SELECT CAST(sum(pg_total_relation_size(to_regclass(name))) AS bigint) "
    "FROM unnest(CAST(:names AS text[])) AS name"
)


class PostgresqlDatabase:
    """The database at `url`; raises `StoreError` if psycopg is not installed."""

    insert_chunks = _INSERT_CHUNKS
    touch_tokens = text(_TOUCH_TOKENS)
    free_pages = shrink_log = ""

    def __init__(self, url: URL) -> None:
        # The query of a URL may contain a password, too.
        self.location = url.set(query={}).render_as_string(hide_password=True)
        url = url.set(drivername="postgresql+psycopg")
        try:
            _check_options(url)
            self._lock = SessionLock(SERVERS, "it is in use by another chatd")
            self.writer = PostgresqlConnection(url, self._lock)
            self.reader = PostgresqlConnection(url, isolation_level="AUTOCOMMIT")
            stored_by_another = SessionLock(SCRIBE, "another server stores the messages")
            self.appender = ScribeConnection(url, stored_by_another)
        except ImportError:
            raise StoreError(
                "PostgreSQL needs chatd's extra postgresql, in a checkout: "
                "pip install '.[postgresql]'"
            ) from None

    def insert_parameters(self, chunks: Sequence[Chunk]) -> Parameters:
        """Return all chunks in one parameter: psycopg would convert each value by itself."""
        return (json.dumps(chunks, ensure_ascii=False),)

    def count_free_pages(self, _: Connection) -> int:
        """Return 0: autovacuum gives space back."""
        return 0

    def size(self, connection: Connection) -> int:
        """Return how many bytes the tables and their indexes take."""
        total: int = connection.scalar(_SIZE, {"names": list(metadata.tables)}) or 0
        return total

    def share(self) -> None:
        """Take the lock shared whenever the connection that writes connects."""
        self._lock.shared = True

    def lock(self) -> None:
        """Wait for other servers that share the schema and open it.

        The connection that writes takes the lock on the schema itself whenever it connects.
        """
        if self._lock.shared:
            self.writer.run(postgresql_session.begin_opening)

    def begin_epoch(self) -> None:
        """Raise the epoch, so that no server that used the schema before changes it any more.

        Not if other servers share the schema already.
        """
        if self._lock.shared:
            self.appender.server_epoch = self.writer.share_epoch()
        else:
            self.writer.raise_epoch()

    def end_opening(self) -> None:
        """Let other servers open the schema."""
        if self._lock.shared:
            self.writer.run(postgresql_session.end_opening)

    def is_last(self, connection: Connection) -> bool:
        """Return whether no other server has the schema open."""
        return not self._lock.shared or postgresql_session.is_last(connection)

    def back_up(self, revision: str) -> None:
        """Do nothing: backing up a server is up to its operator."""

    def close(self) -> None:
        """Close the connections, and with them release the lock."""
        for connection in (self.reader, self.appender, self.writer):
            connection.close()


def _check_options(url: URL) -> None:
    """Raise `StoreError` if libpq does not know an option of the URL, or a port is no number.

    Its own errors repeat the option, which may be the rest of a password that contains &.
    """
    from psycopg.pq import Conninfo  # noqa: PLC0415 -- psycopg may be missing

    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    if not known.issuperset(url.query):
        raise StoreError(
            "The URL of the store has an option that PostgreSQL does not know; "
            "in a password, & has to be written %26."
        )
    try:
        url.get_dialect()().create_connect_args(url)
    except (ArgumentError, ValueError):
        raise StoreError("The hosts and ports in the URL of the store are not valid.") from None
