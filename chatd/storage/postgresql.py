"""PostgreSQL, through psycopg: one connection that writes and one that reads.

The schema that comes first in the search path belongs to one server: an advisory lock, which lives
as long as the connection that writes, says so. A database that hangs says nothing at all: so the
socket of a connection can be shut down from another thread, and psycopg then finds it closed.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import URL, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.storage.chunks import Chunk
from chatd.storage.engine import Job, Parameters, T, attempt

_OPTIONS: Final = {
    "application_name": "chatd",
    "connect_timeout": 3,
    # Milliseconds, then seconds: how long a network that swallows everything goes unnoticed.
    "tcp_user_timeout": 5000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

# The number is chatd's own; the other is the schema, so that two servers can share a database.
_LOCK: Final = "SELECT pg_try_advisory_lock(1667785076, hashtext(coalesce(current_schema(), '')))"

# OperationalError is for all that is not the statement's fault, but for these: it can only be read
# (as a standby), and it has put an end to a transaction that took too long.
_AWAY_TOO: Final = ("25006", "25P03")

_KEEP: Final = """
    INSERT INTO chunks (room, last, said_before, body)
    SELECT value->>0, CAST(value->>1 AS bigint), CAST(value->>2 AS bigint), value->>3
    FROM json_array_elements(CAST(%s AS json)) AS batch (value)
    ON CONFLICT DO NOTHING
"""
_SEE: Final = """
    UPDATE logins SET seen = :now
    WHERE digest IN (SELECT value FROM json_array_elements_text(CAST(:digests AS json)))
"""


class PostgresqlDatabase:
    """The database at `url`; raises `StoreError` if psycopg is missing."""

    keep = _KEEP
    see = text(_SEE)

    def __init__(self, url: URL) -> None:
        # The options in a URL may hold a password, too.
        self.place = url.set(query={}).render_as_string(hide_password=True)
        url = url.set(drivername="postgresql+psycopg")
        try:
            self.writer = PostgresqlLink(url, exclusive=True)
            self.reader = PostgresqlLink(url, isolation_level="AUTOCOMMIT")
        except ImportError:
            raise StoreError(
                "PostgreSQL needs psycopg, which is not installed: pip install 'chatd[postgresql]'"
            ) from None

    def parameters(self, chunks: Sequence[Chunk]) -> Parameters:
        """Return all in one parameter: psycopg would make a text of each value by itself."""
        return (json.dumps(chunks, ensure_ascii=False),)

    def claim(self) -> None:
        """Do nothing: the connection that writes takes the lock itself, each time it is made."""

    def back_up(self, revision: str) -> None:
        """Do nothing: backups of a server are its operator's business."""

    def release(self) -> None:
        """Close the connections."""
        self.reader.release()
        self.writer.release()


class PostgresqlLink:
    """A connection to the database at `url`; with `exclusive`, one that no other chatd has."""

    def __init__(self, url: URL, *, exclusive: bool = False, **options: Any) -> None:
        self._exclusive = exclusive
        self._line = _Line()
        self.engine = create_engine(
            url,
            connect_args=_OPTIONS,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            # What would otherwise be asked of the server at the first connection.
            use_native_hstore=False,
            **options,
        )
        event.listen(self.engine, "do_connect", self._connect)

    def run(self, job: Job[T]) -> T:
        """Run `job` in a transaction; raise `UnavailableError` if the server is out of reach."""
        try:
            return attempt(self.engine, job, _is_away)
        finally:
            self._line.mend()

    def execute(self, statement: str, parameters: Parameters) -> None:
        """Do one statement in a transaction of its own."""
        self.run(lambda connection: connection.exec_driver_sql(statement, parameters))

    def cut(self) -> None:
        """Shut down the connection's socket, also if it is just being made."""
        self._line.cut()

    def release(self) -> None:
        """Close the connection."""
        self.engine.dispose()
        self._line.hang_up()

    def _connect(self, dialect: Any, _: Any, args: list[Any], options: dict[str, Any]) -> Any:
        self._line.refuse_if_cut()
        connection = dialect.connect(*args, **options)
        try:
            self._line.follow(connection.fileno())
            if self._exclusive:
                self._lock(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _lock(self, connection: Any) -> None:
        """Take the lock; it is refused for a while, too, if our old connection is not yet gone there."""
        (ours,) = connection.execute(_LOCK).fetchone()
        connection.commit()
        if not ours:
            raise StoreUnavailableError("it is in use by another chatd")


class _Line:
    """The socket under a connection, so that another thread can shut it down.

    Holds a descriptor of its own: psycopg may close its at any time, and the number go to a client.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    def mend(self) -> None:
        """Let the next job connect again."""
        with self._lock:
            self._is_cut = False

    def follow(self, descriptor: int) -> None:
        """Have the connection of this descriptor in hand, and not the one before."""
        with self._lock:
            self._forget()
            self._socket = socket.socket(fileno=os.dup(descriptor))
        self.refuse_if_cut()

    def refuse_if_cut(self) -> None:
        """Do not let a job whose time is over begin anew with another connection."""
        if self._is_cut:
            raise StoreUnavailableError("the database does not answer")

    def cut(self) -> None:
        """Shut the connection down, and refuse new ones."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with suppress(OSError):  # not connected any more
                    self._socket.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _is_away(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(error, OperationalError | InterfaceError) or state in _AWAY_TOO
