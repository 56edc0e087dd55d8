"""Migrations: the backup before them, failing ones, and databases that are refused."""

import shutil
import sqlite3
import stat

import pytest

from chatd.core.errors import StoreError
from chatd.core.records import RoomRecord
from chatd.storage.engine import SCRIPTS
from chatd.storage.factory import create_database
from chatd.storage.testing import NOW, batch, inline_store, result

MIGRATION = '''
"""A second migration."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    """Add a column."""
    op.add_column("rooms", sa.Column("topic", sa.Text))
'''
FAILING_MIGRATION = MIGRATION + '    op.execute("nonsense")\n'


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Return a database of each kind, not opened yet."""
    if request.param == "sqlite":
        return create_database(f"sqlite:///{tmp_path}/chatd.db")
    return create_database(request.getfixturevalue("postgresql"))


@pytest.fixture
def path(tmp_path):
    """Return the path of a database with a room and a message."""
    path = tmp_path / "chatd.db"
    store = inline_store(create_database(f"sqlite:///{path}"))
    store.open([RoomRecord("tea", "tea")])
    result(store.append([batch(1)], {}))
    result(store.close({"tea": 1}))
    return path


def scripts(tmp_path, migration):
    """Return a script directory with one migration more than is shipped."""
    copy = tmp_path / "50% more"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / "0002_second.py").write_text(migration)
    return copy


def reopen(path, *args):
    """Open a store and close it again; return its content."""
    store = inline_store(create_database(f"sqlite:///{path}"), *args)
    snapshot = store.open([])
    result(store.close({room.id: room.last_id for room in snapshot.rooms}))
    return snapshot


def columns(path):
    """Return the columns of the table of rooms."""
    connection = sqlite3.connect(path)
    try:
        return [row[1] for row in connection.execute("PRAGMA table_info(rooms)")]
    finally:
        connection.close()


def test_a_new_database_needs_no_backup(path, capfd):
    """Neither a new database nor one that is up to date is backed up, and nothing is printed."""
    reopen(path)
    assert [file.name for file in path.parent.iterdir()] == ["chatd.db"]
    assert capfd.readouterr() == ("", "")


def test_backup_before_a_migration(path, tmp_path):
    """The backup is for its owner alone, and can be used instead of the migrated database."""
    before = columns(path)
    newer = scripts(tmp_path, MIGRATION)
    snapshot = reopen(path, newer)
    backup = path.with_name("chatd.db-backup-0001")
    assert snapshot.rooms == [RoomRecord("tea", "tea", 1, int(NOW) + 1, used=True)]
    assert columns(path) == [*before, "topic"]
    assert columns(backup) == before
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    reopen(path, newer)
    assert reopen(backup).rooms == snapshot.rooms


def test_the_backup_has_what_is_in_the_wal(path, tmp_path):
    """The backup has what a killed server wrote last."""
    killed = sqlite3.connect(path)
    killed.execute("UPDATE rooms SET name = 'green'")
    killed.commit()
    assert path.with_name("chatd.db-wal").stat().st_size
    newer = scripts(tmp_path, MIGRATION)
    reopen(path, newer)
    killed.close()
    assert reopen(path.with_name("chatd.db-backup-0001")).rooms[0].name == "green"


def test_a_backup_is_never_overwritten(path, tmp_path):
    """An existing backup is an error that says what to do, and nothing is changed."""
    backup = path.with_name("chatd.db-backup-0001")
    backup.write_text("mine")
    with pytest.raises(StoreError, match="move it away"):
        reopen(path, scripts(tmp_path, MIGRATION))
    assert backup.read_text() == "mine"
    assert "topic" not in columns(path)
    assert not list(tmp_path.glob("*.part"))


def test_a_failing_migration_changes_nothing(path, tmp_path):
    """Either all migrations are applied, or none."""
    with pytest.raises(StoreError, match="nonsense"):
        reopen(path, scripts(tmp_path, FAILING_MIGRATION))
    assert "topic" not in columns(path)
    assert reopen(path).rooms == [RoomRecord("tea", "tea", 1, int(NOW) + 1, used=True)]


def test_a_database_of_a_newer_chatd(database, tmp_path):
    """A schema with an unknown revision is refused, with a message that says what to do."""
    newer = inline_store(database, scripts(tmp_path, MIGRATION))
    newer.open([])
    result(newer.close({}))
    with pytest.raises(StoreError, match=r"was made by a newer chatd: install that one"):
        inline_store(database).open([])
