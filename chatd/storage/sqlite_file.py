"""The file of an SQLite database: its locks, its mode, and whether it is still at its path.

A process that has a file open may go on writing to it when it was removed or replaced: SQLite
confirms the commit, and the next start does not find it. So `check` looks before and after each
transaction whether the path and those of the WAL still name the files that are open.

Two locks keep other servers out, and disappear with the process: one on the database, however it is
named, and one on the file `<path>.lock`, which also holds when the database was removed. SQLite's
own locks are of another kind and last for one statement.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import stat
import struct
from pathlib import Path
from typing import Final

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.storage.schema import VERSION_TABLE

BUSY_TIMEOUT: Final = 1.0
"""For how many seconds a job waits for another process, such as an `sqlite3` shell, that writes."""

_MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = struct.Struct(">24xI")
"""The first bytes of a database: at their end the number of changes.

In WAL mode it is not raised by every change, but it is less in a copy that `sqlite3 .backup` made
before the server started. The number of pages says nothing: free pages are given back.
"""

_REPLACED: Final = "was removed or replaced; put it back, or restart the server"


class DatabaseFile:
    """The file at `path`, and those beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._lock: _LockFile | None = None
        # The paths that are checked, and the device and inode of each.
        self._open_files: dict[Path, tuple[int, int]] = {}
        self._changes = 0
        self._is_overwritten = False

    def open(self) -> None:
        """Create the file if it does not exist, lock it, and look whether chatd can use it.

        A new file can be read by its owner alone; from an existing one, all others but the owner
        and the group are kept out. Raises `StoreError`.
        """
        path, *others = self._paths()
        try:
            self._lock = _LockFile(path.with_name(f"{path.name}.lock"))
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                raise StoreError(f"{self.path} cannot be opened: it is not a file.")
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for each in (path, *others):
                _keep_others_out(each)
            _check_content(path)
        except BlockingIOError:
            raise StoreError(f"{self.path} is in use by another chatd.") from None
        except OSError as error:
            # Without the directory, the lock is the first file that is missing.
            is_other = error.filename not in (None, str(path)) and error.errno != errno.ENOENT
            other = f" ({error.filename})" if is_other else ""
            raise StoreError(f"{self.path} cannot be opened: {error.strerror}{other}.") from None
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be opened: {error}.") from None

    def remember(self) -> None:
        """Remember which files are open; called when SQLite has opened all of them."""
        if not self._open_files:
            self._open_files = {path: _identity(path.stat()) for path in self._paths()}
            self.note_change()

    def note_change(self) -> None:
        """Note the number of changes after a transaction of this process."""
        self._changes = self._read_changes()

    def check(self) -> None:
        """Raise `StoreUnavailableError` if a file was removed, replaced or overwritten.

        Files that are put back are used again; after one was overwritten, what is in memory is
        wrong until a restart.
        """
        for path, identity in self._open_files.items():
            try:
                is_there = _identity(path.stat()) == identity
            except OSError:
                is_there = False
            if not is_there:
                raise StoreUnavailableError(f"{path} {_REPLACED}")
        if self._is_overwritten or self._read_changes() < self._changes:
            self._is_overwritten = True
            raise StoreUnavailableError(f"{self.path} was overwritten; restart the server")

    def close(self) -> None:
        """Release the locks; called when no connection is open any more.

        Closing any descriptor of a file releases all locks that the process has on it, including
        those of SQLite.
        """
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self._lock is not None:
            self._lock.remove()
            self._lock = None
        self._open_files.clear()

    def _paths(self) -> list[Path]:
        """Return the paths of the database, its WAL and its shared memory."""
        path = self.path.resolve()
        return [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]

    def _read_changes(self) -> int:
        """Return the number of changes; 0 if the file is no database."""
        if self._descriptor is None:
            return 0
        header = os.pread(self._descriptor, _HEADER.size, 0)
        if len(header) < _HEADER.size or not header.startswith(_MAGIC):
            return 0
        (changes,) = _HEADER.unpack(header)
        return int(changes)


class _LockFile:
    """A file that exists to be locked, at `path`; raises `BlockingIOError` if it is locked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        while True:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(path, flags, 0o600)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(self._descriptor)
                raise
            if self._is_at_path():
                return
            # Another server removed it in between.
            os.close(self._descriptor)

    def remove(self) -> None:
        """Remove the file and release the lock, in this order: see the loop above."""
        if self._is_at_path():
            self._path.unlink()
        os.close(self._descriptor)

    def _is_at_path(self) -> bool:
        try:
            return _identity(self._path.stat()) == _identity(os.fstat(self._descriptor))
        except FileNotFoundError:
            return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _keep_others_out(path: Path) -> None:
    """Take all rights to a file from others, if it exists, and let the owner read and write it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return
    wanted = (mode | stat.S_IRUSR | stat.S_IWUSR) & ~stat.S_IRWXO
    if wanted != mode:
        path.chmod(wanted)


def _check_content(path: Path) -> None:
    """Raise `StoreError` if the file is a database that chatd cannot use, and leave it alone."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT)
    try:
        (encoding,) = connection.execute("PRAGMA encoding").fetchone()
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {name for (name,) in found}
    finally:
        connection.close()
    if tables and VERSION_TABLE not in tables:
        raise StoreError(f"{path} is the database of another program.")
    if encoding != "UTF-8":
        raise StoreError(f"{path} has the encoding {encoding}, and chatd needs UTF-8.")
