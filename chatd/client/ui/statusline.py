"""The status line below the input: where the user is, and whether the client is connected.

A line that is too wide for the terminal loses what matters least first; the id of the current room
stays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from prompt_toolkit.utils import get_cwidth

from chatd.client.model.unread import Unread
from chatd.core.bidi import isolate

Fragments = list[tuple[str, str]]

STATUS_STYLES: Final = {
    "status": "",
    "status.room": "bold",
    "status.unread": "bold",
    "status.mention": "bold underline",
    "status.offline": "bold",
}

_SEPARATOR: Final = ("class:status", " | ")
_MAX_WORD: Final = 24
_MIN_TOPIC: Final = 12
_NO_ROOM: Final = "no room"


@dataclass(frozen=True, slots=True)
class Status:
    """The content of the line, which is safe to print.

    `room` is the current room, None if the user is in none; `members` is the number of its members,
    None if it is unknown; `flags` are its settings that are turned on; `unread` are the messages in
    other rooms; `connection` says what is wrong with the connection, "" if nothing is.
    """

    server: str
    name: str = ""
    room: str | None = None
    room_name: str = ""
    members: int | None = None
    unread: Sequence[Unread] = ()
    connection: str = ""
    topic: str = ""
    flags: Sequence[str] = ()


def offline(seconds: float | None) -> str:
    """Return the words for no connection; the next attempt is in `seconds`, None if there is none.

    An attempt whose time has come is being made.
    """
    if seconds is None:
        return "offline"
    if seconds <= 0:
        return "offline, connecting"
    return f"offline, trying again in {math.ceil(seconds)} s"


def status_line(status: Status, columns: int) -> Fragments:
    """Return the fragments of the line, of at most `columns` cells.

    The topic takes what the other parts leave.
    """
    for before, after in _variants(status):
        free = columns - _width(_join([*before, *after]))
        if free >= 0:
            return _join([*before, _topic(status.topic, free - _width([_SEPARATOR])), *after])
    return [("class:status.room", _shortened(status.room or _NO_ROOM, columns))]


def _variants(status: Status) -> Iterable[tuple[list[Fragments], list[Fragments]]]:
    """Yield the parts of the line before and after the topic: all, then fewer and shorter ones."""
    server, name = _words(status.server), _words(_shortened(status.name, _MAX_WORD))
    connection: Fragments = (
        [("class:status.offline", status.connection)] if status.connection else []
    )
    room, short = _room(status, named=True), _room(status, named=False)
    unread, total = _unread(status.unread), _total(status.unread)
    yield [server, name, room], [unread, connection]
    yield [server, name, short], [unread, connection]
    yield [name, short], [unread, connection]
    yield [name, short], [total, connection]
    yield [short], [total, connection]
    yield [short], [connection]
    yield [[("class:status.room", isolate(_shortened(status.room or _NO_ROOM, _MAX_WORD)))]], []


def _room(status: Status, *, named: bool) -> Fragments:
    """Return the room with its members; `named`: its name and what is turned on there, too."""
    if status.room is None:
        return _words(_NO_ROOM)
    words: Fragments = [("class:status.room", isolate(_shortened(status.room, _MAX_WORD)))]
    if named and status.room_name not in {"", status.room}:
        name = isolate(_shortened(status.room_name, _MAX_WORD))
        words = [*_words(f"{name}@"), *words]
    if status.members is not None:
        noun = "member" if status.members == 1 else "members"
        words += _words(f" {status.members} {noun}")
    return [*words, *_words("".join(f" {flag}" for flag in status.flags if named))]


def _topic(topic: str, columns: int) -> Fragments:
    """Return the topic, cut if it is too long; nothing if too little of it would be left."""
    words = " ".join(topic.split())
    if columns < min(_MIN_TOPIC, get_cwidth(words)):
        return []
    return _words(isolate(_shortened(words, columns)))


def _unread(counts: Iterable[Unread]) -> Fragments:
    fragments: Fragments = []
    for each in counts:
        fragments += _words(", ") if fragments else []
        room = isolate(_shortened(each.room, _MAX_WORD))
        fragments += [("class:status", f"{room} "), *_numbers(each)]
    return fragments


def _total(counts: Sequence[Unread]) -> Fragments:
    """Return the sum of the counts, in place of the rooms."""
    if not counts:
        return []
    messages = sum(each.messages for each in counts)
    mentions = sum(each.mentions for each in counts)
    return [*_words("unread "), *_numbers(Unread("", messages, mentions))]


def _numbers(unread: Unread) -> Fragments:
    mentions = [("class:status.mention", f"@{unread.mentions}")] if unread.mentions else []
    separator = _words(" ") if mentions else []
    return [("class:status.unread", str(unread.messages)), *separator, *mentions]


def _words(words: str) -> Fragments:
    return [("class:status", words)] if words else []


def _join(parts: Iterable[Fragments]) -> Fragments:
    line: Fragments = []
    for part in filter(None, parts):
        line += [_SEPARATOR, *part] if line else part
    return line


def _width(fragments: Fragments) -> int:
    return sum(get_cwidth(words) for _, words in fragments)


def _shortened(words: str, columns: int) -> str:
    """Return the beginning of `words` in at most `columns` cells, with dots if it is cut."""
    if get_cwidth(words) <= columns:
        return words
    dots = "..."[:columns]
    kept = ""
    for character in words:
        if get_cwidth(kept + character + dots) > columns:
            break
        kept += character
    return kept + dots
