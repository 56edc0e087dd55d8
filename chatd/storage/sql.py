"""A store in a database: each call is a job, one transaction on the writer or on the reader.

The jobs are in `rooms_sql`, `accounts_sql` and `audit_sql`, all that depends on the kind of the
database is in `Database`, and a `Runner` decides where jobs run. Parameters are prepared here, in
the caller's thread, so that the jobs hold the GIL as little as possible.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from zope.interface import implementer

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.events import Message, MessageBatch
from chatd.core.lookalikes import name_keys, room_key
from chatd.core.records import (
    Account,
    AuditEntry,
    Ban,
    RememberedToken,
    ResumeToken,
    RoomRecord,
    RoomUsage,
    Snapshot,
)
from chatd.core.store import IStore
from chatd.storage import (
    accounts_sql,
    audit_sql,
    ignores_sql,
    remembered_sql,
    rooms_sql,
    scribe_sql,
    snapshot_sql,
)
from chatd.storage.chunks import pack
from chatd.storage.engine import SCRIPTS, Database, DbConnection, Job, T, error_line, migrate
from chatd.storage.worker import COOLDOWN_SECONDS, Runner


@implementer(IStore)
class SqlStore:
    """Rooms, messages, accounts, bans, the audit and resume tokens in `database`.

    `make_runner` makes the runner of a connection, with a cooldown in seconds; `scripts` is the
    directory of the migrations.
    """

    def __init__(
        self,
        database: Database,
        make_runner: Callable[[DbConnection, float], Runner],
        scripts: Path = SCRIPTS,
    ) -> None:
        self._database = database
        self._make_runner = make_runner
        self._writer = writer = make_runner(database.writer, 0)
        reader = make_runner(database.reader, COOLDOWN_SECONDS)
        # Of several servers, the one that appends has a third connection for that.
        self._appender = writer
        self._execute = writer.execute
        self._read = reader.run
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
        position, self._written = await self._appender.call(call)
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
        await self._write(partial(rooms_sql.remove_room, room_id=room_id, last_id=last_id))

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

        def job(connection: Connection) -> None:
            connection.exec_driver_sql(statement, parameters)
            rooms_sql.raise_reserved(connection, reserved, is_shared=is_shared)
            if position is not None:
                scribe_sql.set_position(connection, position)

        # Without positions nearly always nothing is reserved, and the statement is the whole
        # transaction.
        if reserved or position is not None:
            await self._appender.run(job)
        else:
            await self._appender.execute(statement, parameters)
        for chunk in chunks:
            self._written[chunk.room] = chunk.written

    async def history(
        self, room_id: str, since: int | None, limit: int, size: int
    ) -> Sequence[Message]:
        """Return the first messages after an id, or the last ones."""
        job = partial(rooms_sql.history, room_id=room_id, since=since, limit=limit, size=size)
        return await self._read(job)

    async def prune(self, before: float) -> int | None:
        """Remove some messages from before a time; return how many, or None if there were none."""
        # The search takes longer than the removal, and must not keep others from writing.
        rooms = await self._read(partial(rooms_sql.rooms_to_prune, before=before))
        if not rooms:
            return None
        return await self._write(partial(rooms_sql.prune, keys=rooms, before=before))

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
        return await self._write(partial(rooms_sql.remove_through, key=key, last=last))

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

    # -- accounts

    async def account(self, name: str) -> Account | None:
        """Return the account that is registered under exactly this name."""
        return await self._read(partial(accounts_sql.account, name=name), urgent=True)

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order of their registration."""
        return await self._read(accounts_sql.all_accounts)

    async def add_account(
        self, name: str, password_hash: str, registered_at: float, registration: str | None = None
    ) -> Account:
        """Add an account and return it with its id."""
        job = partial(
            accounts_sql.add_account,
            name=name,
            looks=name_keys(name).looks,
            password_hash=password_hash,
            registered_at=registered_at,
            registration=registration,
        )
        return await self._write(job)

    async def set_password_hash(
        self, name: str, password_hash: str, is_new_password: bool = False
    ) -> None:
        """Change the password hash of an account; a new password removes remembered tokens."""
        job = partial(
            accounts_sql.set_password_hash,
            name=name,
            password_hash=password_hash,
            is_new_password=is_new_password,
        )
        await self._write(job)

    async def set_admin(self, name: str, is_admin: bool) -> None:
        """Set whether an account is an administrator."""
        await self._write(partial(accounts_sql.set_admin, name=name, is_admin=is_admin))

    async def remove_account(self, name: str) -> None:
        """Remove an account and all its tokens."""
        await self._write(partial(accounts_sql.remove_account, name=name))

    # -- bans

    async def add_ban(self, ban: Ban) -> None:
        """Add a ban, or replace the one on the same subject."""
        await self._write(partial(accounts_sql.add_ban, ban=ban))

    async def remove_ban(self, ban: Ban) -> None:
        """Remove the ban on a subject."""
        await self._write(partial(accounts_sql.remove_ban, ban=ban))

    # -- audit

    async def add_audit_entry(self, entry: AuditEntry) -> None:
        """Add an entry to the audit; remove those that are too old."""
        await self._write(partial(audit_sql.add_entry, entry=entry))

    async def audit_entries(self, limit: int) -> Sequence[AuditEntry]:
        """Return the last entries of the audit, the oldest of them first."""
        return await self._read(partial(audit_sql.last_entries, limit=limit))

    # -- resume tokens

    async def resume_token(self, digest: str) -> ResumeToken | None:
        """Return the resume token with a digest."""
        return await self._read(partial(accounts_sql.resume_token, digest=digest), urgent=True)

    async def add_resume_token(self, token: ResumeToken) -> None:
        """Add a resume token, unless its account does not exist any more."""
        await self._write(partial(accounts_sql.add_resume_token, token=token))

    async def remove_resume_token(self, digest: str) -> None:
        """Remove the resume token with a digest."""
        await self._write(partial(accounts_sql.remove_resume_token, digest=digest))

    async def remove_resume_tokens(self, account: str) -> None:
        """Remove all resume tokens of an account."""
        await self._write(partial(accounts_sql.remove_resume_tokens, account=account))

    async def touch_resume_tokens(
        self, digests: Collection[str], now: float, before: float
    ) -> None:
        """Set when some resume tokens were last seen, and remove those not seen since `before`."""
        touched = {"now": now, "digests": json.dumps(list(digests))}

        def job(connection: Connection) -> None:
            connection.execute(self._database.touch_tokens, touched)
            accounts_sql.remove_resume_tokens_before(connection, before)

        await self._write(job)

    # -- ignored users

    async def add_ignore(self, account: int, ignored: int) -> None:
        """Note that an account ignores another one."""
        await self._write(partial(ignores_sql.add, account=account, ignored=ignored))

    async def remove_ignore(self, account: int, ignored: int) -> None:
        """Note that an account does not ignore another one."""
        await self._write(partial(ignores_sql.remove, account=account, ignored=ignored))

    # -- remembered tokens

    async def remembered_tokens(self, account: str) -> Sequence[RememberedToken]:
        """Return the remembered tokens of an account, the oldest first."""
        return await self._read(partial(remembered_sql.of_account, account=account), urgent=True)

    async def add_remembered_token(self, token: RememberedToken, limit: int) -> None:
        """Add a remembered token; keep the `limit` of its account that were used last."""
        await self._write(partial(remembered_sql.add, token=token, limit=limit))

    async def use_remembered_token(self, digest: str, now: float, before: float) -> str | None:
        """Set when a remembered token was used; return the name of its account."""
        return await self._write(partial(remembered_sql.use, digest=digest, now=now, before=before))

    async def remove_remembered_token(self, digest: str) -> None:
        """Remove the remembered token with a digest."""
        await self._write(partial(remembered_sql.remove, digest=digest))

    async def remove_remembered_tokens(self, account: str) -> None:
        """Remove all remembered tokens of an account."""
        await self._write(partial(remembered_sql.remove_all, account=account))

    async def remove_remembered_tokens_before(self, before: float) -> None:
        """Remove all remembered tokens that were last used before a time."""
        await self._write(partial(remembered_sql.remove_before, before=before))

    async def _write(self, job: Job[T]) -> T:
        try:
            return await self._writer.run(job)
        except IntegrityError:
            # Another server has added the same row meanwhile; the job finds it now.
            return await self._writer.run(job)

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
            snapshot = self._database.writer.run(partial(snapshot_sql.load, rooms=rooms))
            self._database.end_opening()
        except StoreUnavailableError as error:
            reason = error.reason
        except DBAPIError as error:
            reason = error_line(error)
        else:
            return snapshot
        raise StoreError(f"{self._database.location} cannot be opened: {reason}")
