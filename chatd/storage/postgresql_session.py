"""A session of PostgreSQL as chatd needs it: what it must be, its settings, and its lock.

The defaults of a database or of a role may end sessions that are idle, or confirm a commit before
it is on the disk, so each session gets its own settings. A session must be one process of
PostgreSQL as long as it lives: a lock belongs to that process, which a connection pooler lends to
others between two transactions.
"""

from __future__ import annotations

import os
import socket
from typing import Any, Final

from chatd.core.errors import StoreUnavailableError

_SETTINGS: Final = {
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    # Less than a job may take (`worker.JOB_TIMEOUT`), so that the error has a reason.
    "lock_timeout": "3s",
    # How soon PostgreSQL ends the session of a machine that is gone, and with it the lock.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
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

# The number is chatd's own. The schema is the other key, so that two servers can share a database.
_LOCK_NUMBER: Final = 1667785076
_SCHEMA: Final = "hashtext(coalesce(current_schema(), ''))"
_LOCK: Final = f"SELECT pg_try_advisory_lock({_LOCK_NUMBER}, {_SCHEMA})"
_HOLDER: Final = f"""
    SELECT application_name, pid
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND classid::bigint = {_LOCK_NUMBER}
        AND objid::bigint = ({_SCHEMA}::bigint & 4294967295)
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 -- of constants

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


def take_lock(connection: Any) -> None:
    """Take the lock on the schema for the session; raise `StoreUnavailableError` if it is taken.

    The holder may also be a former session of ours, as long as PostgreSQL has not noticed its end.
    """
    (is_ours,) = connection.execute(_LOCK).fetchone()
    if not is_ours:
        holder = connection.execute(_HOLDER).fetchone()
        # Another user's session has no name for us.
        who = f": {holder[0]} (PostgreSQL's process {holder[1]})" if holder and holder[0] else ""
        raise StoreUnavailableError(f"it is in use by another chatd{who}")
