"""What the store needs of a database: two links to it, and the few statements that differ.

`SqliteDatabase` and `PostgresqlDatabase` are the two kinds. One is made without being opened: it
connects only when a link is first used. A `Link` leads one job at a time to the database, and
turns the faults of a database that is away, locked or full into `UnavailableError`; faults of ours
pass through. What a job is, it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, TextClause, exc

from chatd.core.errors import StoreUnavailableError
from chatd.storage.chunks import Chunk

T = TypeVar("T")
Parameters = tuple[Any, ...]

Job = Callable[[Connection], T]
"""What is done in one transaction. It may be run a second time, if the first was in vain."""


class DbConnection(Protocol):
    """A way to the database, for one job at a time."""

    engine: Engine

    def run(self, job: Job[T]) -> T:
        """Run `job` in a transaction; raise `UnavailableError` if the database cannot do it now."""

    def execute(self, statement: str, parameters: Parameters) -> None:
        """Do the same with one statement, in the driver's own words, and without any detour."""

    def cut(self) -> None:
        """Make the job that runs fail soon. For another thread; not called when none runs."""


class Database(Protocol):
    """A database of one kind.

    `place`: where it is, for people, and so without a password. `keep`: adds chunks, but those that are
    there stay as they are; in the driver's own words. `see`: sets `seen` to `:now` for the
    logins whose digests are in the JSON array `:digests`.
    """

    place: str
    keep: str
    see: TextClause

    @property
    def writer(self) -> DbConnection:
        """The link for all that changes something."""

    @property
    def reader(self) -> DbConnection:
        """The link for all else: what is read does not wait for what is written."""

    def parameters(self, chunks: Sequence[Chunk]) -> Parameters:
        """Return what the statement `keep` takes."""

    def claim(self) -> None:
        """Make it ours, and make it if it is new; raise `StoreError` if that cannot be."""

    def back_up(self, revision: str) -> None:
        """Save what there is, of that version of the schema, before it is changed."""

    def release(self) -> None:
        """Close everything; called when no job runs."""


def attempt(engine: Engine, job: Job[T], away: Callable[[exc.DBAPIError], bool]) -> T:
    """Run `job` in a transaction; raise `UnavailableError` for errors of which `away` says yes."""
    try:
        with engine.begin() as connection:
            return job(connection)
    except exc.DBAPIError as error:
        if error.connection_invalidated or away(error):
            raise StoreUnavailableError(reason(error)) from error
        raise
    except (exc.DisconnectionError, exc.TimeoutError) as error:
        raise StoreUnavailableError(reason(error)) from error


def reason(error: exc.SQLAlchemyError) -> str:
    """Return what the database said, in one line, and without the statement and its parameters."""
    said = error.orig if isinstance(error, exc.DBAPIError) else error
    return " ".join(str(said).split())
