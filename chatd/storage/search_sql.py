"""The SQL that finds messages by their words: the jobs of a search, newest messages first.

A search is a row of short jobs, because unpacking messages holds the GIL: each goes some way back
and says how far. The messages behind the index are read, older ones are looked up in it. A job
depends on no other: messages may be stored, indexed or removed between two. No statement here
depends on the kind of the database.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, select

from chatd.core.events import Message
from chatd.core.lookalikes import room_key
from chatd.core.searchwords import Matcher, index_words
from chatd.storage.chunks import RS, SPAN, US, end_of_span, start_of_span, unpack
from chatd.storage.schema import chunks, rooms, word_blocks, words
from chatd.storage.wordblocks import bucket, characters_of, id_of

READ_CHUNKS: Final = 8 * SPAN
READ_SIZE: Final = 64 * 1024
"""How many chunks and bytes are read at once behind the index; a span is read whole."""

FETCHED_SPANS: Final = 32
"""From how many spans messages that the index has found are read at once."""

BLOCKS: Final = 4
MAX_BLOCKS: Final = 256
"""In how many blocks the first job looks for words, and a later one at most."""

FEW_BLOCKS: Final = 16
"""How many blocks are named in a statement; for more of them the database takes all in between."""

# The statements are made once: that takes as long as the database takes for some of them.
_through: Final = select(func.max(word_blocks.c.last)).where(word_blocks.c.room == bindparam("key"))
_ROOM: Final = select(
    rooms.c.id, rooms.c.deleted_through, _through.scalar_subquery().label("through")
).where(rooms.c.key == bindparam("key"), rooms.c.active)
_is_in_range: Final = and_(
    chunks.c.room == bindparam("key"),
    chunks.c.last > bindparam("after"),
    chunks.c.last < bindparam("end"),
)
_SIZES: Final = (
    select(chunks.c.last, chunks.c.written)
    .where(_is_in_range)
    .order_by(chunks.c.last.desc())
    .limit(READ_CHUNKS)
)
_BODIES: Final = (
    select(chunks.c.last, chunks.c.body).where(_is_in_range).order_by(chunks.c.last.desc())
)
_BLOCKS: Final = (
    select(word_blocks.c.last, word_blocks.c.first)
    .where(
        word_blocks.c.room == bindparam("key"),
        word_blocks.c.last > bindparam("after"),
        word_blocks.c.first < bindparam("before"),
    )
    .order_by(word_blocks.c.last.desc())
    .limit(bindparam("most"))
)
_entries: Final = select(words.c.last, words.c.entries).where(
    words.c.room == bindparam("key"),
    words.c.bucket == bindparam("bucket"),
    words.c.entries.like(bindparam("pattern")),
)
_ENTRIES_OF_FEW: Final = _entries.where(words.c.last.in_(bindparam("blocks", expanding=True)))
_ENTRIES_OF_RANGE: Final = _entries.where(
    words.c.last.in_(
        select(word_blocks.c.last).where(
            word_blocks.c.room == bindparam("key"),
            word_blocks.c.last.between(bindparam("lowest"), bindparam("highest")),
        )
    )
)


class Query:
    """The words of a search."""

    def __init__(self, wanted: Sequence[str]) -> None:
        self.matcher = Matcher(wanted)
        # Long words are rare, and leave few blocks for the others.
        self.looked_up = sorted(index_words(wanted), key=len, reverse=True)


class Found(NamedTuple):
    """Messages that were found, the newest first.

    All others that match have ids below `before`; there is none if that is None.
    """

    messages: list[Message]
    before: int | None


class _Range(NamedTuple):
    """The messages of a room with ids above `after` and below `before`."""

    key: str
    room_id: str
    after: int
    before: int

    @property
    def parameters(self) -> dict[str, str | int]:
        """The parameters of a statement for the chunks that may have these messages."""
        return {"key": self.key, "after": self.after, "end": end_of_span(self.before - 1)}


def step(
    connection: Connection, room_id: str, query: Query, before: int, limit: int, most_blocks: int
) -> Found:
    """Find some of the messages of a room that match and have ids below `before`.

    There may be more than `limit`, at which the search ends; as many blocks are looked into at
    most.
    """
    key = room_key(room_id)
    room = connection.execute(_ROOM, {"key": key}).first()
    if room is None:
        return Found([], None)
    oldest = room.deleted_through
    indexed = max(room.through or 0, oldest)
    if before <= indexed + 1:
        within = _Range(key, room.id, oldest, before)
        return _look_up(connection, within, query, limit, most_blocks)
    found = _read(connection, _Range(key, room.id, indexed, before), query.matcher, limit)
    return found._replace(before=None) if found.before == oldest + 1 else found


def _read(connection: Connection, within: _Range, matcher: Matcher, limit: int) -> Found:
    """Find messages by reading the newest spans of the range."""
    rows = connection.execute(_SIZES, within.parameters).all()
    spans = [list(span) for _, span in groupby(rows, lambda row: start_of_span(row.last))]
    if len(rows) == READ_CHUNKS:
        spans.pop()  # it may have more chunks, but the others have all of theirs
    sizes = [rows[0].written - span[-1].written for span in spans]
    taken = max(1, sum(size < READ_SIZE for size in sizes))
    if taken < len(spans) or len(rows) == READ_CHUNKS:
        after = max(start_of_span(spans[taken - 1][0].last) - 1, within.after)
        within = within._replace(after=after)
    return _matching(connection, within, matcher, limit)


def _look_up(
    connection: Connection, within: _Range, query: Query, limit: int, most_blocks: int
) -> Found:
    """Find messages by the newest blocks of the range."""
    where = {"key": within.key, "after": within.after, "before": within.before}
    rows = connection.execute(_BLOCKS, {**where, "most": most_blocks}).all()
    firsts = {row.last: row.first for row in rows}
    ids = _ids_in_blocks(connection, within.key, firsts, query.looked_up)
    spans = {start_of_span(each) for each in ids if within.after < each < within.before}
    messages: list[Message] = []
    for number, first in enumerate(sorted(spans, reverse=True), 1):
        after, end = max(within.after, first - 1), min(within.before, end_of_span(first))
        span = within._replace(after=after, before=end)
        messages += _matching(connection, span, query.matcher, limit).messages
        if number == FETCHED_SPANS or len(messages) >= limit:
            return Found(messages, first)
    return Found(messages, rows[-1].first if len(rows) == most_blocks else None)


def _ids_in_blocks(
    connection: Connection, key: str, firsts: Mapping[int, int], looked_up: Sequence[str]
) -> list[int]:
    """Return the ids of messages that have all words, from blocks given by last and first id."""
    left: dict[int, set[str] | None] = dict.fromkeys(firsts)
    for word in looked_up:
        if not left:
            break
        found: dict[int, set[str] | None] = {}
        for last, entries in _entries_of(connection, key, left, word).items():
            characters, before = characters_of(entries, word), left[last]
            if before is not None:
                characters &= before
            if characters:
                found[last] = characters
        left = found
    return [
        id_of(firsts[last], character)
        for last, characters in left.items()
        for character in characters or ()
    ]


def _entries_of(
    connection: Connection, key: str, blocks: Collection[int], word: str
) -> dict[int, str]:
    """Return the texts of those of the blocks that have a word, by their last ids."""
    # No character of a word has a meaning in a pattern.
    where = {"key": key, "bucket": bucket(word), "pattern": f"%\n{word}\t%"}
    if len(blocks) <= FEW_BLOCKS:
        rows = connection.execute(_ENTRIES_OF_FEW, {**where, "blocks": list(blocks)})
    else:
        span = {"lowest": min(blocks), "highest": max(blocks)}
        rows = connection.execute(_ENTRIES_OF_RANGE, {**where, **span})
    return {last: entries for last, entries in rows.all() if last in blocks}


def _matching(connection: Connection, within: _Range, matcher: Matcher, limit: int) -> Found:
    """Find messages of a range by reading them, until there are `limit`."""
    rows = connection.execute(_BODIES, within.parameters).all()
    found: list[Message] = []
    for first, of_span in groupby(rows, lambda row: start_of_span(row.last)):
        messages = [
            said
            for _, body in of_span
            # Making messages takes the most time.
            if matcher.may_match_any(body.replace(RS, US).split(US), body)
            for said in unpack(within.room_id, body)
            if within.after < said.id < within.before and matcher.matches(said.text)
        ]
        found += sorted(messages, key=attrgetter("id"), reverse=True)
        if len(found) >= limit:
            return Found(found, max(first, within.after + 1))
    return Found(found, within.after + 1)
