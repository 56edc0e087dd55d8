"""A session of PostgreSQL as chatd needs it: what it must be, its settings, and its locks.

The defaults of a database or of a role may end sessions that are idle, or confirm a commit before
it is on the disk, so each session gets its own settings. A session must be one process of
PostgreSQL as long as it lives: a lock belongs to that process, which a connection pooler lends to
others between two transactions.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from chatd.core.errors import StoreUnavailableError

_SETTINGS: Final = {
    "idle_session_timeout": "0",
    # More than a job may take: the process hangs, and others wait for the rows that it has locked.
    "idle_in_transaction_session_timeout": "10s",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    # Less than a job may take (`worker.JOB_TIMEOUT`), so that the error has a reason.
    "lock_timeout": "3s",
    # How soon PostgreSQL ends the session of a machine that is gone, and with it the lock: in five
    # seconds, also if there is an answer on its way.
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "5s",
}

# A setting that this version of PostgreSQL does not know has no row. Only "off" confirms a commit
# that may be lost.
_SET: Final = """
    SELECT set_config(name, value, false)
    FROM unnest(%s::text[], %s::text[]) AS wanted (name, value)
    WHERE name IN (SELECT name FROM pg_settings)
    UNION ALL
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'
"""

# The schema is one key of a lock, so that two servers can share a database. The other key is
# chatd's own number.
_SCHEMA: Final = "hashtext(coalesce(current_schema(), ''))"
_HOLDERS: Final = f"""
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND classid::bigint = %s
        AND objid::bigint = ({_SCHEMA}::bigint & 4294967295)
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND pid <> pg_backend_pid()
"""  # noqa: S608 -- of constants

SERVERS: Final = 1667785076
"""The number of the lock on the schema, which servers hold that share it, or one alone."""

SCRIBE: Final = SERVERS + 1
"""The number of the lock that the server holds that appends, of those that share the schema."""

OPENING: Final = SERVERS + 2
"""The number of the lock that a server holds while it opens a schema that it shares."""

_MAX_NAME: Final = 63
"""How many bytes of a session's name PostgreSQL keeps."""


def session_name() -> str:
    """Return the name of this server's sessions, by which an operator finds the server."""
    process = f", process {os.getpid()}"
    host = socket.gethostname().encode("ascii", "replace").decode()
    return f"chatd on {host}"[: _MAX_NAME - len(process)] + process


def prepare(connection: Any) -> None:
    """Check and set up a new session, whose psycopg connection has autocommit on.

    Raises `StoreUnavailableError` if the database cannot store every text, or if a connection
    pooler is between.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreUnavailableError(
            f"its encoding is {encoding} and cannot store every text; create another one with "
            "CREATE DATABASE chatd ENCODING 'UTF8' TEMPLATE template0"
        )
    # A pooler tells a process of its own making: many clients share one of PostgreSQL's.
    (process,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    if process != connection.info.backend_pid:
        raise StoreUnavailableError(
            "a connection pooler answers there; give the host and port of PostgreSQL itself"
        )
    connection.execute(_SET, (list(_SETTINGS), list(_SETTINGS.values())))


@dataclass
class SessionLock:
    """A lock that a session takes when it connects, and holds until it ends.

    Sessions that take it `shared` exclude those that do not. With `force`, the session that holds
    it is ended. `refusal` says why the database cannot be used if the lock is taken.
    """

    number: int
    refusal: str
    shared: bool = False
    force: bool = False

    def take(self, connection: Any) -> None:
        """Take the lock for the session of a psycopg connection that has autocommit on.

        Raises `StoreUnavailableError` if it is taken. The holder may also be a former session of
        ours, as long as PostgreSQL has not noticed its end.
        """
        kind = "_shared" if self.shared else ""
        attempt = f"SELECT pg_try_advisory_lock{kind}(%s, {_SCHEMA})"
        (is_ours,) = connection.execute(attempt, (self.number,)).fetchone()
        if is_ours:
            return
        if self.force:
            connection.execute(
                f"SELECT pg_terminate_backend(pid) {_HOLDERS}",
                (self.number,),
            )
            # The session ends soon; `lock_timeout` bounds the wait.
            connection.execute(f"SELECT pg_advisory_lock(%s, {_SCHEMA})", (self.number,))
            return
        holder = connection.execute(
            f"SELECT application_name, pid {_HOLDERS}",
            (self.number,),
        ).fetchone()
        # Another user's session has no name for us.
        who = f": {holder[0]} (PostgreSQL's process {holder[1]})" if holder and holder[0] else ""
        raise StoreUnavailableError(f"{self.refusal}{who}")


def begin_opening(connection: Connection) -> None:
    """Wait until no other server opens the schema, and keep others from it until `end_opening`."""
    connection.exec_driver_sql(f"SELECT pg_advisory_lock(%s, {_SCHEMA})", (OPENING,))


def end_opening(connection: Connection) -> None:
    """Let other servers open the schema."""
    connection.exec_driver_sql(f"SELECT pg_advisory_unlock(%s, {_SCHEMA})", (OPENING,))


def is_last(connection: Connection) -> bool:
    """Return whether no other server has the schema open; none opens it in this transaction.

    `connection` is the one that holds the lock on the schema.
    """
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock(%s, {_SCHEMA})", (OPENING,))
    others = f"SELECT 1 {_HOLDERS}"
    return connection.exec_driver_sql(others, (SERVERS,)).first() is None
