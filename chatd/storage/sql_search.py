"""The search of `SqlStore`, and the index that makes it fast.

The index is behind the messages: `index` adds blocks of words, a little at a time, and a search
reads what is not in it yet. So storing messages takes no longer than without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from heapq import merge
from itertools import islice
from operator import attrgetter
from time import thread_time

from sqlalchemy import Connection

from chatd.core.events import Message
from chatd.core.lookalikes import room_key
from chatd.storage import index_sql, search_sql
from chatd.storage.engine import Database, Job, T
from chatd.storage.messages_sql import MAX_ID
from chatd.storage.sql_jobs import SqlJobs
from chatd.storage.wordprogress import WordProgress
from chatd.storage.worker import Runner


class SqlSearch(SqlJobs):
    """Finds messages in `database`, and keeps the index of their words."""

    def __init__(self, database: Database, writer: Runner, reader: Runner) -> None:
        super().__init__(database, writer, reader)
        # Of several servers, the one that appends has a third connection for that.
        self._appender = writer
        self._progress = WordProgress({})
        self._may_be_stale = True

    async def search(
        self, rooms: Sequence[str], words: Sequence[str], before: int | None, limit: int
    ) -> Sequence[Message]:
        """Return the newest messages of some rooms that have all words, newest first."""
        distinct = {room_key(room_id): room_id for room_id in rooms}
        found = [await self._search_room(each, words, before, limit) for each in distinct.values()]
        return list(islice(merge(*found, key=attrgetter("time"), reverse=True), limit))

    async def _search_room(
        self, room_id: str, words: Sequence[str], before: int | None, limit: int
    ) -> list[Message]:
        messages: list[Message] = []
        query, blocks = search_sql.Query(words), search_sql.BLOCKS
        end: int | None = MAX_ID if before is None else before
        while end is not None and len(messages) < limit:
            left = limit - len(messages)
            job = partial(
                search_sql.step,
                room_id=room_id,
                query=query,
                before=end,
                limit=left,
                most_blocks=blocks,
            )
            found = await self._read(job)
            messages += found.messages
            end, blocks = found.before, min(4 * blocks, search_sql.MAX_BLOCKS)
        return messages[:limit]

    async def index(self) -> float | None:
        """Index some messages, or remove some words; return the CPU time, None if nothing is left.

        The time is in seconds.
        """
        if self._may_be_stale:
            renewed, seconds = await self._renew_stale()
            if renewed:
                return seconds
        key = self._progress.next_room()
        if key is None:
            return None
        job = partial(index_sql.add_block, key=key, end=self._progress.claim(key))
        reached, seconds = await self._appender.run(_timed(job))
        self._progress.indexed(key, reached)
        return seconds

    async def _renew_stale(self) -> tuple[bool, float]:
        self._may_be_stale = False  # messages may be removed while the job runs
        renewed, seconds = True, 0.0
        try:
            renewed, seconds = await self._write(_timed(index_sql.renew_stale))
        finally:
            self._may_be_stale |= renewed
        return renewed, seconds

    async def _remove(self, job: Job[T]) -> T:
        """Run a job that removes messages and makes the index stale."""
        try:
            return await self._write(job)
        finally:
            self._may_be_stale = True


def _timed(job: Job[T]) -> Job[tuple[T, float]]:
    """Return a job that returns also how many seconds of CPU time its thread took for it."""

    def timed(connection: Connection) -> tuple[T, float]:
        began = thread_time()
        return job(connection), thread_time() - began

    return timed
