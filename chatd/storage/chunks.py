"""The format of messages in a database: many messages in one text, which is fast to make. Pure.

A chunk has the messages of a room from one write whose ids are in the same span of `SPAN` ids; a
batch that goes on in the next span is split. The key of a chunk is the room and the id of its last
message. If a write is repeated without its oldest batches, or without a room, the chunks that it
makes have the same keys again.

Two chunks of the same span may come from different writers, and the ids of the one lie between
those of the other. `in_order` reads the messages by their ids all the same.

The text of a chunk has its batches separated by RS, and the fields of a batch separated by US: the
id of the first message, the sender, the time in ticks, and the texts. If the sender was logged in,
":" and the id of the account follow the time; before the time of an action is "*", before that of
a notice "!". For example
(with | for US and / for RS), "Ann", a guest, sent two messages, and then "Zoe", the account 7, an
action:

    70|Ann|15057551360|hello|is anybody here?/72|Zoe|*15070134272:7|waves

The text of a message that was deleted is DEL. Names and texts never contain these three characters.
Escaping everything, as JSON does, takes ten times as long.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from chatd.core.events import Message, MessageBatch, MessageKind
from chatd.core.lookalikes import room_key

SPAN: Final = 64
"""How many ids a span has: reading a few messages takes no more than a few chunks apart."""

US: Final = "\x1f"
RS: Final = "\x1e"
MARKS: Final = {MessageKind.TEXT: "", MessageKind.ACTION: "*", MessageKind.NOTICE: "!"}
"""The marks before the time, by the kind of the messages."""

_KINDS: Final = {mark: kind for kind, mark in MARKS.items() if mark}
DELETED: Final = "\x7f"

TICKS: Final = 8_388_608
"""Ticks in a second. The float of a time of these years is a whole number of ticks.

An integer is faster to write than a float.
"""

JSON_OVERHEAD: Final = 256
"""How many bytes a message takes as JSON at most, besides its text and its sender."""

_TEXT: Final = MessageKind.TEXT  # for the hot path: in Python 3.11, `MessageKind.TEXT` is a call
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
        unpacked = MessageBatch(
            room,
            int(first),
            sender,
            texts,
            int(ticks[1:] if ticks[0] in _KINDS else ticks) / TICKS,
            int(account) if account else None,
            _KINDS.get(ticks[0], MessageKind.TEXT),
        )
        yield from messages_of(unpacked)


def messages_of(batch: MessageBatch) -> list[Message]:
    """Return the messages of a batch one by one, of which some may be deleted."""
    messages = batch.messages()
    if DELETED not in batch.texts:
        return messages
    return [
        message._replace(text="", is_deleted=True) if message.text == DELETED else message
        for message in messages
    ]


def without_text(body: str, message_id: int) -> str | None:
    """Return the text of a chunk with a message of it deleted; None if that is not in it."""
    batches = body.split(RS)
    for place, batch in enumerate(batches):
        first, sender, time, *texts = batch.split(US)
        if 0 <= message_id - int(first) < len(texts):
            texts[message_id - int(first)] = DELETED
            batches[place] = US.join([first, sender, time, *texts])
            return RS.join(batches)
    return None


def start_of_span(message_id: int) -> int:
    """Return the first id of the span of a message."""
    return message_id - message_id % SPAN


def end_of_span(message_id: int) -> int:
    """Return the first id of the next span after that of a message."""
    return message_id - message_id % SPAN + SPAN


def in_order(
    chunks: Iterable[tuple[int, Iterable[Message]]], after: int, *, newest_first: bool = False
) -> Iterator[Message]:
    """Yield the messages of a room with ids above `after` in the order of their ids.

    Each of `chunks` is the id of its last message, or one that is higher and in the same span, and
    its messages, in any order. The chunks come
    in the order of these ids, or in the reverse one if `newest_first`; those that have messages
    above `after` are all there. No more chunks are consumed than are needed to know the next
    message, which are those of one span at most.
    """
    waiting: list[Message] = []
    step = -1 if newest_first else 1
    adjacent = None if newest_first else after + 1
    for last, messages in chunks:
        waiting += [message for message in messages if message.id > after]
        waiting.sort(key=attrgetter("id"), reverse=not newest_first)  # the next one is the last
        while waiting:
            number = waiting[-1].id
            # The chunks to come have smaller ids than this chunk's last one; or, if they ascend,
            # none from before the span of this chunk.
            is_next = number >= last if newest_first else number < last - last % SPAN
            if not is_next and number != adjacent:
                break
            adjacent = number + step
            yield waiting.pop()
    yield from reversed(waiting)


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
    if batches[0].id // SPAN == batches[-1].last_id // SPAN:
        return (batches,)
    parts = [part for batch in batches for part in _split(batch)]
    return [list(span) for _, span in groupby(parts, lambda batch: batch.id // SPAN)]


def _split(batch: MessageBatch) -> Iterable[MessageBatch]:
    """Return the parts of a batch that are in one span each."""
    if batch.id // SPAN == batch.last_id // SPAN:
        return (batch,)
    first, end = batch.id, batch.last_id + 1
    starts = [first, *range(end_of_span(first), end, SPAN)]
    return [
        batch._replace(id=start, texts=batch.texts[start - first : stop - first])
        for start, stop in zip(starts, [*starts[1:], end], strict=True)
    ]


def _body(batches: Sequence[MessageBatch]) -> str:
    return RS.join(
        [
            f"{first}{US}{sender}{US}{'' if kind is _TEXT else MARKS[kind]}{int(time * TICKS)}"
            f"{'' if account is None else f':{account}'}{US}{US.join(texts)}"
            for _, first, sender, texts, time, account, kind, _, _, _ in batches
        ]
    )
