"""Creates the store for a URL: `memory:`, `sqlite:///path` or `postgresql://...`.

Nothing is opened here, and no thread is started: the daemon may fork before it opens its store.
"""

from __future__ import annotations

import re
from functools import partial
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
from chatd.storage.worker import Worker

MEMORY: Final = "memory:"
EXAMPLES: Final = "memory:, sqlite:///chatd.db, postgresql://user@host/database"
"""An example of each kind of URL, for error messages."""

_POSTGRESQL: Final = ("postgresql", "postgresql+psycopg")


def create_store(url: str, reactor: Any) -> MemoryStore | SqlStore:
    """Return the store for `url`, not opened yet.

    Raises `StoreError`, with a message for the operator, if there is no store for such a URL.
    """
    if url == MEMORY:
        return MemoryStore()
    return SqlStore(create_database(url), partial(Worker, reactor))


def create_database(url: str) -> Database:
    """Return the database for `url`, not opened yet; raise `StoreError` as `create_store` does."""
    parsed = _parse(url)
    if parsed.drivername == "sqlite":
        return SqliteDatabase(_sqlite_path(parsed))
    if parsed.drivername in _POSTGRESQL:
        return PostgresqlDatabase(parsed)
    raise StoreError(f"A store cannot be of the kind {parsed.drivername}, only as in {EXAMPLES}.")


def _parse(url: str) -> URL:
    """Parse `url`. An error never repeats a part of it, which may be of a badly quoted password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(f"The URL of the store is not one of those known: {EXAMPLES}.") from None
    _, _, rest = url.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if rest.count("@") > 1 or "@" in rest[len(authority) :]:
        raise StoreError(
            "In a name or password in the URL of the store, @ has to be written %40, "
            "/ %2F, ? %3F, # %23 and & %26."
        )
    return parsed


def _sqlite_path(url: URL) -> Path:
    if url.database in (None, "", ":memory:"):
        raise StoreError(f"A store in SQLite needs a file; {MEMORY} is the one that needs none.")
    if url.host or url.username or url.port or url.query:
        raise StoreError("The URL of a store in SQLite is sqlite:///, then the path, and no more.")
    assert url.database is not None
    return Path(url.database)
