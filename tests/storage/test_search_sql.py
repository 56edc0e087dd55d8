"""The jobs of a search: each does little, and they fit together whatever happens in between.

The contract of all stores tests the messages that are found.
"""

from functools import partial

from sqlalchemy import event

from chatd.core.events import MessageBatch
from chatd.storage import search_sql
from chatd.storage.messages_sql import MAX_ID
from chatd.storage.search_sql import BLOCKS, FETCHED_SPANS, READ_CHUNKS, READ_SIZE, Query
from chatd.storage.testing import NOW, ids, result
from chatd.storage.wordblocks import BLOCK_IDS

SPAN = 64


def say(store, first, count, text="tea", apart=1):
    """Store messages one by one, in one write, with ids that are so far apart."""
    messages = [MessageBatch("tea", first + apart * n, "Ann", [text], NOW) for n in range(count)]
    result(store.append(messages, {}))


def index_all(store):
    """Index what can be indexed."""
    while result(store.index()) is not None:
        pass


def step(database, word, before=MAX_ID, limit=10**6, most_blocks=BLOCKS):
    """Do one job of a search."""
    job = partial(
        search_sql.step,
        room_id="tea",
        query=Query([word]),
        before=before,
        limit=limit,
        most_blocks=most_blocks,
    )
    return database.reader.run(job)


def test_chunks_read_at_once(store, database):
    """A job reads a few spans whole, and the next one those before them."""
    say(store, 1, 2 * READ_CHUNKS, apart=SPAN)
    first = step(database, "tea")
    assert len(first.messages) == READ_CHUNKS - 1
    second = step(database, "tea", first.before)
    assert ids(second.messages)[0] == ids(first.messages)[-1] - SPAN


def test_bytes_read_at_once(store, database):
    """A job reads no more spans than have so many bytes, but one at least."""
    say(store, 1, 9, f"tea {'x' * (READ_SIZE // 4)}", apart=SPAN)
    assert len(step(database, "tea").messages) in range(3, 6)
    say(store, 1000, 3, f"tea {'x' * 2 * READ_SIZE}", apart=SPAN)
    assert len(step(database, "tea").messages) == 1


def test_the_last_job(store, database):
    """Behind it there is nothing to read, and nothing in the index."""
    say(store, 1, 70)
    assert step(database, "tea").before is None
    say(store, 71, 5000)
    index_all(store)
    assert step(database, "tea", before=200).before is None


def test_blocks_looked_into_at_once(store, database):
    """A job looks into so many blocks, and the next one into those before them."""
    say(store, 1, 10 * BLOCK_IDS)
    index_all(store)
    behind = step(database, "absent").before
    first = step(database, "absent", behind)
    assert first.before == behind - BLOCKS * BLOCK_IDS
    assert step(database, "absent", behind, most_blocks=99).before is None


def test_messages_fetched_at_once(store, database):
    """A job fetches messages from so many spans, or until there are enough."""
    say(store, 1, 100, apart=SPAN)
    say(store, 6401, 3000, "cake")
    index_all(store)
    found = step(database, "tea", 6401, most_blocks=99)
    assert len(found.messages) == FETCHED_SPANS
    assert ids(step(database, "tea", found.before, most_blocks=99).messages)[0] < found.before
    assert len(step(database, "tea", 6401, limit=5).messages) == 5


def test_a_search_goes_on_after_messages_were_indexed(store, database):
    """Messages that were read are not found again in the index, and none is left out."""
    say(store, 1, 9000)
    found = step(database, "tea", limit=700)
    index_all(store)
    everything = ids(found.messages)
    while found.before is not None:
        found = step(database, "tea", found.before)
        everything += ids(found.messages)
    assert everything == list(range(9000, 0, -1))


def test_words_are_looked_up_as_long_as_blocks_are_left(store, database):
    """After a word that no block has, the others are not looked up."""
    say(store, 1, 5000)
    index_all(store)
    statements = []
    event.listen(
        database.reader.engine,
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )
    query = Query(["absent", "tea", "cake"])
    job = partial(search_sql.step, room_id="tea", query=query, before=900, limit=9, most_blocks=99)
    assert database.reader.run(job) == ([], None)
    assert sum("words.entries" in statement for statement in statements) == 1
