"""The file of an SQLite database: locks, modes, and files that are removed under the server."""

import os
import shutil
import sqlite3
import stat

import pytest

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.testing import NO_LIMIT, batch, ids, inline_store, result


@pytest.fixture
def path(tmp_path):
    """Return the path of a database that does not exist yet."""
    return tmp_path / "chatd.db"


def open_store(path):
    """Return an open store with a room."""
    store = inline_store(create_database(f"sqlite:///{path}"))
    store.open([RoomRecord("tea", "tea")])
    return store


@pytest.fixture
def store(path):
    """Return an open store with a message."""
    store = open_store(path)
    result(store.append([batch(1)], {}))
    yield store
    store._database.close()


def refusal(path):
    """Return the error message for a file that cannot be opened, which is one line."""
    with pytest.raises(StoreError) as error:
        open_store(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def unavailable(store):
    """Return why each kind of call fails, which is the same for all."""
    reasons = set()
    for call in (
        store.append([batch(2)], {}),
        store.append([batch(2)], {"tea": 20_000}),
        store.touch_resume_tokens((), 0.0, 0.0),
        store.account("Ann"),
    ):
        with pytest.raises(StoreUnavailableError) as error:
            result(call)
        reasons.add(error.value.reason)
    (reason,) = reasons
    return reason


def modes(path):
    """Return the modes of all files in the directory."""
    return {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}


def make_other(path, *statements):
    """Make a database that is not chatd's."""
    other = sqlite3.connect(path)
    for statement in statements:
        other.execute(statement)
    other.commit()
    other.close()


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_file_that_is_moved(store, path, end):
    """Nothing is confirmed while a file is away; it is used again when it is back."""
    moved = path.with_name(path.name + end)
    moved.rename(path.with_name("moved"))
    assert f"{moved} was removed or replaced" in unavailable(store)
    path.with_name("moved").rename(moved)
    result(store.append([batch(2)], {}))
    assert ids(result(store.history("tea", None, 9, NO_LIMIT))) == [1, 2]


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_file_that_is_replaced(store, path, end):
    """Another file of the same name does not count, even with the same content."""
    replaced = path.with_name(path.name + end)
    shutil.copy(replaced, path.with_name("copy"))
    path.with_name("copy").replace(replaced)
    assert "was removed or replaced" in unavailable(store)


def test_a_file_that_is_removed_during_a_write(store, path):
    """The write is not confirmed: the path is looked at after the commit, too."""

    def job(_):
        path.unlink()

    with pytest.raises(StoreUnavailableError) as error:
        store._database.writer.run(job)
    assert "was removed" in error.value.reason


def backup_of(path):
    """Return a backup of a database, made as an operator does it while the server runs."""
    source, target = sqlite3.connect(path), sqlite3.connect(path.with_name("backup"))
    source.backup(target)
    target.close()
    source.close()
    return path.with_name("backup").read_bytes()


@pytest.mark.parametrize("content", [b"", b"hello" * 9999, None])
def test_a_file_that_is_overwritten(store, path, content):
    """A file that is truncated, or overwritten with a backup, is not used until a restart."""
    backup = backup_of(path)
    for number in range(2, 40):
        result(store.append([batch(number, count=100)], {}))
    store._database.writer.run(lambda c: c.exec_driver_sql("UPDATE rooms SET name = 'green'"))
    before = path.read_bytes()
    path.write_bytes(backup if content is None else content)
    assert "was overwritten" in unavailable(store)
    path.write_bytes(before)
    assert "was overwritten" in unavailable(store)


def test_a_shell_that_changes_the_file(store, path):
    """Another program that changes the database, even in all pages, is no reason to refuse."""
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("CREATE TABLE notes AS SELECT randomblob(100000)")
    shell.execute("DROP TABLE notes")
    shell.execute("VACUUM")
    shell.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    result(store.append([batch(2)], {}))
    shell.close()
    assert ids(result(store.history("tea", None, 9, NO_LIMIT))) == [1, 2]


@pytest.mark.usefixtures("store")
def test_the_lock_outlives_the_file(path):
    """A second server is refused also after the database was removed."""
    path.unlink()
    assert "is in use by another chatd" in refusal(path)


@pytest.mark.usefixtures("store")
def test_the_lock_is_on_every_name_of_the_file(path):
    """A second server is refused whatever it calls the file."""
    hard, soft = path.with_name("hard.db"), path.with_name("soft.db")
    os.link(path, hard)
    soft.symlink_to(path)
    moved = path.with_name("moved.db")
    assert "is in use by another chatd" in refusal(hard)
    assert "is in use by another chatd" in refusal(soft)
    path.rename(moved)
    assert "is in use by another chatd" in refusal(moved)


def test_a_lock_file_that_a_killed_server_left(path):
    """The file alone is no lock, and is removed when the server stops."""
    path.with_name("chatd.db.lock").touch()
    result(open_store(path).close({}))
    assert [file.name for file in path.parent.iterdir()] == ["chatd.db"]


@pytest.mark.parametrize("umask", [0, 0o777])
def test_new_files_are_for_the_owner_alone(path, umask):
    """The mode does not depend on the umask."""
    former = os.umask(umask)
    try:
        store = open_store(path)
    finally:
        os.umask(former)
    found = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    store._database.close()
    assert found.pop("chatd.db.lock") & 0o177 == 0
    assert set(found.values()) == {0o600}


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o640), (0o666, 0o660), (0o600, 0o600)])
def test_the_mode_of_an_existing_file(path, before, after):
    """Others lose their rights, and a group keeps those that an operator gave it."""
    result(open_store(path).close({}))
    path.chmod(before)
    store = open_store(path)
    found = modes(path)
    store._database.close()
    assert found == {after, 0o600}


def test_a_pipe(path):
    """A pipe is refused, without waiting for its other end."""
    os.mkfifo(path)
    assert refusal(path).endswith("it is not a file.")


def test_another_encoding(path):
    """A database in UTF-16, which cannot take chatd's statements, is refused."""
    make_other(path, "PRAGMA encoding = 'UTF-16'", "CREATE TABLE chatd_version (x)")
    assert "has the encoding UTF-16" in refusal(path)


def test_the_database_of_another_program(path):
    """It is refused, and not changed."""
    make_other(path, "CREATE TABLE accounts (x)")
    before = path.read_bytes()
    assert refusal(path).endswith("is the database of another program.")
    assert path.read_bytes() == before
