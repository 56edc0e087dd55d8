"""How the parts of `SqlStore` run their jobs, one transaction on the writer or on the reader."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from chatd.storage.engine import Database, Job, T
from chatd.storage.worker import Runner


class SqlJobs:
    """Runs jobs in `database`: those that change something by `writer`, others by `reader`."""

    def __init__(self, database: Database, writer: Runner, reader: Runner) -> None:
        self._database = database
        self._writer = writer
        self._execute = writer.execute
        self._read = reader.run

    async def _write(self, job: Job[T]) -> T:
        try:
            return await self._writer.run(job)
        except IntegrityError:
            # Another server has added the same row meanwhile; the job finds it now.
            return await self._writer.run(job)
