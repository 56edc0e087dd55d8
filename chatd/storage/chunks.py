"""How messages lie in a database: many in a row, as a text that takes next to no time to make. Pure.

A chunk has what was said in a room in one batch, as far as the ids of its bursts are in one span of
`SPAN`; it is known by its room and the id of its last message. So a batch that is given again without its oldest
bursts, or without a room, makes chunks with the same names again. The text of a chunk are its
bursts with RS between them, and in each, with US between them, the id of the first message, the sender, the
time in ticks, and the texts. Neither character can be in what people say or in their names. To escape
everything, as JSON has to, takes ten times as long.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from chatd.core.events import Message, MessageBatch
from chatd.core.names import room_key

SPAN: Final = 64
"""How many ids make a span: who wants a few messages is not to take many apart."""

US: Final = "\x1f"
RS: Final = "\x1e"

TICKS: Final = 8_388_608
"""Ticks in a second. A time of today, a float, is a whole number of them, which is written faster."""


class Chunk(NamedTuple):
    """A row of the table: `said_before` is the second by which the last message was said."""

    room: str
    last: int
    said_before: int
    body: str


def pack(bursts: Iterable[MessageBatch]) -> list[Chunk]:
    """Return the chunks that bursts make, whose ids rise in each room."""
    rooms: defaultdict[str, list[MessageBatch]] = defaultdict(list)
    for burst in bursts:
        rooms[burst.room].append(burst)
    return [
        _chunk(key, part)
        for room, its in rooms.items()
        for key in (room_key(room),)
        for part in _parts(its)
    ]


def unpack(room: str, body: str) -> Iterator[Message]:
    """Return the messages in the text of a chunk of a room."""
    for run in body.split(RS):
        first, sender, time, *texts = run.split(US)
        ticks, _, account = time.partition(":")
        yield from MessageBatch(
            room, int(first), sender, texts, int(ticks) / TICKS, int(account) if account else None
        ).messages()


def _parts(bursts: list[MessageBatch]) -> Iterable[Sequence[MessageBatch]]:
    """Return the bursts of a room, span by span."""
    if _span(bursts[0]) == _span(bursts[-1]):
        return (bursts,)
    return [list(part) for _, part in groupby(bursts, _span)]


def _span(burst: MessageBatch) -> int:
    return burst.id // SPAN


def _chunk(key: str, bursts: Sequence[MessageBatch]) -> Chunk:
    runs = [
        f"{first}{US}{sender}{US}{int(time * TICKS)}"
        f"{'' if account is None else f':{account}'}{US}{US.join(texts)}"
        for _, first, sender, texts, time, account in bursts
    ]
    newest = bursts[-1]
    return Chunk(key, newest.last, int(newest.time) + 1, RS.join(runs))
