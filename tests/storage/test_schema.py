"""The schema that the migrations create: the tables, and the view of the messages."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from chatd.core.events import MessageBatch, MessageKind
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.schema import VERSION_TABLE, metadata
from chatd.storage.testing import NOW, batch, inline_store, result


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Return a database of each kind, not opened yet."""
    if request.param == "sqlite":
        return create_database(f"sqlite:///{tmp_path}/chatd.db")
    return create_database(request.getfixturevalue("postgresql"))


def differences(connection):
    """Return how the schema of a database differs from the tables."""
    options = {"version_table": VERSION_TABLE, "compare_type": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_the_migrations_create_the_tables(database):
    """A new database has exactly the tables that the statements are built on."""
    store = inline_store(database)
    store.open([])
    found = database.reader.run(differences)
    result(store.close({}))
    assert found == []


def test_the_view_of_messages(database):
    """It has a row for each message, without the text if deleted, except those of removed rooms."""
    store = inline_store(database)
    store.open([RoomRecord("Tea", "tea"), RoomRecord("old", "old")])
    texts = ['"\\', "two\n\tlines", "", " [], é 😀"]
    batches = [
        MessageBatch("Tea", 60, "Zoë", texts, NOW),
        MessageBatch("Tea", 64, "'Bob'", ["x"], NOW + 1, 12),
        MessageBatch("Tea", 65, "Zoë", ["waves", "*bows*"], NOW + 1, None, MessageKind.ACTION),
        MessageBatch("Tea", 67, "'Bob'", ["nods"], NOW + 2, 12, MessageKind.NOTICE),
    ]
    result(store.append([*batches, batch(1, room="old")], {}))
    result(store.remove_room("old", 1))
    result(store.append([batch(1, room="old")], {}))
    result(store.delete_message("Tea", 61))
    found = database.reader.run(lambda c: c.exec_driver_sql("SELECT * FROM messages").all())
    expected = [
        (*message[:6], message.kind.value) for batch in batches for message in batch.messages()
    ]
    expected[1] = (*expected[1][:3], None, *expected[1][4:])
    assert sorted(found) == expected
    result(store.close({}))
