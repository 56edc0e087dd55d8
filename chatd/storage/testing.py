"""Helpers for tests of stores and of what uses a store.

Without threads and without a reactor no coroutine of a store suspends, so `result` can run it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

from sqlalchemy import make_url
from sqlalchemy.schema import CreateSchema, DropSchema

from chatd.core.events import Message, MessageBatch
from chatd.storage.engine import SCRIPTS, Database, DbConnection, Job, Parameters
from chatd.storage.factory import create_database
from chatd.storage.sql import SqlStore

T = TypeVar("T")

NOW: Final = 1_700_000_000.1234567
"""A time that not every format can store exactly."""

NO_LIMIT: Final = 10**9
"""A limit on messages or bytes that no test reaches."""


class InlineRunner:
    """Runs jobs at once, in the caller's thread (see `worker.Runner`)."""

    def __init__(self, connection: DbConnection, _: float) -> None:
        self._connection = connection

    async def run(self, job: Job[T], *, urgent: bool = False) -> T:  # noqa: ARG002 -- as in Runner
        """Run a job."""
        return self._connection.run(job)

    async def execute(self, statement: str, parameters: Parameters) -> None:
        """Execute one statement."""
        self._connection.execute(statement, parameters)

    async def call(self, call: Callable[[], T]) -> T:
        """Call a method of the connection."""
        return call()

    async def stop(self) -> None:
        """Do nothing: no job runs."""


def inline_store(database: Database, scripts: Path = SCRIPTS) -> SqlStore:
    """Return a store whose coroutines never suspend."""
    return SqlStore(database, InlineRunner, scripts)


def result(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends, and return its result."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    coroutine.close()
    raise AssertionError("the coroutine waits for something")


@contextmanager
def temporary_schema(url: str) -> Iterator[str]:
    """Create a schema in the PostgreSQL database at `url`, and drop it at the end.

    Yields the URL of the schema.
    """
    name = f"chatd_{uuid4().hex}"
    database = create_database(url)
    engine = database.reader.engine
    with engine.begin() as connection:
        connection.execute(CreateSchema(name))
    try:
        of_schema = make_url(url).update_query_dict({"options": f"-csearch_path={name}"})
        yield of_schema.render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(DropSchema(name, cascade=True))
        database.close()


def message(
    number: int, text: str = "hello", room: str = "tea", sender: str = "Ann", time: float = NOW
) -> Message:
    """Return a message of a guest; `number` is its id."""
    return Message(room, number, sender, text, time)


def batch(first: int, count: int = 1, room: str = "tea", time: float = NOW) -> MessageBatch:
    """Return a batch of messages whose texts are their ids, which begin with `first`."""
    return MessageBatch(room, first, "Ann", [str(n) for n in range(first, first + count)], time)


def one_by_one(*messages: Message) -> list[MessageBatch]:
    """Return a batch for each message."""
    return [
        MessageBatch(said.room, said.id, said.sender, [said.text], said.time, said.account)
        for said in messages
    ]


def ids(messages: Iterable[Message]) -> list[int]:
    """Return the ids of messages."""
    return [message.id for message in messages]
