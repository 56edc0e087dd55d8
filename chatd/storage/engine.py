"""The interface of a database: two connections, and the few statements that differ.

`SqliteDatabase` and `PostgresqlDatabase` implement `Database`. Neither connects before one of its
connections is used. A `DbConnection` runs one job at a time, and raises `StoreUnavailableError` for
the errors of a database that is unreachable, locked or full; errors that are bugs of ours pass
through. It does not know what a job does.

`migrate` brings the schema up to date with Alembic. The migrations are in a script directory; all
that are missing are applied in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, TextClause, exc

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.storage.chunks import Chunk
from chatd.storage.schema import VERSION_TABLE

T = TypeVar("T")
Parameters = tuple[Any, ...]

Job = Callable[[Connection], T]
"""Work that is done in one transaction. After a failure it may be run a second time."""


class DbConnection(Protocol):
    """A connection to the database, for one job at a time."""

    engine: Engine

    def run(self, job: Job[T]) -> T:
        """Run `job` in a transaction; raise `StoreUnavailableError` if that is impossible now."""

    def execute(self, statement: str, parameters: Parameters) -> None:
        """Execute one statement in the driver's own syntax, as a transaction.

        Raises `StoreUnavailableError` as `run` does.
        """

    def interrupt(self) -> None:
        """Make the running job fail soon. Called from another thread, while a job runs."""


class Appender(DbConnection, Protocol):
    """The connection for messages of one of several servers; no job runs before `take_over`."""

    def take_over(self, job: Job[T], force: bool) -> T:
        """Become the only server that appends; return the result of `job`, in one transaction.

        Raises `StoreUnavailableError` as `run` does, and if another one is alive; with `force`
        that one's session is ended. From then on no other server's transaction is committed here.
        """


class Database(Protocol):
    """A database of one kind.

    `location` says where it is, for messages to the operator: it never contains a password.
    `insert_chunks` is a statement in the driver's own syntax that adds chunks, except those that
    are there already. `touch_tokens` sets `last_seen` to `:now` for the resume tokens whose digests
    are in the JSON array `:digests`. `free_pages` are statements in the driver's own syntax that
    give some free pages back to the system, `shrink_log` those that do so with the log of changes.
    """

    location: str
    insert_chunks: str
    touch_tokens: TextClause
    free_pages: str
    shrink_log: str

    @property
    def writer(self) -> DbConnection:
        """The connection for everything that changes something."""

    @property
    def reader(self) -> DbConnection:
        """The connection for everything else, so that a read does not wait for a write."""

    @property
    def appender(self) -> Appender | None:
        """The connection for messages, if the database is shared; None if it cannot be."""

    def insert_parameters(self, chunks: Sequence[Chunk]) -> Parameters:
        """Return the parameters of the statement `insert_chunks`."""

    def count_free_pages(self, connection: Connection) -> int:
        """Return how many pages `free_pages` can give back."""

    def size(self, connection: Connection) -> int:
        """Return how many bytes the data takes on the disk."""

    def share(self) -> None:
        """Let servers that do the same use the database at the same time. Called before `lock`.

        Raises `StoreError` if the database is for one server.
        """

    def lock(self) -> None:
        """Keep other servers out; create the database if it does not exist.

        If it is shared, other servers are kept out that do not share it; and also the others until
        `end_opening`. Raises `StoreError` if another server uses it, or if it cannot be opened.
        """

    def begin_epoch(self) -> None:
        """See that no other server that used the database before changes it any more.

        Called when the schema is up to date. Raises `StoreUnavailableError`.
        """

    def end_opening(self) -> None:
        """Let servers that share the database open it. Raises `StoreUnavailableError`."""

    def is_last(self, connection: Connection) -> bool:
        """Return whether no other server uses the database, until the transaction ends.

        `connection` is that of the writer.
        """

    def back_up(self, revision: str) -> None:
        """Save the database, whose schema is that of `revision`, before the schema changes."""

    def close(self) -> None:
        """Close the connections and give up the lock. Called when no job runs."""


def run_transaction(
    engine: Engine, job: Job[T], is_unavailable: Callable[[exc.DBAPIError], bool]
) -> T:
    """Run `job` in a transaction and return its result.

    Raises `StoreUnavailableError` if the connection is lost, and for the errors for which
    `is_unavailable` returns true.
    """
    try:
        with engine.begin() as connection:
            return job(connection)
    except exc.DBAPIError as error:
        if error.connection_invalidated or is_unavailable(error):
            raise StoreUnavailableError(error_line(error)) from error
        raise
    except (exc.DisconnectionError, exc.TimeoutError) as error:
        raise StoreUnavailableError(error_line(error)) from error


def error_line(error: exc.SQLAlchemyError) -> str:
    """Return the database's own error message, in one line, without statement and parameters."""
    original = error.orig if isinstance(error, exc.DBAPIError) else error
    return " ".join(str(original).split())


SCRIPTS: Final = Path(__file__).parent / "migrations"


def migrate(database: Database, scripts: Path = SCRIPTS) -> None:
    """Apply the missing migrations of the script directory `scripts`, after a backup.

    Raises `StoreError` if the schema is newer than the migrations.
    """
    config = Config()
    # A percent sign starts an interpolation in ConfigParser.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    migrations = ScriptDirectory.from_config(config)
    # On the reader, so that both connections are open from the start: file descriptors may run out
    # later.
    revisions = database.reader.run(_revisions)
    if revisions == migrations.get_heads():
        return
    if not set(revisions) <= {script.revision for script in migrations.walk_revisions()}:
        raise StoreError(
            f"{database.location} was made by a newer chatd: install that one, "
            "or go back to a backup made before."
        )
    for revision in revisions:
        database.back_up(revision)
    database.writer.run(lambda connection: _upgrade(connection, config))


def _revisions(connection: Connection) -> list[str]:
    """Return the revision of the schema in a list, which is empty for a new database."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return list(context.get_current_heads())


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
