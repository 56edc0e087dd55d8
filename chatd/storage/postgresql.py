"""PostgreSQL, through psycopg: one connection that writes and one that reads.

The first schema in the search path belongs to one server: an advisory lock, which the connection
that writes holds as long as it lives, keeps others out. The connection may be lost without the
server, and another server may then use the schema. So each server that starts raises the number in
the table `server_epoch`, and every transaction of the connection that writes first looks whether
the number is still the server's own, and keeps others from raising it until the transaction ends. A
server that finds another number changes nothing from then on.

A database that hangs sends nothing at all, so another thread can shut down the socket of a
connection; psycopg then finds it closed.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from sqlalchemy import URL, Connection, create_engine, event, text, update
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.storage.chunks import Chunk
from chatd.storage.engine import Job, Parameters, T, run_transaction
from chatd.storage.postgresql_session import prepare, session_name, take_lock
from chatd.storage.schema import metadata, server_epoch

_OPTIONS: Final = {
    "client_encoding": "UTF8",
    "connect_timeout": 3,
    # In milliseconds, then in seconds: how long a network that drops all packets goes unnoticed.
    "tcp_user_timeout": 5000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

_UNAVAILABLE: Final = ("25006", "25P03", "25P04", "3F000", "42501", "42P01")
"""The SQLSTATEs, besides OperationalError, of a server that cannot do the job now.

They say that it can only be read, as a standby; that it ended a slow transaction; and that a schema
or a table is gone, or the right to use it.
"""

# The row cannot be changed until the transaction ends.
_CHECK_EPOCH: Final = "SELECT FROM server_epoch WHERE epoch = %s FOR SHARE"

_SUPERSEDED: Final = "another chatd has used it since; restart this one to use it again"

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
            self.writer = PostgresqlConnection(url, exclusive=True)
            self.reader = PostgresqlConnection(url, isolation_level="AUTOCOMMIT")
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

    def lock(self) -> None:
        """Do nothing: the connection that writes takes the lock itself whenever it connects."""

    def take_over(self) -> None:
        """Raise the epoch, so that no server that used the schema before changes it any more."""
        self.writer.raise_epoch()

    def back_up(self, revision: str) -> None:
        """Do nothing: backing up a server is up to its operator."""

    def close(self) -> None:
        """Close the connections, and with them release the lock."""
        self.reader.close()
        self.writer.close()


class PostgresqlConnection:
    """A connection to the database at `url`, which takes the lock if it is `exclusive`.

    `options` are those of `sqlalchemy.create_engine`.
    """

    def __init__(self, url: URL, *, exclusive: bool = False, **options: Any) -> None:
        self._exclusive = exclusive
        # The epoch of this server, once it has raised it.
        self._epoch: int | None = None
        self._is_superseded = False
        self._socket = _ConnectionSocket()
        self.engine = create_engine(
            url,
            connect_args=_OPTIONS,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            # Saves the query that SQLAlchemy would send on the first connection.
            use_native_hstore=False,
            **options,
        )
        event.listen(self.engine, "do_connect", self._connect)

    def run(self, job: Job[T]) -> T:
        """Run `job` in a transaction.

        Raises `StoreUnavailableError` if the server is unreachable or cannot do it now, and from
        the time on when another chatd has raised the epoch.
        """
        if self._is_superseded:
            # Without a connection: it would take the lock, which is the other server's.
            raise StoreUnavailableError(_SUPERSEDED)
        checked = job if self._epoch is None else partial(self._run_checked, job)
        try:
            return run_transaction(self.engine, checked, _is_unavailable)
        finally:
            self._socket.reset()

    def execute(self, statement: str, parameters: Parameters) -> None:
        """Execute one statement in a transaction of its own."""
        self.run(lambda connection: connection.exec_driver_sql(statement, parameters))

    def raise_epoch(self) -> None:
        """Raise the epoch in the database; raise `StoreUnavailableError` as `run` does."""
        raised = update(server_epoch).values(epoch=server_epoch.c.epoch + 1)
        self._epoch = self.run(
            lambda connection: connection.scalars(raised.returning(server_epoch.c.epoch)).one()
        )

    def interrupt(self) -> None:
        """Shut down the socket of the connection, even while it connects."""
        self._socket.shut_down()

    def close(self) -> None:
        """Close the connection."""
        self.engine.dispose()
        self._socket.close()

    def _connect(self, driver: Any, _: Any, args: list[Any], options: dict[str, Any]) -> Any:
        self._socket.check()
        connection = driver.connect(*args, **options, application_name=session_name())
        try:
            self._socket.track(connection.fileno())
            connection.autocommit = True
            prepare(connection)
            if self._exclusive:
                take_lock(connection)
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection

    def _run_checked(self, job: Job[T], connection: Connection) -> T:
        """Run `job` if no other server has raised the epoch."""
        if connection.exec_driver_sql(_CHECK_EPOCH, (self._epoch,)).first() is None:
            self._is_superseded = True
            connection.invalidate()  # gives up the lock
            raise StoreUnavailableError(_SUPERSEDED)
        return job(connection)


class _ConnectionSocket:
    """The socket of a connection, which another thread can shut down.

    Holds a duplicate of psycopg's descriptor: psycopg may close its own at any time, and the number
    may then belong to a client of ours.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_shut_down = False

    def reset(self) -> None:
        """Let the next job connect again."""
        with self._lock:
            self._is_shut_down = False

    def track(self, descriptor: int) -> None:
        """Use the socket with this descriptor from now on; raise as `check` does."""
        with self._lock:
            self._close_socket()
            self._socket = socket.socket(fileno=os.dup(descriptor))
        self.check()

    def check(self) -> None:
        """Raise `StoreUnavailableError` after `shut_down`: a timed out job must not reconnect."""
        if self._is_shut_down:
            raise StoreUnavailableError("the database does not answer")

    def shut_down(self) -> None:
        """Shut down the socket, and let the running job make no new one."""
        with self._lock:
            self._is_shut_down = True
            if self._socket is not None:
                with suppress(OSError):  # not connected any more
                    self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the duplicate of the descriptor."""
        with self._lock:
            self._close_socket()

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


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


def _is_unavailable(error: DBAPIError) -> bool:
    # OperationalError is for all errors that the statement did not cause, except some.
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(error, OperationalError | InterfaceError) or state in _UNAVAILABLE
