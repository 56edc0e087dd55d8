"""SQLite: one file, one connection that writes and one that reads, in WAL mode.

The file belongs to one server: a lock on it, held through a descriptor of our own, says so, and
vanishes with the process. SQLite's own locks are of another kind and last for one statement.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from chatd.core.errors import StoreError
from chatd.store.database import Job, Row, T, attempt

BUSY_SECONDS: Final = 1.0
"""How long to wait for another process that has the file locked, such as an `sqlite3` shell."""

_AWAY: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}

_ROW: Final = "(?, ?, ?, ?, ?)"

STATEMENTS: Final = 32
"""How many prepared statements are held: each size of a batch is one, and a large one takes memory."""

_SEE: Final = """
    UPDATE logins SET seen = :now WHERE digest IN (SELECT value FROM json_each(:digests))
"""


class SqliteDatabase:
    """A database in the file at `path`."""

    see = text(_SEE)

    def __init__(self, path: Path) -> None:
        self.place = str(path)
        self._path = path
        self._lock: int | None = None
        self.writer = SqliteLink(path)
        self.reader = SqliteLink(path, isolation_level="AUTOCOMMIT")
        event.listen(self.writer.engine, "begin", _begin)

    def keep(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Add messages, all in one statement.

        So sqlite3 lets go of the GIL once for all the work; with executemany it asks for it back
        after every row, and has to wait for it.
        """
        values = ", ".join([_ROW] * len(rows))
        connection.exec_driver_sql(
            f"INSERT INTO messages (room, id, sender, text, said_at) VALUES {values} "  # noqa: S608
            "ON CONFLICT DO NOTHING",
            tuple(chain.from_iterable(rows)),
        )

    def claim(self) -> None:
        """Make the file, if there is none, and lock it."""
        try:
            self._lock = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"{self.place} is in use by another chatd.") from None
        except OSError as error:
            raise StoreError(f"{self.place} cannot be opened: {error.strerror}.") from None

    def back_up(self, revision: str) -> None:
        """Copy the file to `<file>-backup-<revision>`, which must not be there yet."""
        backup = self._path.with_name(f"{self._path.name}-backup-{revision}")
        # A copy that breaks off must not be taken for a backup: it gets its name when it is complete.
        part = backup.with_name(f"{backup.name}.part")
        try:
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            _copy(self._path, part)
            os.link(part, backup)
        except FileExistsError:
            raise StoreError(
                f"{backup} is there already: move it away, then start again."
            ) from None
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{backup} cannot be written: {error}.") from None
        finally:
            part.unlink(missing_ok=True)

    def release(self) -> None:
        """Close the connections and then, last of all, let go of the file."""
        self.reader.engine.dispose()
        self.writer.engine.dispose()
        # Closing any descriptor of a file drops all locks that the process has on it, SQLite's too:
        # hence not before its connections are closed.
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


class SqliteLink:
    """A connection to the file at `path`."""

    def __init__(self, path: Path, **options: Any) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self.engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
            **options,
        )

    def run(self, job: Job[T]) -> T:
        """Run `job` in a transaction; raise `UnavailableError` if it is locked, full, or cannot be read."""
        return attempt(self.engine, job, _is_away)

    def cut(self) -> None:
        """Interrupt the statement that runs."""
        if self._connection is not None:
            self._connection.interrupt()

    def _connect(self) -> sqlite3.Connection:
        # Opened by the main thread, used by a thread of its own, but never by two at once. Python
        # is not to begin transactions by itself: _begin does.
        connection = sqlite3.connect(
            self._path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS,
        )
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            connection.close()
            raise
        self._connection = connection
        return connection


def _begin(connection: Connection) -> None:
    # At once for writing: a transaction that begins by reading cannot wait for another that writes.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _is_away(error: DBAPIError) -> bool:
    # The low byte is the kind of an error, the others say more of it. Errors that Python finds by
    # itself have no code.
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in _AWAY


def _copy(source: Path, target: Path) -> None:
    """Copy a database with all that is in its WAL."""
    original = sqlite3.connect(source, timeout=BUSY_SECONDS)
    copy = sqlite3.connect(target)
    try:
        original.backup(copy)
    finally:
        copy.close()
        original.close()
