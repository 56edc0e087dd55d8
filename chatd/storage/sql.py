"""A store in a database: each call is a job, done in one transaction by the one that writes or reads.

What a job does is in `talk` and `people`; what differs between databases is in `Database`; where
jobs are run is the runners' business. What they are given is made ready here, in the caller's
thread, so that they hold the GIL as little as can be.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from zope.interface import implementer

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.events import Message, MessageBatch
from chatd.core.ports import IStore
from chatd.core.records import Account, Ban, ResumeToken, RoomRecord, Snapshot
from chatd.storage import accounts_sql, rooms_sql
from chatd.storage.chunks import pack
from chatd.storage.engine import Database, reason
from chatd.storage.migrate import SCRIPTS, bring_up_to_date
from chatd.storage.worker import Runner


@implementer(IStore)
class SqlStore:
    """Rooms, accounts, history and bans in `database`.

    `writer` and `reader` run the jobs on its two links; `scripts` is where its schema comes from.
    """

    def __init__(
        self, database: Database, writer: Runner, reader: Runner, scripts: Path = SCRIPTS
    ) -> None:
        self._database = database
        self._write = writer.run
        self._execute = writer.execute
        self._read = reader.run
        self._runners = (writer, reader)
        self._scripts = scripts

    def open(self, rooms: Sequence[RoomRecord]) -> Snapshot:
        """Claim the database, bring its schema up to date, add rooms that it lacks, reserve ids."""
        try:
            return self._open(rooms)
        except BaseException:
            self._database.release()
            raise

    async def close(self, counts: Mapping[str, int]) -> None:
        """Set the counts of rooms, and let go of everything, also if that fails."""
        try:
            await self._write(partial(rooms_sql.set_reserved, reserved=counts))
        finally:
            for runner in self._runners:
                await runner.stop()
            self._database.release()

    # -- rooms and what is said in them

    async def add_room(self, room_id: str, name: str) -> int:
        """Add a room, last in the order; return its count."""
        return await self._write(partial(rooms_sql.add_room, room_id=room_id, name=name))

    async def remove_room(self, room_id: str, count: int) -> None:
        """Remove a room and its history; keep `count`."""
        await self._write(partial(rooms_sql.remove_room, room_id=room_id, count=count))

    async def keep(self, bursts: Sequence[MessageBatch], reserved: Mapping[str, int]) -> None:
        """Add a batch of messages; what is there already stays as it is."""
        statement, parameters = self._database.keep, self._database.parameters(pack(bursts))

        def job(connection: Connection) -> None:
            connection.exec_driver_sql(statement, parameters)
            rooms_sql.raise_reserved(connection, reserved)

        # Nearly always nothing is reserved, and the statement is the whole transaction.
        await (self._write(job) if reserved else self._execute(statement, parameters))

    async def history(
        self, room_id: str, since: int | None, limit: int, size: int
    ) -> Sequence[Message]:
        """Return the first messages after an id, or the last."""
        job = partial(rooms_sql.history, room_id=room_id, since=since, limit=limit, size=size)
        return await self._read(job)

    async def prune(self, before: float) -> bool:
        """Remove some messages said before a time; return whether there were any."""
        # Searching takes longer than removing, and is not to keep others from writing.
        rooms = await self._read(partial(rooms_sql.rooms_to_prune, before=before))
        if rooms:
            await self._write(partial(rooms_sql.prune, keys=rooms, before=before))
        return bool(rooms)

    # -- accounts

    async def account(self, name: str) -> Account | None:
        """Return the account registered under exactly this name."""
        return await self._read(partial(accounts_sql.account, name=name))

    async def accounts(self) -> Sequence[Account]:
        """Return all accounts, in the order in which they were registered."""
        return await self._read(accounts_sql.all_accounts)

    async def add_account(self, name: str, password_hash: str, registered_at: float) -> Account:
        """Add an account and return it with its id."""
        job = partial(
            accounts_sql.add_account,
            name=name,
            password_hash=password_hash,
            registered_at=registered_at,
        )
        return await self._write(job)

    async def set_password_hash(self, name: str, password_hash: str) -> None:
        """Change the hash of an account's password."""
        job = partial(accounts_sql.set_password_hash, name=name, password_hash=password_hash)
        await self._write(job)

    async def remove_account(self, name: str) -> None:
        """Remove an account and its logins."""
        await self._write(partial(accounts_sql.remove_account, name=name))

    # -- bans

    async def add_ban(self, ban: Ban) -> None:
        """Add a ban, or change until when."""
        await self._write(partial(accounts_sql.add_ban, ban=ban))

    async def remove_ban(self, ban: Ban) -> None:
        """Remove the ban on a subject."""
        await self._write(partial(accounts_sql.remove_ban, ban=ban))

    # -- logins

    async def login(self, digest: str) -> ResumeToken | None:
        """Return the login with a digest."""
        return await self._read(partial(accounts_sql.login, digest=digest))

    async def add_login(self, login: ResumeToken) -> None:
        """Add a login, unless its account was removed meanwhile."""
        await self._write(partial(accounts_sql.add_login, login=login))

    async def remove_login(self, digest: str) -> None:
        """Remove the login with a digest, if there is one."""
        await self._write(partial(accounts_sql.remove_login, digest=digest))

    async def remove_logins(self, account: str) -> None:
        """Remove all logins of an account."""
        await self._write(partial(accounts_sql.remove_logins, account=account))

    async def refresh_logins(self, digests: Collection[str], now: float, before: float) -> None:
        """Note that these logins are seen now; remove those last seen before a time."""
        seen = {"now": now, "digests": json.dumps(list(digests))}

        def job(connection: Connection) -> None:
            connection.execute(self._database.see, seen)
            accounts_sql.remove_logins_before(connection, before)

        await self._write(job)

    # -- within

    def _open(self, rooms: Sequence[RoomRecord]) -> Snapshot:
        try:
            self._database.claim()
            bring_up_to_date(self._database, self._scripts)
            return self._database.writer.run(partial(_load, rooms=rooms))
        except StoreUnavailableError as error:
            why = error.reason
        except DBAPIError as error:
            why = reason(error)
        raise StoreError(f"{self._database.place} cannot be opened: {why}")


def _load(connection: Connection, rooms: Sequence[RoomRecord]) -> Snapshot:
    rooms_sql.add_missing_rooms(connection, rooms)
    return Snapshot(
        rooms_sql.reserve_for_all(connection),
        accounts_sql.account_refs(connection),
        accounts_sql.all_bans(connection),
    )
