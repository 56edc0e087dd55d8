"""The schema: what the steps make, what is saved before they are made, what is refused."""

import shutil
import sqlite3
import stat

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from chatd.core.errors import StoreError
from chatd.core.events import MessageBatch
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.migrate import SCRIPTS
from chatd.storage.schema import VERSION_TABLE, metadata
from chatd.storage.testing import inline_store, result

NOW = 1_700_000_000.1234567
STEP = '''
"""A second step."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    """Add a column."""
    op.add_column("rooms", sa.Column("topic", sa.Text))
'''
FAILING_STEP = STEP + '    op.execute("nonsense")\n'


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Return a database of each kind, not yet opened."""
    if request.param == "sqlite":
        return create_database(f"sqlite:///{tmp_path}/chatd.db")
    return create_database(request.getfixturevalue("postgresql"))


@pytest.fixture
def path(tmp_path):
    """Return the path of a database with a room and a message, one of them still in its WAL."""
    path = tmp_path / "chatd.db"
    store = inline_store(create_database(f"sqlite:///{path}"))
    store.open([RoomRecord("tea", "tea")])
    result(store.append([MessageBatch("tea", 1, "Ann", ["hello"], 1.0)], {}))
    result(store.close({"tea": 1}))
    return path


def scripts(tmp_path, step):
    """Return a script directory with one step more than ours."""
    copy = tmp_path / "50% more"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / "0002_second.py").write_text(step)
    return copy


def reopen(path, *args):
    """Open a store and close it again; return its contents."""
    store = inline_store(create_database(f"sqlite:///{path}"), *args)
    contents = store.open([])
    result(store.close({room.id: room.last_id for room in contents.rooms}))
    return contents


def columns(path):
    """Return the columns of the table of rooms."""
    connection = sqlite3.connect(path)
    try:
        return [row[1] for row in connection.execute("PRAGMA table_info(rooms)")]
    finally:
        connection.close()


def differences(connection):
    """Return how the schema of a database differs from what our statements are built on."""
    options = {"version_table": VERSION_TABLE, "compare_type": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_the_steps_make_the_tables(database):
    """The steps and the tables that statements are built on say the same."""
    store = inline_store(database)
    store.open([])
    found = database.reader.run(differences)
    result(store.close({}))
    assert found == []


def test_the_view_of_messages(database):
    """Who looks into the database sees every message, as it was said, but those of rooms that were ended."""
    store = inline_store(database)
    store.open([RoomRecord("Tea", "tea"), RoomRecord("old", "old")])
    texts = ['"\\', "two\n\tlines", "", " [], é 😀"]
    batch = [
        MessageBatch("Tea", 60, "Zoë", texts, NOW),
        MessageBatch("Tea", 64, "'Bob'", ["x"], NOW + 1, 12),
    ]
    result(store.append([*batch, MessageBatch("old", 1, "Ann", ["x"], NOW)], {}))
    result(store.remove_room("old", 1))
    result(store.append([MessageBatch("old", 1, "Ann", ["x"], NOW)], {}))
    found = database.reader.run(lambda c: c.exec_driver_sql("SELECT * FROM messages").all())
    assert sorted(found) == [said for each in batch for said in each.messages()]
    result(store.close({}))


def test_a_new_database_needs_no_backup(path, capfd):
    """Nor does one that is up to date; and nothing is printed."""
    reopen(path)
    assert [file.name for file in path.parent.iterdir()] == ["chatd.db"]
    assert capfd.readouterr() == ("", "")


def test_backup_before_a_step(path, tmp_path):
    """What was there is saved, for its owner alone, and can be gone back to."""
    before = columns(path)
    newer = scripts(tmp_path, STEP)
    contents = reopen(path, newer)
    backup = path.with_name("chatd.db-backup-0001")
    assert contents.rooms == [RoomRecord("tea", "tea", 1)]
    assert columns(path) == [*before, "topic"]
    assert columns(backup) == before
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    reopen(path, newer)
    assert reopen(backup).rooms == contents.rooms


def test_the_backup_has_what_is_in_the_wal(path, tmp_path):
    """Also what a server wrote that was killed."""
    killed = sqlite3.connect(path)
    killed.execute("UPDATE rooms SET name = 'green'")
    killed.commit()
    assert path.with_name("chatd.db-wal").stat().st_size
    newer = scripts(tmp_path, STEP)
    reopen(path, newer)
    killed.close()
    assert reopen(path.with_name("chatd.db-backup-0001")).rooms[0].name == "green"


def test_a_backup_is_never_overwritten(path, tmp_path):
    """The line says what to do; nothing is changed."""
    backup = path.with_name("chatd.db-backup-0001")
    backup.write_text("mine")
    with pytest.raises(StoreError, match="move it away"):
        reopen(path, scripts(tmp_path, STEP))
    assert backup.read_text() == "mine"
    assert "topic" not in columns(path)
    assert not list(tmp_path.glob("*.part"))


def test_a_step_that_fails_changes_nothing(path, tmp_path):
    """All steps are made, or none."""
    with pytest.raises(StoreError, match="nonsense"):
        reopen(path, scripts(tmp_path, FAILING_STEP))
    assert "topic" not in columns(path)
    assert reopen(path).rooms == [RoomRecord("tea", "tea", 1)]


def test_made_by_a_newer_chatd(database, tmp_path):
    """It is refused, and what to do is said; it is not touched."""
    newer = inline_store(database, scripts(tmp_path, STEP))
    newer.open([])
    result(newer.close({}))
    with pytest.raises(StoreError, match=r"was made by a newer chatd: install that one"):
        inline_store(database).open([])


def test_the_tables_of_others(tmp_path):
    """A database that has such a table, and not from us, is left alone."""
    path = tmp_path / "theirs.db"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE accounts (x)")
    theirs.close()
    with pytest.raises(StoreError, match="already exists"):
        reopen(path)
    assert columns(path) == []
