"""The format of messages in a database: many messages in one text, which is fast to make. Pure.

A chunk has the messages of a room from one write whose ids are in the same span of `SPAN` ids. Its
key is the room and the id of its last message. If a write is repeated without its oldest batches,
or without a room, the chunks that it makes have the same keys again.

The text of a chunk has its batches separated by RS, and the fields of a batch separated by US: the
id of the first message, the sender, the time in ticks, and the texts. If the sender was logged in,
":" and the id of the account follow the time; before the time of an action is "*". For example
(with | for US and / for RS), "Ann", a guest, sent two messages, and then "Zoe", the account 7, an
action:

    70|Ann|15057551360|hello|is anybody here?/72|Zoe|*15070134272:7|waves

Names and texts never contain these two characters. Escaping everything, as JSON does, takes ten
times as long.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Final, NamedTuple

from chatd.core.events import Message, MessageBatch
from chatd.core.lookalikes import room_key

SPAN: Final = 64
"""How many ids a span has: reading a few messages takes no more than a few chunks apart."""

US: Final = "\x1f"
RS: Final = "\x1e"
ACTION: Final = "*"

TICKS: Final = 8_388_608
"""Ticks in a second. The float of a time of these years is a whole number of ticks.

An integer is faster to write than a float.
"""

JSON_OVERHEAD: Final = 256
"""How many bytes a message takes as JSON at most, besides its text and its sender."""

_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


class Chunk(NamedTuple):
    """A row of the table; `ends_before` is the second by which the last message was sent.

    `written` is how many bytes the bodies of the room have had, up to the end of this one.
    """

    room: str
    last: int
    ends_before: int
    body: str
    written: int


def pack(batches: Iterable[MessageBatch], written: Mapping[str, int] = _NOTHING) -> list[Chunk]:
    """Return the chunks for `batches`, whose ids ascend in each room.

    `written` has the bytes of the chunks before, by the keys of the rooms.
    """
    by_room: defaultdict[str, list[MessageBatch]] = defaultdict(list)
    for batch in batches:
        by_room[batch.room].append(batch)
    packed = []
    for room, batches_of_room in by_room.items():
        key = room_key(room)
        total = written.get(key, 0)
        for span in _spans(batches_of_room):
            body = _body(span)
            total += len(body) if body.isascii() else len(body.encode())
            newest = span[-1]
            packed.append(Chunk(key, newest.last_id, int(newest.time) + 1, body, total))
    return packed


def unpack(room: str, body: str) -> Iterator[Message]:
    """Yield the messages of a chunk; `room` is the id of its room, `body` its text."""
    for batch in body.split(RS):
        first, sender, time, *texts = batch.split(US)
        ticks, _, account = time.partition(":")
        yield from MessageBatch(
            room,
            int(first),
            sender,
            texts,
            int(ticks.removeprefix(ACTION)) / TICKS,
            int(account) if account else None,
            ticks.startswith(ACTION),
        ).messages()


def take_within(messages: Iterable[Message], size: int) -> list[Message]:
    """Return the first messages that take at most `size` bytes as JSON, but at least one.

    Consumes no more of `messages` than it must.
    """
    taken: list[Message] = []
    for message in messages:
        size -= _encoded_size(message)
        if size < 0 and taken:
            break
        taken.append(message)
    return taken


def _encoded_size(message: Message) -> int:
    encoded = json.dumps([message.text, message.sender], ensure_ascii=False)
    # Less the brackets, the comma and the space between the two.
    return len(encoded.encode()) - 4 + JSON_OVERHEAD


def _spans(batches: list[MessageBatch]) -> Iterable[Sequence[MessageBatch]]:
    """Return the batches of a room, divided into spans."""
    if _span(batches[0]) == _span(batches[-1]):
        return (batches,)
    return [list(span) for _, span in groupby(batches, _span)]


def _span(batch: MessageBatch) -> int:
    return batch.id // SPAN


def _body(batches: Sequence[MessageBatch]) -> str:
    return RS.join(
        [
            f"{first}{US}{sender}{US}{ACTION if action else ''}{int(time * TICKS)}"
            f"{'' if account is None else f':{account}'}{US}{US.join(texts)}"
            for _, first, sender, texts, time, account, action in batches
        ]
    )
