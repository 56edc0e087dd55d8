"""A connection to PostgreSQL: its session, its lock, and the epochs that it checks.

A database that hangs sends nothing at all, so another thread can shut down the socket of a
connection; psycopg then finds it closed.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import URL, Connection, create_engine, event, select, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from chatd.core.errors import StoreUnavailableError
from chatd.storage import scribe_sql
from chatd.storage.engine import Job, Parameters, T, run_transaction
from chatd.storage.postgresql_session import SessionLock, prepare, session_name
from chatd.storage.schema import server_epoch

_OPTIONS: Final = {
    "client_encoding": "UTF8",
    "connect_timeout": 3,
    # In milliseconds, then in seconds: how long a network that drops all packets goes unnoticed.
    "tcp_user_timeout": 5000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

_UNAVAILABLE: Final = ("25006", "25P03", "25P04", "3F000", "42501", "42P01")
"""The SQLSTATEs, besides OperationalError, of a server that cannot do the job now.

They say that it can only be read, as a standby; that it ended a slow transaction; and that a schema
or a table is gone, or the right to use it.
"""


class _EpochCheck(NamedTuple):
    """A statement that finds a row if the epochs in the database are still ours.

    The row cannot be changed until the transaction ends. `reason` says what has happened if not.
    """

    statement: str
    epochs: tuple[int, ...]
    reason: str


_CHECK_SERVER: Final = "SELECT FROM server_epoch WHERE epoch = %s FOR SHARE"
_CHECK_SCRIBE: Final = """
    SELECT FROM server_epoch, scribe WHERE server_epoch.epoch = %s AND scribe.epoch = %s
    FOR SHARE OF server_epoch FOR UPDATE OF scribe
"""

_SUPERSEDED: Final = "another chatd has used it since; restart this one to use it again"
_REPLACED: Final = "another server has begun to store the messages since"
_NOT_SCRIBE: Final = "this server does not store messages"


class PostgresqlConnection:
    """A connection to the database at `url`, which takes `lock` whenever it connects.

    `options` are those of `sqlalchemy.create_engine`.
    """

    def __init__(self, url: URL, lock: SessionLock | None = None, **options: Any) -> None:
        self.lock = lock
        self._check: _EpochCheck | None = None
        self._is_superseded = False
        self._socket = _ConnectionSocket()
        self.engine = create_engine(
            url,
            connect_args=_OPTIONS,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            # Saves the query that SQLAlchemy would send on the first connection.
            use_native_hstore=False,
            **options,
        )
        event.listen(self.engine, "do_connect", self._connect)

    def run(self, job: Job[T]) -> T:
        """Run `job` in a transaction.

        Raises `StoreUnavailableError` if the server is unreachable or cannot do it now, and from
        the time on when another chatd has raised an epoch that is checked.
        """
        check = self._check
        if check is not None and self._is_superseded:
            # Without a connection: it would take the lock, which is the other server's.
            raise StoreUnavailableError(check.reason)
        checked = job if check is None else partial(self._run_checked, job, check)
        try:
            return run_transaction(self.engine, checked, _is_unavailable)
        finally:
            self._socket.reset()

    def execute(self, statement: str, parameters: Parameters) -> None:
        """Execute one statement in a transaction of its own."""
        self.run(lambda connection: connection.exec_driver_sql(statement, parameters))

    def raise_epoch(self) -> int:
        """Raise the epoch of the servers, for this one alone; return it and check it from now on.

        Raises `StoreUnavailableError` as `run` does.
        """
        raised = update(server_epoch).values(epoch=server_epoch.c.epoch + 1, shared=False)
        return self._begin_epoch(
            lambda connection: connection.scalars(raised.returning(server_epoch.c.epoch)).one()
        )

    def share_epoch(self) -> int:
        """Do the same, but raise the epoch only if its server is alone, not if it is shared."""
        return self._begin_epoch(_share_epoch)

    def interrupt(self) -> None:
        """Shut down the socket of the connection, even while it connects."""
        self._socket.shut_down()

    def close(self) -> None:
        """Close the connection."""
        self.engine.dispose()
        self._socket.close()

    def _connect(self, driver: Any, _: Any, args: list[Any], options: dict[str, Any]) -> Any:
        self._socket.check()
        connection = driver.connect(*args, **options, application_name=session_name())
        try:
            self._socket.track(connection.fileno())
            connection.autocommit = True
            prepare(connection)
            if self.lock is not None:
                self.lock.take(connection)
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin_epoch(self, job: Job[int]) -> int:
        epoch = self.run(job)
        self._check = _EpochCheck(_CHECK_SERVER, (epoch,), _SUPERSEDED)
        return epoch

    def _run_checked(self, job: Job[T], check: _EpochCheck, connection: Connection) -> T:
        """Run `job` if no other server has raised an epoch."""
        if connection.exec_driver_sql(check.statement, check.epochs).first() is None:
            self._is_superseded = True
            connection.invalidate()  # gives up the lock
            raise StoreUnavailableError(check.reason)
        return job(connection)


class ScribeConnection(PostgresqlConnection):
    """The connection on which one of several servers appends, once it has taken over.

    Its lock keeps the others from that. `server_epoch` is the epoch of the servers.
    """

    server_epoch = 0

    def __init__(self, url: URL, lock: SessionLock) -> None:
        super().__init__(url, lock)
        self._lock = lock
        self._is_scribe = False

    def run(self, job: Job[T]) -> T:
        """Run `job` as the server that appends; raise `StoreUnavailableError` if it is another."""
        if not self._is_scribe:
            raise StoreUnavailableError(_NOT_SCRIBE)
        return super().run(job)

    def take_over(self, job: Job[T], force: bool) -> T:
        """Become the server that appends; return the result of `job`, in the same transaction.

        Raises `StoreUnavailableError` if another one is alive; with `force` its session is ended.
        """
        self._is_scribe = self._is_superseded = False
        self._check = _EpochCheck(_CHECK_SERVER, (self.server_epoch,), _SUPERSEDED)
        self._lock.force = force
        try:
            epoch, value = super().run(lambda c: (scribe_sql.raise_epoch(c), job(c)))
        except BaseException:
            self.engine.dispose()  # gives up the lock
            raise
        finally:
            self._lock.force = False
        self._check = _EpochCheck(_CHECK_SCRIBE, (self.server_epoch, epoch), _REPLACED)
        self._is_scribe = True
        return value


def _share_epoch(connection: Connection) -> int:
    raised = update(server_epoch).values(epoch=server_epoch.c.epoch + 1, shared=True)
    connection.execute(raised.where(server_epoch.c.shared.is_(False)))
    epoch: int = connection.scalars(select(server_epoch.c.epoch)).one()
    return epoch


class _ConnectionSocket:
    """The socket of a connection, which another thread can shut down.

    Holds a duplicate of psycopg's descriptor: psycopg may close its own at any time, and the number
    may then belong to a client of ours.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_shut_down = False

    def reset(self) -> None:
        """Let the next job connect again."""
        with self._lock:
            self._is_shut_down = False

    def track(self, descriptor: int) -> None:
        """Use the socket with this descriptor from now on; raise as `check` does."""
        with self._lock:
            self._close_socket()
            self._socket = socket.socket(fileno=os.dup(descriptor))
        self.check()

    def check(self) -> None:
        """Raise `StoreUnavailableError` after `shut_down`: a timed out job must not reconnect."""
        if self._is_shut_down:
            raise StoreUnavailableError("the database does not answer")

    def shut_down(self) -> None:
        """Shut down the socket, and let the running job make no new one."""
        with self._lock:
            self._is_shut_down = True
            if self._socket is not None:
                with suppress(OSError):  # not connected any more
                    self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the duplicate of the descriptor."""
        with self._lock:
            self._close_socket()

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _is_unavailable(error: DBAPIError) -> bool:
    # OperationalError is for all errors that the statement did not cause, except some.
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(error, OperationalError | InterfaceError) or state in _UNAVAILABLE
