"""SQLite: whose file it is, what cannot be opened, and what happens when it is locked or full."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys

import pytest
from sqlalchemy import event

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.events import Message, MessageBatch
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.testing import inline_store, result

SERVER = """
import sys
from chatd.core.events import MessageBatch
from chatd.core.records import RoomRecord
from chatd.storage.testing import inline_store, result
from chatd.storage.factory import create_database

store = inline_store(create_database(sys.argv[1]))
store.open([RoomRecord("tea", "tea")])
result(store.append([MessageBatch("tea", 1, "Ann", ["hello"], 1.0)], {}))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    """Return the path of a database that is not there yet."""
    return tmp_path / "chatd.db"


@pytest.fixture
def store(path):
    """Return a store that is opened, with a room."""
    store = inline_store(create_database(f"sqlite:///{path}"))
    store.open([RoomRecord("tea", "tea")])
    yield store
    store._database.close()


def refusal(path):
    """Return the words with which a file is refused: one line."""
    with pytest.raises(StoreError) as error:
        inline_store(create_database(f"sqlite:///{path}")).open([])
    assert "\n" not in str(error.value)
    return str(error.value)


def said(number, text="hello"):
    """Return a message."""
    return Message("tea", number, "Ann", text, 1.0)


def burst(number, text="hello"):
    """Return the same, as it is kept."""
    return MessageBatch("tea", number, "Ann", [text], 1.0)


def history(store):
    """Return what was said in the room."""
    return result(store.history("tea", None, 999, 10**9))


def test_the_file_is_its_owners_alone(store, path):
    """And so is all that SQLite puts beside it."""
    result(store.append([burst(1)], {}))
    files = list(path.parent.iterdir())
    assert {file.name for file in files} == {"chatd.db", "chatd.db-wal", "chatd.db-shm"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_all_is_in_one_file_after_a_clean_end(store, path):
    """It can be copied then."""
    result(store.close({}))
    assert [file.name for file in path.parent.iterdir()] == ["chatd.db"]


def test_how_it_is_opened(store):
    """A commit is on the disk when it returns, and does not wait for who reads."""
    for link in (store._database.writer, store._database.reader):
        found = link.run(
            lambda connection: [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
        )
        assert found == ["wal", 2, 1, 1000]


def test_no_database(path):
    """A file of another kind is refused, and left as it is."""
    path.write_text("hello" * 1000)
    assert "not a database" in refusal(path)
    assert path.read_text() == "hello" * 1000


def test_no_directory(path):
    """What is not there is not made."""
    assert refusal(path.parent / "none" / "chatd.db").endswith("No such file or directory.")


def test_a_directory(path):
    """It is no file."""
    assert refusal(path.parent).endswith("Is a directory.")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_not_writable(path):
    """It is said why."""
    path.parent.chmod(0o500)
    assert refusal(path).endswith("Permission denied.")


def test_one_server_at_a_time(path):
    """A second one is refused; one that is killed leaves nothing that keeps the next one out."""
    command = [sys.executable, "-c", SERVER, f"sqlite:///{path}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout.readline() == b"ready\n"
        assert "is in use by another chatd" in refusal(path)
        server.send_signal(signal.SIGKILL)
        server.wait()
        store = inline_store(create_database(f"sqlite:///{path}"))
        store.open([])
    assert history(store) == [said(1)]
    result(store.close({}))


def test_a_start_that_fails_lets_go(path):
    """Another one can follow at once."""
    path.write_text("hello" * 1000)
    refusal(path)
    path.write_text("")
    store = inline_store(create_database(f"sqlite:///{path}"))
    store.open([])
    result(store.close({}))


def test_locked_for_a_while(store, path):
    """What is to be kept fails, and is kept when it is tried again; what is read does not wait."""
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    for reserved in ({}, {"tea": 20_000}):
        with pytest.raises(StoreUnavailableError) as error:
            result(store.append([burst(1)], reserved))
        assert error.value.reason == "database is locked"
    assert history(store) == []
    shell.execute("ROLLBACK")
    shell.close()
    result(store.append([burst(1)], {"tea": 20_000}))
    assert history(store) == [said(1)]


def test_a_full_disk(path):
    """Nothing of a batch that does not fit is kept, all that was is still there, and then it goes on."""
    database = create_database(f"sqlite:///{path}")
    store = inline_store(database)

    @event.listens_for(database.writer.engine, "connect")
    def limit(connection, _):
        connection.execute("PRAGMA max_page_count = 40")

    store.open([RoomRecord("tea", "tea")])
    result(store.append([burst(1)], {}))
    batch = [burst(n, "x" * 1000) for n in range(2, 400)]
    with pytest.raises(StoreUnavailableError) as error:
        result(store.append(batch, {}))
    assert "full" in error.value.reason
    assert history(store) == [said(1)]
    database.writer.run(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 4000"))
    result(store.append(batch, {}))
    assert len(history(store)) == 399
    result(store.close({}))


def test_a_fault_of_ours_is_none_of_the_database(store):
    """It is not taken for a database that is away."""
    with pytest.raises(Exception, match="no such table"):
        store._database.reader.run(lambda c: c.exec_driver_sql("SELECT * FROM nonsense"))


def test_a_statement_that_is_cut_off(store):
    """It ends, and the database is said to be out of reach."""
    link = store._database.reader

    def endless(connection):
        connection.connection.driver_connection.set_progress_handler(link.interrupt, 10_000)
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT max(i) FROM n"
        )

    with pytest.raises(StoreUnavailableError) as error:
        link.run(endless)
    assert error.value.reason == "interrupted"


def test_words_of_the_chat_are_not_in_errors(store):
    """An error that goes into the log does not tell what was said."""
    store._database.writer.run(lambda c: c.exec_driver_sql("DROP TABLE chunks"))
    for reserved in ({}, {"tea": 20_000}):
        with pytest.raises(Exception, match="no such table") as error:
            result(store.append([burst(1, "secret")], reserved))
        assert "secret" not in str(error.value)
