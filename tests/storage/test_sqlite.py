"""SQLite: the lock on the file, files that cannot be opened, a locked file and a full disk."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys

import pytest
from sqlalchemy import event

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.events import MessageBatch
from chatd.core.records import KeptMessage, RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.sqlite import SPARE_PAGES, VACUUM_PAGES
from chatd.storage.testing import (
    NO_LIMIT,
    NOW,
    batch,
    ids,
    inline_store,
    message,
    one_by_one,
    result,
)

SERVER = """
import sys
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.testing import batch, inline_store, result

store = inline_store(create_database(sys.argv[1]))
store.open([RoomRecord("tea", "tea")])
result(store.append([batch(1)], {}))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    """Return the path of a database that does not exist yet."""
    return tmp_path / "chatd.db"


@pytest.fixture
def store(path):
    """Return an open store with a room."""
    store = inline_store(create_database(f"sqlite:///{path}"))
    store.open([RoomRecord("tea", "tea")])
    yield store
    store._database.close()


def refusal(path):
    """Return the error message for a file that cannot be opened, which is one line."""
    with pytest.raises(StoreError) as error:
        inline_store(create_database(f"sqlite:///{path}")).open([])
    assert "\n" not in str(error.value)
    return str(error.value)


def history(store):
    """Return the ids of the messages in the room."""
    return ids(result(store.history("tea", None, 999, NO_LIMIT)))


def test_only_the_owner_can_read_the_file(store, path):
    """The files that SQLite adds have the same mode."""
    result(store.append([batch(1)], {}))
    files = list(path.parent.iterdir())
    names = {"chatd.db", "chatd.db-wal", "chatd.db-shm", "chatd.db.lock"}
    assert {file.name for file in files} == names
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_one_file_after_a_clean_end(store, path):
    """All data is in one file, which can be copied."""
    result(store.close({}))
    assert [file.name for file in path.parent.iterdir()] == ["chatd.db"]


def test_pragmas(store):
    """A commit is on the disk when it returns, and does not wait for readers."""
    for connection in (store._database.writer, store._database.reader):
        found = connection.run(
            lambda transaction: [
                transaction.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
        )
        assert found == ["wal", 2, 1, 1000]


def test_a_file_is_for_one_server(path):
    """Several servers are refused, with what they need; no file is made."""
    with pytest.raises(StoreError, match="for one server: several need a store in PostgreSQL"):
        inline_store(create_database(f"sqlite:///{path}")).open([], shared=True)
    assert not path.exists()


def test_a_write_is_one_statement(store):
    """With neither a position nor a reservation the statement is the whole transaction."""
    statements = []
    event.listen(
        store._database.writer.engine,
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )
    result(store.append([batch(1)], {}))
    assert statements == [], "the driver executes it by itself"
    result(store.append([batch(2)], {}, 2))
    assert len(statements) == 3, "begin, the chunks, the position"


def test_a_file_of_another_kind(path):
    """A file that is no database is refused, and not changed."""
    path.write_text("hello" * 1000)
    assert "not a database" in refusal(path)
    assert path.read_text() == "hello" * 1000


def test_no_directory(path):
    """A directory that does not exist is not created."""
    assert refusal(path.parent / "none" / "chatd.db").endswith("No such file or directory.")


def test_a_directory(path):
    """A directory is refused."""
    assert refusal(path.parent).endswith("Is a directory.")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_directory_that_is_not_writable(path):
    """The message has the reason."""
    path.parent.chmod(0o500)
    assert refusal(path).endswith("Permission denied.")


@pytest.mark.slow
def test_one_server_at_a_time(path):
    """A second server is refused; the lock of a server that was killed is gone."""
    command = [sys.executable, "-c", SERVER, f"sqlite:///{path}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout.readline() == b"ready\n"
        assert "is in use by another chatd" in refusal(path)
        server.send_signal(signal.SIGKILL)
        server.wait()
        store = inline_store(create_database(f"sqlite:///{path}"))
        store.open([])
    assert history(store) == [1]
    result(store.close({}))


def test_a_failed_start_releases_the_lock(path):
    """Another store can open the file at once."""
    path.write_text("hello" * 1000)
    refusal(path)
    path.write_text("")
    store = inline_store(create_database(f"sqlite:///{path}"))
    store.open([])
    result(store.close({}))


@pytest.mark.slow
def test_a_file_locked_by_another_process(store, path):
    """Writes fail until the lock is gone; reads do not wait."""
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    for reserved in ({}, {"tea": 20_000}):
        with pytest.raises(StoreUnavailableError) as error:
            result(store.append([batch(1)], reserved))
        assert error.value.reason == "database is locked"
    assert history(store) == []
    shell.execute("ROLLBACK")
    shell.close()
    result(store.append([batch(1)], {"tea": 20_000}))
    assert history(store) == [1]


def test_a_full_disk(path):
    """A write that does not fit is not done in part, and succeeds once there is space."""
    database = create_database(f"sqlite:///{path}")
    store = inline_store(database)
    store.open([RoomRecord("tea", "tea")])
    result(store.append([batch(1)], {}))

    def limit(connection):
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 8}")

    database.writer.run(limit)
    batches = one_by_one(*(message(n, "x" * 1000) for n in range(2, 400)))
    with pytest.raises(StoreUnavailableError) as error:
        result(store.append(batches, {}))
    assert "full" in error.value.reason
    assert history(store) == [1]
    database.writer.run(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 4000"))
    result(store.append(batches, {}))
    assert len(history(store)) == 399
    result(store.close({}))


def test_a_bug_passes_through(store):
    """A wrong statement does not look like an unavailable database."""
    with pytest.raises(Exception, match="no such table"):
        store._database.reader.run(lambda c: c.exec_driver_sql("SELECT * FROM nonsense"))


def test_interrupting_a_statement(store):
    """The statement ends, and the database counts as unavailable."""
    reader = store._database.reader

    def endless(connection):
        connection.connection.driver_connection.set_progress_handler(reader.interrupt, 10_000)
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT max(i) FROM n"
        )

    with pytest.raises(StoreUnavailableError) as error:
        reader.run(endless)
    assert error.value.reason == "interrupted"


def test_messages_are_not_in_errors(store):
    """An error, which may be logged, does not contain the text of a message."""
    store._database.writer.run(lambda c: c.exec_driver_sql("DROP TABLE chunks"))
    for reserved in ({}, {"tea": 20_000}):
        with pytest.raises(Exception, match="no such table") as error:
            result(store.append(one_by_one(message(1, "secret")), reserved))
        assert "secret" not in str(error.value)


def test_the_file_shrinks(tmp_path):
    """The space of removed messages goes back to the system, step by step, and that of the WAL."""
    path = tmp_path / "chatd.db"
    database = create_database(f"sqlite:///{path}")
    store = inline_store(database)
    store.open([RoomRecord("tea", "tea")])
    texts = ["x" * 10_000]
    for first in range(1, 64 * 2000, 64 * 100):
        batches = [
            MessageBatch("tea", n, "Ann", texts, NOW) for n in range(first, first + 6400, 64)
        ]
        result(store.append(batches, {}))
    full = result(store.size())
    result(store.remove_room("tea", 128_000))
    while result(store.prune(0.0)) is not None:
        pass
    steps = 1
    while result(store.compact()):
        steps += 1
    assert full > 20_000_000
    assert 0.7 < steps / (full / 4096 / VACUUM_PAGES) < 1.2
    assert result(store.size()) < (SPARE_PAGES + 64) * 4096
    assert path.with_name("chatd.db-wal").stat().st_size == 0
    database.close()


def written(path):
    """Return the bytes of the database and of the files beside it."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("repeated", [1, 100, 3000])
def test_a_text_that_is_removed_is_in_no_file(store, path, repeated):
    """It is gone once the log of changes is emptied, however many pages it has filled."""
    canary = "canary-sings-" * repeated
    ann = result(store.add_account("Ann", "1", NOW)).id
    for number in range(64, 64 * 20, 64):
        texts = ["stays", canary if number % 128 else "stays", "stays"]
        result(store.append([MessageBatch("tea", number, "Ann", texts, NOW)], {}))
    result(store.keep_message(ann, KeptMessage(0, "Bob", None, canary, NOW), 9, 99))
    result(store.compact())
    assert b"canary" in written(path)
    for number in range(64, 64 * 20, 128):
        assert result(store.delete_message("tea", number + 1))
    result(store.remove_kept_messages_before(NOW + 1))
    while result(store.compact()):
        pass
    assert b"canary" not in written(path)
    assert written(path).count(b"stays") >= 20
