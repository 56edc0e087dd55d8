"""From the URL of a store to the store: `memory:`, `sqlite:///path`, `postgresql://...`.

Nothing is opened here, and no thread started: the daemon may fork before it opens its store.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from chatd.core.errors import StoreError
from chatd.storage.engine import Database
from chatd.storage.memory import MemoryStore
from chatd.storage.postgresql import PostgresqlDatabase
from chatd.storage.sql import SqlStore
from chatd.storage.sqlite import SqliteDatabase
from chatd.storage.worker import REST_SECONDS, Worker

MEMORY: Final = "memory:"
KNOWN: Final = "memory:, sqlite:///chatd.db, postgresql://user@host/database"
"""What a URL may look like, for who has to be told."""

_POSTGRESQL: Final = ("postgresql", "postgresql+psycopg")


def store_for(url: str, reactor: Any) -> MemoryStore | SqlStore:
    """Return the store at `url`, not yet opened; raise `StoreError` if there can be none."""
    if url == MEMORY:
        return MemoryStore()
    database = database_for(url)
    writer = Worker(reactor, database.writer)
    return SqlStore(database, writer, Worker(reactor, database.reader, REST_SECONDS))


def database_for(text: str) -> Database:
    """Return the database at a URL, not yet opened; raise `StoreError` if there can be none."""
    url = _parse(text)
    if url.drivername == "sqlite":
        return SqliteDatabase(_sqlite_path(url))
    if url.drivername in _POSTGRESQL:
        return PostgresqlDatabase(url)
    raise StoreError(f"A store cannot be of the kind {url.drivername}, only as in {KNOWN}.")


def _parse(text: str) -> URL:
    """Take a URL apart. What cannot be is never repeated: it may be a password, badly quoted."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(f"The URL of the store is not one of those known: {KNOWN}.") from None
    if "@" in (url.host or ""):
        raise StoreError("In the URL of the store, @ in a name or password has to be written %40.")
    return url


def _sqlite_path(url: URL) -> Path:
    if url.database in (None, "", ":memory:"):
        raise StoreError(f"A store in SQLite needs a file; {MEMORY} is the one that needs none.")
    if url.host or url.username or url.port or url.query:
        raise StoreError("The URL of a store in SQLite is sqlite:///, then the path, and no more.")
    assert url.database is not None
    return Path(url.database)
