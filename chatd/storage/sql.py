"""A store in a database: each call is a job, one transaction on the writer or on the reader.

The jobs are in the modules `*_sql`, all that depends on the kind of the database is in `Database`,
and a `Runner` decides where jobs run. Parameters are prepared here, in the caller's thread, so that
the jobs hold the GIL as little as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from zope.interface import implementer

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.events import Message, MessageBatch
from chatd.core.lookalikes import room_key
from chatd.core.records import RoomAccess, RoomRecord, RoomUsage, Snapshot
from chatd.core.store import IStore
from chatd.storage import (
    index_sql,
    messages_sql,
    room_settings_sql,
    rooms_sql,
    scribe_sql,
    snapshot_sql,
)
from chatd.storage.chunks import pack
from chatd.storage.engine import SCRIPTS, Database, DbConnection, error_line, migrate
from chatd.storage.sql_people import SqlPeople
from chatd.storage.sql_search import SqlSearch
from chatd.storage.wordprogress import WordProgress
from chatd.storage.worker import COOLDOWN_SECONDS, Runner


@implementer(IStore)
class SqlStore(SqlPeople, SqlSearch):
    """Rooms, messages, accounts and what belongs to them in `database`.

    `make_runner` makes the runner of a connection, with a cooldown in seconds; `scripts` is the
    directory of the migrations.
    """

    def __init__(
        self,
        database: Database,
        make_runner: Callable[[DbConnection, float], Runner],
        scripts: Path = SCRIPTS,
    ) -> None:
        writer = make_runner(database.writer, 0)
        reader = make_runner(database.reader, COOLDOWN_SECONDS)
        super().__init__(database, writer, reader)
        self._make_runner = make_runner
        self._runners = [writer, reader]
        self._scripts = scripts
        # By the keys of the rooms: how many bytes their chunks have had so far.
        self._written: dict[str, int] = {}

    def open(self, rooms: Sequence[RoomRecord], *, shared: bool = False) -> Snapshot:
        """Lock the database, migrate it, add missing rooms, reserve ids."""
        try:
            if shared:
                self._share()
            return self._open(rooms)
        except BaseException:
            self._database.close()
            raise

    async def take_over(self, *, force: bool = False) -> int:
        """Become the server that appends; return the stored position."""
        appender = self._database.appender
        if appender is None or self._appender is self._writer:
            return await self._read(scribe_sql.position)
        call = partial(appender.take_over, scribe_sql.load, force)
        position, self._written, indexed = await self._appender.call(call)
        self._progress = WordProgress(indexed)
        return position

    async def close(self, last_ids: Mapping[str, int]) -> None:
        """Set the last ids of the rooms, and close the database even if that fails."""

        def job(connection: Connection) -> None:
            if self._database.is_last(connection):
                rooms_sql.set_reserved(connection, last_ids)

        try:
            await self._write(job)
        finally:
            for runner in self._runners:
                await runner.stop()
            self._database.close()

    # -- rooms and messages

    async def add_room(self, room: RoomRecord) -> int:
        """Add a room, last in the order; return its last id."""
        return await self._write(partial(rooms_sql.add_room, record=room))

    async def remove_room(self, room_id: str, last_id: int) -> None:
        """Remove a room and its messages; keep its last id."""
        await self._remove(partial(rooms_sql.remove_room, room_id=room_id, last_id=last_id))

    async def set_room_settings(
        self, room_id: str, changes: Mapping[str, str | float | bool | int]
    ) -> None:
        """Set some settings of a room."""
        job = partial(room_settings_sql.set_settings, room_id=room_id, changes=changes)
        await self._write(job)

    async def add_room_access(self, room_id: str, entry: RoomAccess) -> None:
        """Add an entry to the access list of a room, or replace the one of the same subject."""
        await self._write(partial(room_settings_sql.add_access, room_id=room_id, entry=entry))

    async def remove_room_access(self, room_id: str, entry: RoomAccess) -> None:
        """Remove the entry of the same kind and subject from the access list of a room."""
        await self._write(partial(room_settings_sql.remove_access, room_id=room_id, entry=entry))

    async def remove_room_access_before(self, time: float) -> None:
        """Remove all entries of access lists that have ended before a time."""
        await self._write(partial(room_settings_sql.remove_access_before, time=time))

    async def append(
        self,
        batches: Sequence[MessageBatch],
        reserved: Mapping[str, int],
        position: int | None = None,
    ) -> None:
        """Add messages, except those that are there already, reserve ids, set the position."""
        statement = self._database.insert_chunks
        chunks = pack(batches, self._written)
        parameters = self._database.insert_parameters(chunks)
        is_shared = self._appender is not self._writer
        late = self._progress.late(chunks)

        def job(connection: Connection) -> None:
            connection.exec_driver_sql(statement, parameters)
            index_sql.add_late(connection, late)
            rooms_sql.raise_reserved(connection, reserved, is_shared=is_shared)
            if position is not None:
                scribe_sql.set_position(connection, position)

        # Without positions nearly always nothing is reserved, and the statement is the whole
        # transaction.
        if reserved or position is not None or late:
            await self._appender.run(job)
        else:
            await self._appender.execute(statement, parameters)
        for chunk in chunks:
            self._written[chunk.room] = chunk.written
        self._progress.stored(chunks)

    async def history(
        self, room_id: str, since: int | None, limit: int, size: int, before: int | None = None
    ) -> Sequence[Message]:
        """Return the first messages after an id, or the last ones, of those before an id."""
        job = partial(
            messages_sql.history,
            room_id=room_id,
            since=since,
            limit=limit,
            size=size,
            before=before,
        )
        return await self._read(job)

    async def id_at(self, room_id: str, time: float) -> int | None:
        """Return the id of the first message whose time is `time` or later, None if none is."""
        return await self._read(partial(messages_sql.id_at, room_id=room_id, time=time))

    async def delete_message(self, room_id: str, message_id: int) -> bool:
        """Delete the text of a message; return False if no reader could read the message."""
        job = partial(messages_sql.delete_message, room_id=room_id, message_id=message_id)
        return await self._write(job)

    async def prune(self, before: float) -> int | None:
        """Remove some messages from before a time; return how many, or None if there were none."""
        # The search takes longer than the removal, and must not keep others from writing.
        rooms = await self._read(partial(rooms_sql.rooms_to_prune, before=before))
        if not rooms:
            return None
        return await self._remove(partial(rooms_sql.prune, keys=rooms, before=before))

    async def set_pruned_at(self, time: float) -> None:
        """Set when old messages were removed last."""
        await self._write(partial(rooms_sql.set_pruned_at, time=time))

    # -- the size of the store

    async def trim(self, room_id: str, size: int) -> int:
        """Remove some of the oldest messages of a room; return how many."""
        key = room_key(room_id)
        last = await self._read(partial(rooms_sql.last_to_trim, key=key, size=size))
        if last is None:
            return 0
        return await self._remove(partial(rooms_sql.remove_through, key=key, last=last))

    async def room_usage(self) -> Mapping[str, RoomUsage]:
        """Return the usage of the rooms that have stored messages, by their keys."""
        return await self._read(rooms_sql.usage)

    async def compact(self) -> bool:
        """Give some free pages back, or at last shrink the log of changes."""
        free = await self._read(self._database.count_free_pages)
        statements = self._database.free_pages if free else self._database.shrink_log
        if statements:
            await self._execute(statements, ())
        return free > 0

    async def size(self) -> int:
        """Return how many bytes the data takes on the disk."""
        return await self._read(self._database.size)

    def _share(self) -> None:
        self._database.share()
        if self._database.appender is not None:
            self._appender = self._make_runner(self._database.appender, 0)
            self._runners.append(self._appender)

    def _open(self, rooms: Sequence[RoomRecord]) -> Snapshot:
        try:
            self._database.lock()
            migrate(self._database, self._scripts)
            self._database.begin_epoch()
            self._written = self._database.reader.run(rooms_sql.written)
            if self._appender is self._writer:
                self._progress = WordProgress(self._database.reader.run(index_sql.load))
            snapshot = self._database.writer.run(partial(snapshot_sql.load, rooms=rooms))
            self._database.end_opening()
        except StoreUnavailableError as error:
            reason = error.reason
        except DBAPIError as error:
            reason = error_line(error)
        else:
            return snapshot
        raise StoreError(f"{self._database.location} cannot be opened: {reason}")
