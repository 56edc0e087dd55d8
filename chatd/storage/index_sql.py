"""The SQL that keeps the index of words: the jobs of `SqlSearch`, one transaction each.

Messages get into the index after they are stored, a block at a time, and their words leave it after
they are removed: until then their block is stale. In PostgreSQL several servers may do that at the
same time, so a job locks the row of a room before it reads the messages that it indexes. No
statement here depends on the kind of the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from chatd.storage.chunks import Chunk, end_of_span, start_of_span
from chatd.storage.schema import chunks, rooms, word_blocks, words
from chatd.storage.wordblocks import BLOCK_IDS, BUCKETS, pack_words, texts_of
from chatd.storage.wordprogress import BLOCK_SIZE, Reached

EMPTY_BLOCKS: Final = 64
"""How many stale blocks whose messages are all gone are removed at once."""

# One statement with a parameter for each text: it runs without the GIL, unlike one for each row.
_ADD_WORDS: Final = text(
    "INSERT INTO words (room, last, bucket, entries) VALUES "  # noqa: S608 -- numbers
    + ", ".join(f"(:room, :last, {number}, :entries{number})" for number in range(BUCKETS))
)


def load(connection: Connection) -> dict[str, tuple[Reached, Reached]]:
    """Return how far the rooms with messages are in the index, and in the store, by their keys."""
    of_room = chunks.c.room == rooms.c.key
    last_block = select(func.coalesce(func.max(word_blocks.c.last), 0))
    through = last_block.where(word_blocks.c.room == rooms.c.key).scalar_subquery()
    behind = select(chunks.c.written).where(of_room, chunks.c.last > through)
    newest = select(chunks.c.last).where(of_room).order_by(chunks.c.last.desc()).limit(1)
    found = connection.execute(
        select(
            rooms.c.key,
            through,
            behind.order_by(chunks.c.last).limit(1).scalar_subquery(),
            newest.scalar_subquery(),
            newest.with_only_columns(chunks.c.written).scalar_subquery(),
        )
    )
    return {
        key: (Reached(indexed, size if start is None else start), Reached(last, size))
        for key, indexed, start, last, size in found
        if last is not None
    }


def add_block(connection: Connection, key: str, end: int) -> Reached | None:
    """Add the next block of a room, of messages with ids below `end`, which begins a span.

    Returns how far the room is then, or None if it has no such messages that are not indexed.
    """
    _lock(connection, key)
    is_next = and_(chunks.c.room == key, chunks.c.last > _through(connection, key))
    wanted = select(chunks.c.last, chunks.c.written).where(is_next, chunks.c.last < end)
    rows = connection.execute(wanted.order_by(chunks.c.last).limit(BLOCK_IDS)).all()
    if not rows:
        return None
    first = start_of_span(rows[0].last)
    reached = Reached(end_of_span(first) - 1, rows[0].written)
    for row in rows:
        is_in_span = row.last <= reached.last
        is_in_block = row.last < first + BLOCK_IDS
        if not is_in_span and not (is_in_block and row.written - rows[0].written < BLOCK_SIZE):
            break
        reached = Reached(end_of_span(row.last) - 1, row.written)
    _insert(connection, key, first, reached.last)
    return reached


def add_late(connection: Connection, late: Iterable[Chunk]) -> None:
    """Index those of some new chunks that are below the last block of their room."""
    for chunk in late:
        _lock(connection, chunk.room)
        first, last = start_of_span(chunk.last), end_of_span(chunk.last) - 1
        if _through(connection, chunk.room) < last:
            continue
        overlapping = select(word_blocks).where(_overlap(chunk.room, first, last))
        block = connection.execute(overlapping).first()
        if block is None:
            _insert(connection, chunk.room, first, last)
        else:
            _rebuild(connection, chunk.room, block.first, block.last)


def rebuild(connection: Connection, key: str, message_id: int) -> None:
    """Index the block again that has a message which was changed, if there is one."""
    _lock(connection, key)
    block = connection.execute(
        select(word_blocks).where(_overlap(key, message_id, message_id))
    ).first()
    if block is not None:
        _rebuild(connection, key, block.first, block.last)


def mark_stale(connection: Connection, key: str, removed: Sequence[int]) -> None:
    """Note that chunks were removed, by the ids of their last messages."""
    if removed:
        overlapping = _overlap(key, start_of_span(min(removed)), max(removed))
        connection.execute(update(word_blocks).where(overlapping).values(stale=True))


def renew_stale(connection: Connection) -> bool:
    """Remove the words of removed messages from some blocks; return False if there were none."""
    key = connection.scalar(select(word_blocks.c.room).where(word_blocks.c.stale).limit(1))
    if key is None:
        return False
    _lock(connection, key)
    kept = select(chunks.c.last).where(
        chunks.c.room == key, chunks.c.last.between(word_blocks.c.first, word_blocks.c.last)
    )
    of_room = select(word_blocks.c.first, word_blocks.c.last, kept.exists().label("is_used"))
    of_room = of_room.where(word_blocks.c.room == key, word_blocks.c.stale)
    blocks = connection.execute(of_room.order_by(word_blocks.c.last).limit(EMPTY_BLOCKS)).all()
    empty = [block.last for block in blocks if not block.is_used]
    if empty:
        for table in (words, word_blocks):
            connection.execute(delete(table).where(table.c.room == key, table.c.last.in_(empty)))
    elif blocks:
        _rebuild(connection, key, blocks[0].first, blocks[0].last)
    return True


def _lock(connection: Connection, key: str) -> None:
    """Let no other server change the blocks of a room until the transaction ends."""
    connection.execute(select(rooms.c.key).where(rooms.c.key == key).with_for_update())


def _through(connection: Connection, key: str) -> int:
    """Return the id of the last message that the last block of a room may have."""
    last = select(func.max(word_blocks.c.last)).where(word_blocks.c.room == key)
    through: int = connection.scalar(last) or 0
    return through


def _overlap(key: str, first: int, last: int) -> ColumnElement[bool]:
    of_room = word_blocks.c.room == key
    return and_(of_room, word_blocks.c.last >= first, word_blocks.c.first <= last)


def _insert(connection: Connection, key: str, first: int, last: int) -> None:
    block = {"room": key, "last": last, "first": first, "stale": False}
    connection.execute(insert(word_blocks), block)
    _insert_words(connection, key, first, last)


def _rebuild(connection: Connection, key: str, first: int, last: int) -> None:
    of_block = words.c.room == key, words.c.last == last
    connection.execute(delete(words).where(*of_block))
    is_block = word_blocks.c.room == key, word_blocks.c.last == last
    connection.execute(update(word_blocks).where(*is_block).values(stale=False))
    _insert_words(connection, key, first, last)


def _insert_words(connection: Connection, key: str, first: int, last: int) -> None:
    in_block = chunks.c.room == key, chunks.c.last.between(first, last)
    ids, texts = texts_of(connection.scalars(select(chunks.c.body).where(*in_block)).all())
    entries = pack_words(first, ids, texts)
    parameters = {f"entries{number}": each for number, each in enumerate(entries)}
    connection.execute(_ADD_WORDS, {"room": key, "last": last, **parameters})
