"""SQLite: one file, one connection that writes and one that reads, in WAL mode.

Before and after each transaction `sqlite_file` looks whether the file is still there, so that no
change is confirmed that the next start would not find.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.pool import QueuePool

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.storage.chunks import Chunk
from chatd.storage.engine import Job, Parameters, T, run_transaction
from chatd.storage.sqlite_file import BUSY_TIMEOUT, DatabaseFile

VACUUM_PAGES: Final = 128
"""How many pages (of 4 KiB) are given back at once, in a few milliseconds."""

SPARE_PAGES: Final = 256
"""How many free pages are kept for new messages."""

_INCREMENTAL: Final = 2

_PRAGMAS: Final = (
    "journal_mode = WAL",
    # To how many bytes the WAL shrinks when it starts again from its beginning.
    "journal_size_limit = 4194304",
    "synchronous = FULL",
    "foreign_keys = ON",
    # To overwrite what is removed, also in the pages that become free: texts that users deleted.
    "secure_delete = ON",
)

_UNAVAILABLE: Final = {
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

# The first parameter is an array of rows in JSON. The second one has all bodies in a row, and the
# fourth and fifth value of a row are the start and the length of its body there.
_INSERT_CHUNKS: Final = """
    INSERT INTO chunks (room, last, ends_before, body, written)
    SELECT
        json_extract(value, '$[0]'),
        json_extract(value, '$[1]'),
        json_extract(value, '$[2]'),
        CAST(substr(?2, json_extract(value, '$[3]'), json_extract(value, '$[4]')) AS TEXT),
        json_extract(value, '$[5]')
    FROM json_each(?1)
    WHERE true
    ON CONFLICT DO NOTHING
"""
_TOUCH_TOKENS: Final = """
    UPDATE resume_tokens SET last_seen = :now
    WHERE digest IN (SELECT value FROM json_each(:digests))
"""


class SqliteDatabase:
    """The database in the file at `path`."""

    insert_chunks = _INSERT_CHUNKS
    touch_tokens = text(_TOUCH_TOKENS)
    appender = None
    free_pages = f"PRAGMA incremental_vacuum({VACUUM_PAGES})"
    # Not to wait for a reader: the next time will do.
    shrink_log = (
        "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE); "
        f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}"
    )

    def __init__(self, path: Path) -> None:
        self.location = str(path)
        self._path = path
        self._file = DatabaseFile(path)
        self.writer = SqliteConnection(self._file)
        self.reader = SqliteConnection(self._file, isolation_level="AUTOCOMMIT")
        event.listen(self.writer.engine, "begin", _begin)

    def insert_parameters(self, chunks: Sequence[Chunk]) -> Parameters:
        """Return the rows, and all bodies as bytes, of which SQLite takes a slice in no time.

        So the statement is always the same, has few parameters, and does its work without the GIL.
        """
        bodies = [chunk.body.encode() for chunk in chunks]
        starts = accumulate(map(len, bodies), initial=1)
        rows = [
            (*chunk[:3], start, len(body), chunk.written)
            for chunk, body, start in zip(chunks, bodies, starts, strict=False)
        ]
        return (json.dumps(rows), b"".join(bodies))

    def count_free_pages(self, connection: Connection) -> int:
        """Return how many free pages there are beyond those that are kept for new messages."""
        # A file that was not made with this mode can only be copied with VACUUM.
        if connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() != _INCREMENTAL:
            return 0
        free: int = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
        return max(free - SPARE_PAGES, 0)

    def size(self, _: Connection) -> int:
        """Return how many bytes the file and its WAL take."""
        total = 0
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                total += self._path.with_name(self._path.name + suffix).stat().st_size
        return total

    def share(self) -> None:
        """Raise `StoreError`."""
        raise StoreError(f"{self.location} is for one server: several need a store in PostgreSQL.")

    def lock(self) -> None:
        """Create the file if it does not exist, and lock it."""
        self._file.open()

    def begin_epoch(self) -> None:
        """Write the header of the file, so that it differs from that of every backup.

        The locks on the file last as long as the process.
        """
        self.writer.run(lambda connection: connection.exec_driver_sql("PRAGMA user_version = 0"))
        self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)", ())

    def end_opening(self) -> None:
        """Do nothing: no other server opens the file."""

    def is_last(self, _: Connection) -> bool:
        """Return True."""
        return True

    def back_up(self, revision: str) -> None:
        """Copy the file to `<file>-backup-<revision>`; raise `StoreError` if that exists."""
        backup = self._path.with_name(f"{self._path.name}-backup-{revision}")
        # The copy gets its name when it is complete, so that a part of one is never taken for a
        # backup.
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

    def close(self) -> None:
        """Close the connections and then release the lock."""
        self.reader.engine.dispose()
        self.writer.engine.dispose()
        self._file.close()


class SqliteConnection:
    """A connection to `file`; `options` are those of `sqlalchemy.create_engine`."""

    def __init__(self, file: DatabaseFile, **options: Any) -> None:
        self._file = file
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
        """Run `job` in a transaction.

        Raises `StoreUnavailableError` if the file is locked, full, cannot be read, or is not there
        any more.
        """
        with self._checked():
            return run_transaction(self.engine, job, lambda error: _is_unavailable(error.orig))

    def execute(self, statement: str, parameters: Parameters) -> None:
        """Execute one statement, as a transaction: the GIL is released once for all of it.

        Without parameters it may be several statements, each of which is executed to its end.
        """
        assert self._connection is not None
        with self._checked():
            try:
                if parameters:
                    self._connection.execute(statement, parameters)
                else:
                    # Executed alone, PRAGMA incremental_vacuum ends after its first page.
                    self._connection.executescript(statement)
            except sqlite3.Error as error:
                if _is_unavailable(error):
                    raise StoreUnavailableError(str(error)) from error
                raise

    def interrupt(self) -> None:
        """Interrupt the statement that runs."""
        if self._connection is not None:
            self._connection.interrupt()

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Raise `StoreUnavailableError` if the file is not there, before or after the transaction.

        A change that was made in between is in the file that is gone, or in both if it comes back.
        """
        self._file.check()
        yield
        self._file.check()
        self._file.note_change()

    def _connect(self) -> sqlite3.Connection:
        # The main thread opens the connection and a thread of its own uses it, but never two at
        # once. Python must not begin transactions by itself: _begin does.
        connection = sqlite3.connect(
            self._file.path,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            # The mode can be chosen for a new file alone, and the choice writes to any other.
            if connection.execute("PRAGMA page_count").fetchone() == (0,):
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            # SQLite opens the WAL when it first reads.
            connection.execute("SELECT count(*) FROM sqlite_master")
            self._file.remember()
        except (sqlite3.Error, OSError):
            connection.close()
            raise
        self._connection = connection
        return connection


def _begin(connection: Connection) -> None:
    # For writing from the start: a transaction that begins with a read cannot wait for a writer.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _is_unavailable(error: BaseException | None) -> bool:
    # The low byte is the kind of an error, the others are details. Errors that Python raises by
    # itself have no code.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _UNAVAILABLE


def _copy(source: Path, target: Path) -> None:
    """Copy a database, including the content of its WAL."""
    original = sqlite3.connect(source, timeout=BUSY_TIMEOUT)
    copy = sqlite3.connect(target)
    try:
        original.backup(copy)
    finally:
        copy.close()
        original.close()
