"""Connections to PostgreSQL of several servers that share a schema: locks, epochs, and races.

The contract of all stores tests the effects that do not depend on sessions.
"""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
import pytest
from sqlalchemy import event
from twisted.internet.defer import Deferred

from chatd.core.errors import ChatError, StoreUnavailableError
from chatd.core.records import Ban, BanKind, RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.sql import SqlStore
from chatd.storage.testing import NO_LIMIT, NOW, batch, ids, inline_store, result
from chatd.storage.worker import Worker

SERVER = """
import sys
from chatd.core.errors import StoreUnavailableError
from chatd.storage.factory import create_database
from chatd.storage.testing import batch, inline_store, result

store = inline_store(create_database(sys.argv[1]))
store.open([], shared=True)
result(store.take_over())
for number, _ in enumerate(sys.stdin, start=2):
    try:
        result(store.append([batch(number)], {}, number))
        print("stored", flush=True)
    except StoreUnavailableError as error:
        print(error.reason, flush=True)
"""


@pytest.fixture
def admin(postgresql):
    """Return a connection without transactions."""
    with psycopg.connect(postgresql, autocommit=True) as connection:
        yield connection


@pytest.fixture
def open_store(postgresql):
    """Return a function that opens the store for another server; all are closed at the end."""
    stores = []

    def call(*, shared=True):
        stores.append(inline_store(create_database(postgresql)))
        stores[-1].open([RoomRecord("tea", "tea")], shared=shared)
        return stores[-1]

    yield call
    for store in stores:
        store._database.close()


@pytest.fixture
def scribe(open_store):
    """Return the store of a server that appends, and has stored a message."""
    store = open_store()
    assert result(store.take_over()) == 0
    result(store.append([batch(1)], {}, 1))
    return store


def stored(store):
    """Return the ids of the messages of the room."""
    return ids(result(store.history("tea", 0, 99, NO_LIMIT)))


def process(connection):
    """Return the process of PostgreSQL that serves a connection."""
    return connection.run(lambda c: c.exec_driver_sql("SELECT pg_backend_pid()").scalar())


def end_session(admin, connection):
    """Let PostgreSQL end the session of a connection."""
    admin.execute("SELECT pg_terminate_backend(%s, 10000)", (process(connection),))


def meanwhile(connection, beginning, call):
    """Make a call before the next statement of a connection that has this beginning.

    Returns a list that is empty from then on.
    """
    calls = [call]

    def before(_connection, _cursor, statement, *_):
        if calls and " ".join(statement.split()).startswith(beginning):
            calls.pop()()

    event.listen(connection.engine, "before_cursor_execute", before)
    return calls


# -- the server that appends


def test_a_third_connection(postgresql, admin):
    """A server has two sessions until it takes over; one session holds the lock of the scribe."""
    names = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'chatd on %%'"
    locks = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'"
        " AND objid = (hashtext(current_schema())::bigint & x'ffffffff'::bigint)"
    )
    names += " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid ="
    names += " (hashtext(current_schema())::bigint & x'ffffffff'::bigint))"
    store = inline_store(create_database(postgresql))
    store.open([], shared=True)
    assert admin.execute(names).fetchone() == (1,)
    assert admin.execute(locks).fetchone() == (0,)
    result(store.take_over())
    assert admin.execute(names).fetchone() == (2,)
    assert admin.execute(locks).fetchone() == (1,)
    result(store.close({}))


@pytest.mark.parametrize("table", ["scribe", "server_epoch"])
@pytest.mark.parametrize("position", [None, 2])
@pytest.mark.parametrize("reserved", [{}, {"tea": 20_000}])
def test_epochs_are_checked_in_each_transaction(admin, scribe, table, position, reserved):
    """Also a session that has its locks appends nothing when an epoch is another."""
    admin.execute(f"UPDATE {table} SET epoch = epoch + 1")
    for _ in range(2):
        with pytest.raises(StoreUnavailableError) as error:
            result(scribe.append([batch(2)], reserved, position))
        assert "another server has begun to store the messages" in error.value.reason
    assert stored(scribe) == [1]


@pytest.mark.parametrize("table", ["scribe", "server_epoch"])
def test_no_epoch_is_raised_in_a_transaction(admin, scribe, table):
    """The server that raises it waits for the write, so no older server stores any after."""

    def lock():
        with pytest.raises(psycopg.errors.LockNotAvailable):
            admin.execute(f"SELECT epoch FROM {table} FOR UPDATE NOWAIT")

    calls = meanwhile(scribe._database.appender, "INSERT INTO chunks", lock)
    result(scribe.append([batch(2)], {}))
    assert not calls
    admin.execute(f"SELECT epoch FROM {table} FOR UPDATE NOWAIT")


def test_a_server_that_hangs_in_a_transaction(open_store, scribe):
    """Its session is ended, and nothing of the transaction is stored."""
    other, positions = open_store(), []
    take_over = partial(other.take_over, force=True)
    meanwhile(
        scribe._database.appender,
        "INSERT INTO chunks",
        lambda: positions.append(result(take_over())),
    )
    with pytest.raises(StoreUnavailableError):
        result(scribe.append([batch(2)], {}, 2))
    assert positions == [1]
    result(other.append([batch(3)], {}, 3))
    assert stored(other) == [1, 3]
    with pytest.raises(StoreUnavailableError) as error:
        result(scribe.append([batch(2)], {}, 2))
    assert "another server stores the messages: chatd on " in error.value.reason


def test_a_session_that_is_ended(admin, scribe, open_store):
    """The server that appends connects again and goes on, unless another one took over."""
    end_session(admin, scribe._database.appender)
    result(scribe.append([batch(2)], {}, 2))
    end_session(admin, scribe._database.appender)
    other = open_store()
    assert result(other.take_over()) == 2
    with pytest.raises(StoreUnavailableError):
        result(scribe.append([batch(3)], {}, 3))
    result(other.append([batch(3)], {}, 3))
    assert stored(other) == [1, 2, 3]


def test_taking_over_in_vain(admin, open_store):
    """A server that fails to take over keeps no lock, so another one can."""
    first = open_store()
    admin.execute("UPDATE server_epoch SET epoch = epoch + 1")
    with pytest.raises(StoreUnavailableError) as error:
        result(first.take_over())
    assert "another chatd has used it since" in error.value.reason
    assert result(open_store().take_over()) == 0


def test_taking_over_fails_in_the_middle(open_store):
    """The lock of the scribe is free again, and the epoch is as before."""

    def fail():
        raise StoreUnavailableError("gone")

    first, second = open_store(), open_store()
    calls = meanwhile(first._database.appender, "UPDATE scribe", fail)
    with pytest.raises(StoreUnavailableError) as error:
        result(first.take_over())
    assert (calls, error.value.reason) == ([], "gone")
    with pytest.raises(StoreUnavailableError) as error:
        result(first.append([batch(1)], {}))
    assert error.value.reason == "this server does not store messages"
    assert result(second.take_over()) == 0
    result(second.append([batch(1)], {}))


def test_force_is_for_taking_over_alone(open_store, scribe):
    """A server that was replaced connects again later, and does not end the other's session."""
    other = open_store()
    for store in (other, scribe, other):
        result(store.take_over(force=True))
    session = process(other._database.appender)
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            result(scribe.append([batch(2)], {}))
    assert process(other._database.appender) == session


def test_threads(postgresql, reactor):
    """A server with threads takes over and appends, and ends its threads when it is closed."""
    store = SqlStore(create_database(postgresql), partial(Worker, reactor))
    store.open([RoomRecord("tea", "tea")], shared=True)
    start = Deferred.fromCoroutine
    taking = start(store.take_over())
    writes = [start(store.append([batch(number)], {}, number)) for number in (1, 2)]
    assert reactor.result(taking) == 0
    for write in writes:
        reactor.result(write)
    assert reactor.result(start(store.take_over())) == 2
    assert ids(reactor.result(start(store.history("tea", 0, 9, NO_LIMIT)))) == [1, 2]
    reactor.result(start(store.close({"tea": 2})))


@pytest.mark.slow
def test_a_process_that_is_stopped(postgresql, open_store):
    """Another server takes its place, and it appends nothing when it goes on."""
    other = open_store()
    command = [sys.executable, "-W", "error", "-c", SERVER, postgresql]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as server:
        server.stdin.write("\n")
        assert server.stdout.readline() == "stored\n"
        os.kill(server.pid, signal.SIGSTOP)
        server.stdin.write("\n")
        with pytest.raises(StoreUnavailableError):
            result(other.take_over())
        assert result(other.take_over(force=True)) == 2
        result(other.append([batch(4)], {}, 4))
        os.kill(server.pid, signal.SIGCONT)
        assert "another server stores the messages" in server.stdout.readline()
        result(other.close({}))
        server.stdin.write("\n")
        assert "another server has begun to store the messages" in server.stdout.readline()
        server.stdin.close()
    assert stored(open_store()) == [2, 4]


# -- servers that share a schema, and one that is alone


def test_a_server_alone_whose_session_ended(admin, open_store):
    """It changes nothing any more once others have shared the schema, also when they are gone."""
    result(open_store().close({}))
    alone = open_store(shared=False)
    end_session(admin, alone._database.writer)
    result(open_store().close({}))
    for call in (alone.append([batch(1)], {}), alone.add_ban(Ban(BanKind.NAME, "Bob"))):
        with pytest.raises(StoreUnavailableError) as error:
            result(call)
        assert "another chatd has used it since" in error.value.reason
    assert open_store().open([], shared=True).bans == []


def test_shared_servers_whose_sessions_ended(admin, scribe, open_store):
    """They change nothing any more once a server has been alone, also when it is gone."""
    end_session(admin, scribe._database.writer)
    end_session(admin, scribe._database.appender)
    result(open_store(shared=False).close({}))
    calls = [scribe.append([batch(2)], {}), scribe.add_ban(Ban(BanKind.NAME, "Bob"))]
    for call in (*calls, scribe.take_over(force=True)):
        with pytest.raises(StoreUnavailableError) as error:
            result(call)
        assert "another " in error.value.reason
    assert stored(scribe) == [1]


def test_a_further_server_does_not_disturb_the_others(scribe, open_store):
    """The servers that share the schema go on when another one opens it."""
    open_store()
    result(scribe.append([batch(2)], {}, 2))
    result(scribe.add_ban(Ban(BanKind.NAME, "Bob")))
    assert stored(scribe) == [1, 2]


def test_opening_at_once(postgresql):
    """Several servers that open an empty schema wait for each other."""
    stores = [inline_store(create_database(postgresql)) for _ in range(4)]
    rooms = [RoomRecord("tea", "tea")]
    with ThreadPoolExecutor(len(stores)) as pool:
        jobs = [pool.submit(store.open, rooms, shared=True) for store in stores]
        found = [job.result() for job in jobs]
    assert len({snapshot.rooms[0].last_id for snapshot in found}) == len(stores)
    for store in stores:
        result(store.close({}))


# -- two servers that add the same


def test_registering_at_once(open_store):
    """Of two names that count as the same, the first one that is committed is registered."""
    first, second = open_store(), open_store()
    calls = meanwhile(
        first._database.writer,
        "INSERT INTO accounts",
        lambda: result(second.add_account("ann", "2", NOW)),
    )
    with pytest.raises(ChatError) as error:
        result(first.add_account("Ann", "1", NOW))
    assert not calls
    assert error.value.params == {"name": "ann"}
    assert [account.name for account in result(first.accounts())] == ["ann"]


@pytest.mark.parametrize(
    ("table", "add"),
    [
        ("rooms", lambda store: store.add_room(RoomRecord("cake", "cake"))),
        ("bans", lambda store: store.add_ban(Ban(BanKind.NAME, "Bob"))),
    ],
)
def test_adding_at_once(admin, open_store, table, add):
    """Both calls succeed, as if they came one after the other, and one row is added."""
    first, second = open_store(), open_store()
    count = f"SELECT count(*) FROM {table}"
    before = admin.execute(count).fetchone()[0]
    calls = meanwhile(first._database.writer, f"INSERT INTO {table}", lambda: result(add(second)))
    result(add(first))
    assert not calls
    assert admin.execute(count).fetchone()[0] == before + 1
