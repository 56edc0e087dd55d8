"""SQLite: one file, one connection that writes and one that reads, in WAL mode.

The file belongs to one server: a lock on it, held through a descriptor of our own, says so, and
vanishes with the process. SQLite's own locks are of another kind and last for one statement.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.pool import QueuePool

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.storage.chunks import Chunk
from chatd.storage.engine import Job, Parameters, T, attempt

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

# The first parameter is a table in JSON, its last two columns where in the second the bodies are.
_KEEP: Final = """
    INSERT INTO chunks (room, last, said_before, body)
    SELECT
        json_extract(value, '$[0]'),
        json_extract(value, '$[1]'),
        json_extract(value, '$[2]'),
        CAST(substr(?2, json_extract(value, '$[3]'), json_extract(value, '$[4]')) AS TEXT)
    FROM json_each(?1)
    WHERE true
    ON CONFLICT DO NOTHING
"""
_SEE: Final = """
    UPDATE logins SET seen = :now WHERE digest IN (SELECT value FROM json_each(:digests))
"""


class SqliteDatabase:
    """A database in the file at `path`."""

    keep = _KEEP
    see = text(_SEE)

    def __init__(self, path: Path) -> None:
        self.place = str(path)
        self._path = path
        self._lock: int | None = None
        self.writer = SqliteLink(path)
        self.reader = SqliteLink(path, isolation_level="AUTOCOMMIT")
        event.listen(self.writer.engine, "begin", _begin)

    def parameters(self, chunks: Sequence[Chunk]) -> Parameters:
        """Return a table and, in bytes, of which SQLite takes a part without counting, all bodies.

        The statement is always the same then, and with few parameters: the rest is done without the GIL.
        """
        bodies = [chunk.body.encode() for chunk in chunks]
        ends = accumulate(map(len, bodies), initial=1)
        table = [
            (*chunk[:3], start, len(body))
            for chunk, body, start in zip(chunks, bodies, ends, strict=False)
        ]
        return (json.dumps(table), b"".join(bodies))

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
        return attempt(self.engine, job, lambda error: _is_away(error.orig))

    def execute(self, statement: str, parameters: Parameters) -> None:
        """Do one statement, which is a transaction: so the GIL is let go of once for all of it."""
        assert self._connection is not None
        try:
            self._connection.execute(statement, parameters)
        except sqlite3.Error as error:
            if _is_away(error):
                raise StoreUnavailableError(str(error)) from error
            raise

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


def _is_away(error: BaseException | None) -> bool:
    # The low byte is the kind of an error, the others say more of it. Errors that Python finds by
    # itself have no code.
    code: int = getattr(error, "sqlite_errorcode", 0)
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
