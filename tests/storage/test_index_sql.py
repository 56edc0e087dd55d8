"""The tables of the index of words: how blocks are divided, and that removed words are gone."""

import pytest
from sqlalchemy import select

from chatd.core.events import MessageBatch
from chatd.core.records import RoomRecord
from chatd.storage import index_sql
from chatd.storage.chunks import Chunk
from chatd.storage.factory import create_database
from chatd.storage.index_sql import EMPTY_BLOCKS
from chatd.storage.schema import word_blocks, words
from chatd.storage.testing import NOW, batch, inline_store, result
from chatd.storage.wordblocks import BLOCK_IDS
from chatd.storage.wordprogress import BLOCK_SIZE


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Return a database of each kind."""
    if request.param == "sqlite":
        return create_database(f"sqlite:///{tmp_path}/chatd.db")
    return create_database(request.getfixturevalue("postgresql"))


@pytest.fixture
def store(database):
    """Return an open store with two rooms."""
    store = inline_store(database)
    store.open([RoomRecord("tea", "tea"), RoomRecord("cake", "cake")])
    yield store
    database.close()


def index_all(store):
    """Index what can be indexed."""
    while result(store.index()) is not None:
        pass


def blocks(database, room="tea"):
    """Return the first and the last id of each block of a room."""
    wanted = select(word_blocks.c.first, word_blocks.c.last).where(word_blocks.c.room == room)
    found = database.reader.run(lambda c: c.execute(wanted.order_by(word_blocks.c.last)).all())
    return [tuple(row) for row in found]


def indexed_words(database):
    """Return all words that are anywhere in the tables of the index."""
    texts = database.reader.run(lambda c: c.scalars(select(words.c.entries)).all())
    return {line.split("\t")[0] for text in texts for line in text.split("\n") if line}


def say(store, first, *texts, time=NOW):
    """Store texts, one write for each, whose ids are 64 apart."""
    for n, text in enumerate(texts):
        result(store.append([MessageBatch("tea", first + 64 * n, "Ann", [text], time)], {}))


def test_blocks_follow_each_other(store, database):
    """Each has as many ids as it can, and messages that are too few for one wait."""
    result(store.append([batch(n, 10) for n in range(1, 5000, 10)], {}))
    index_all(store)
    assert blocks(database) == [(n, n + BLOCK_IDS - 1) for n in range(0, 4096, BLOCK_IDS)]
    assert blocks(database, "cake") == []


def test_long_messages_make_short_blocks(store, database):
    """A block ends before the span with which it would have too many bytes."""
    say(store, 1, *["x" * (BLOCK_SIZE // 3)] * 9)
    index_all(store)
    assert blocks(database) == [(0, 191), (192, 383), (384, 511)]


def test_a_gap_is_in_no_block(store, database):
    """A block begins with the span of its first message."""
    for first in (5000, 90_000):
        result(store.append([batch(n, 64) for n in range(first, first + 2000, 64)], {}))
    index_all(store)
    (first, _), *_, (last_first, last) = blocks(database)
    assert first == 4992
    assert last_first >= 90_000 - 64
    assert last < 92_064


def test_words_of_removed_messages_are_gone(store, database):
    """They leave the index, those of others stay, and no block without messages is left."""
    say(store, 1, *(f"secret{n}" for n in range(20)), time=NOW - 9)
    say(store, 1281, *(f"public{n}" for n in range(40)))
    index_all(store)
    assert {"secret0", "secret19", "public0"} <= indexed_words(database)
    while result(store.prune(NOW)) is not None:
        pass
    index_all(store)
    left = indexed_words(database)
    assert not {word for word in left if word.startswith("secret")}
    assert "public0" in left
    assert blocks(database)[0] == (1024, 2047)


def test_words_of_a_removed_room_are_gone(store, database):
    """Its blocks are removed, many at once."""
    result(store.append([batch(n, 64) for n in range(1, 200_000, 64)], {}))
    index_all(store)
    assert len(blocks(database)) > EMPTY_BLOCKS
    result(store.remove_room("tea", 200_000))
    while result(store.prune(0)) is not None:
        pass
    index_all(store)
    assert blocks(database) == []
    assert indexed_words(database) == set()


def test_words_of_a_deleted_message_are_gone(store, database):
    """They leave the index at once, and those of others stay."""
    say(store, 1, *(f"word{n}" for n in range(40)))
    index_all(store)
    for number in (65, 2497):
        assert result(store.delete_message("tea", number)) is True
    assert "word1" not in indexed_words(database)
    assert {"word0", "word2"} <= indexed_words(database)
    index_all(store)
    say(store, 5000, "more")
    index_all(store)
    assert "word39" not in indexed_words(database)
    assert "word38" in indexed_words(database)


def test_a_late_chunk(store, database):
    """It gets into the block that has its span, or into one of its own, if it is behind the end."""
    result(store.append([batch(n, 10) for n in range(5000, 7001, 10)], {}))
    index_all(store)
    before = blocks(database)
    late = [
        MessageBatch("tea", 100, "Ann", ["early"], NOW),
        MessageBatch("tea", 7011, "Ann", ["late"], NOW),
    ]
    result(store.append(late, {}))
    assert blocks(database) == [(64, 127), *before]
    assert "early" in indexed_words(database)
    assert "late" not in indexed_words(database)
    result(store.append([MessageBatch("tea", 101, "Ann", ["again"], NOW)], {}))
    assert blocks(database) == [(64, 127), *before]
    assert {"early", "again"} <= indexed_words(database)
    database.writer.run(lambda c: index_sql.add_late(c, [Chunk("tea", 99_999, 0, "", 0)]))
    assert blocks(database) == [(64, 127), *before]


def test_a_block_that_was_added_already(store, database):
    """A step whose transaction was committed but reported as failed can be repeated."""
    result(store.append([batch(n, 64) for n in range(1, 3000, 64)], {}))
    reached = database.writer.run(lambda c: index_sql.add_block(c, "tea", 2944))
    assert reached.last == BLOCK_IDS - 1
    index_all(store)
    assert blocks(database) == [(0, 1023), (1024, 2047)]
    assert database.writer.run(lambda c: index_sql.add_block(c, "tea", 2048)) is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_words_of_a_deleted_message_are_in_no_file(store, database, tmp_path):
    """SQLite overwrites the block that is made again."""
    say(store, 1, *["x unmentionable"] * 20, *["x"] * 20)
    index_all(store)
    assert "unmentionable" in indexed_words(database)
    for number in range(1, 1281, 64):
        result(store.delete_message("tea", number))
    while result(store.compact()):
        pass
    assert "x" in indexed_words(database)
    assert not [each for each in tmp_path.iterdir() if b"unmentionable" in each.read_bytes()]
