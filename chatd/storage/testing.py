"""For tests of stores: one whose jobs are run at once, and a place in PostgreSQL for each test.

Without threads and without a reactor, every coroutine of a store completes without being suspended.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import make_url
from sqlalchemy.schema import CreateSchema, DropSchema

from chatd.storage.engine import Database, DbConnection, Job, Parameters
from chatd.storage.migrate import SCRIPTS
from chatd.storage.sql import SqlStore
from chatd.storage.urls import database_for

T = TypeVar("T")


class Inline:
    """Runs jobs at once, where they come (`worker.Runner`)."""

    def __init__(self, link: DbConnection) -> None:
        self._link = link

    async def run(self, job: Job[T]) -> T:
        """Run a job, and block meanwhile."""
        return self._link.run(job)

    async def execute(self, statement: str, parameters: Parameters) -> None:
        """Do the same with one statement."""
        self._link.execute(statement, parameters)

    async def stop(self) -> None:
        """Do nothing: no job runs."""


def inline_store(database: Database, scripts: Path = SCRIPTS) -> SqlStore:
    """Return a store that does everything at once."""
    return SqlStore(database, Inline(database.writer), Inline(database.reader), scripts)


def result(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns that is never suspended."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    coroutine.close()
    raise AssertionError("the coroutine waits for something")


@contextmanager
def schema_of_its_own(url: str) -> Iterator[str]:
    """Make a new schema in the PostgreSQL database at `url`, and remove it in the end.

    The URL that it gives leads there.
    """
    name = f"chatd_{uuid4().hex}"
    database = database_for(url)
    engine = database.reader.engine
    with engine.begin() as connection:
        connection.execute(CreateSchema(name))
    try:
        there = make_url(url).update_query_dict({"options": f"-csearch_path={name}"})
        yield there.render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(DropSchema(name, cascade=True))
        database.release()
