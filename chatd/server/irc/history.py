"""CHATHISTORY: what was said in a channel before, and what a client reads of that as it joins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Message
from chatd.core.lookalikes import room_key
from chatd.core.rooms import Room
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.line import Line, line
from chatd.protocol.irc.references import (
    MessageNumber,
    Moment,
    first_second,
    parse_moment,
    parse_reference,
    shown_milliseconds,
)
from chatd.protocol.json_kinds import time_text
from chatd.server.irc.settings import MAX_MESSAGES

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_MESSAGES_PER_QUERY: Final = 50
_TARGETS_PER_QUERY: Final = 4
"""How many messages, and channels that are looked at, count as one query more for the rate."""

_MAX_READS: Final = 10
"""How often the store is asked at most: it may have messages that are not shown."""

_NO_END: Final = 2**62
"""An id that no message has."""

_PARAMETERS: Final = {"LATEST": 3, "BEFORE": 3, "AFTER": 3, "AROUND": 3, "BETWEEN": 4, "TARGETS": 3}
"""The subcommands, and how many parameters they have."""

_Reference = MessageNumber | Moment


async def chathistory(session: IrcSession, request: Line) -> None:
    """Send messages of a channel, or the channels in which something was said in a time."""
    command, params = request.params[0].upper(), request.params[1:]
    count = _PARAMETERS.get(command)
    if count is None:
        _fail(session, "INVALID_PARAMS", request.params[0], "Unknown subcommand")
        return
    if len(params) < count:
        _fail(session, "NEED_MORE_PARAMS", command, "Missing parameters")
        return
    limit = _limit(params[count - 1])
    if not limit:
        _fail(session, "INVALID_PARAMS", command, params[count - 1], "Invalid limit")
    elif command == "TARGETS":
        await _targets(session, params[0], params[1], limit)
    else:
        await _messages(session, command, params[0], params[1 : count - 1], limit)


def _limit(text: str) -> int:
    """Return how many messages are asked for, 0 if `text` is no number."""
    is_number = text.isascii() and text.isdigit()
    return min(int(text[:9]), MAX_MESSAGES) if is_number else 0


async def _messages(
    session: IrcSession, command: str, target: str, selectors: Sequence[str], limit: int
) -> None:
    room = session.find_room(target)
    if room is None or room not in session.user.rooms:
        _no_target(session, command, target)
        return
    references = []
    for selector in selectors:
        reference = parse_reference(selector)
        is_elsewhere = isinstance(reference, MessageNumber) and room_key(reference.room) != room.key
        if (reference is None or is_elsewhere) and (command, selector) != ("LATEST", "*"):
            _fail(session, "INVALID_PARAMS", command, selector, "Invalid message reference")
            return
        if reference is not None:
            references.append(reference)
    try:
        found = await _Reader(session, room).find(command, references, limit)
    except ChatError as error:
        _tell(session, error, command, target)
    else:
        session.response.add(history_lines(session, room, found))


class _Reader:
    """Reads the messages of a room for a session; each method raises `ChatError`."""

    def __init__(self, session: IrcSession, room: Room) -> None:
        self._session = session
        self._room = room
        self._service = session.services.messages

    async def find(
        self, command: str, references: Sequence[_Reference], limit: int
    ) -> Sequence[Message]:
        """Return the messages that a subcommand asks for."""
        match command, references:
            case "BEFORE", [end]:
                return await self.last(0, await self._before(end), limit)
            case "AFTER", [start]:
                return await self._first(await self._after(start), _NO_END, limit)
            case "AROUND", [centre]:
                return await self._around(await self._before(centre), limit)
            case "BETWEEN", [one, other]:
                return await self._between(one, other, limit)
            case _, [start]:
                return await self.last(await self._after(start), _NO_END, limit)
            case _:
                return await self.last(0, _NO_END, limit)

    async def _between(self, one: _Reference, other: _Reference, limit: int) -> Sequence[Message]:
        """Return messages between two others, counted from the first that is named."""
        start, end = await self._before(one), await self._before(other)
        if start <= end:
            return await self._first(await self._after(one), end, limit)
        return await self.last(await self._after(other), start, limit)

    async def _around(self, centre: int, limit: int) -> Sequence[Message]:
        """Return the message with the id `centre`, if it is there, with those on both sides."""
        older = await self.last(0, centre, (limit - 1) // 2)
        newer = await self._first(centre - 1, _NO_END, limit - len(older))
        return [*older, *newer]

    async def _before(self, reference: _Reference) -> int:
        """Return the id below which the messages before a reference are."""
        if isinstance(reference, MessageNumber):
            return reference.number
        return await self._id_at(reference.milliseconds)

    async def _after(self, reference: _Reference) -> int:
        """Return the id above which the messages after a reference are."""
        if isinstance(reference, MessageNumber):
            return reference.number
        return await self._id_at(reference.milliseconds + 1) - 1

    async def _id_at(self, milliseconds: int) -> int:
        time = first_second(milliseconds)
        found = await self._service.id_at(self._session, self._room, time)
        return _NO_END if found is None else found

    async def _first(self, after: int, before: int, limit: int) -> Sequence[Message]:
        """Return the first messages with ids above `after` and below `before`."""
        shown: list[Message] = []
        for _ in range(_MAX_READS):
            wanted, end = limit - len(shown), min(before, self._room.last_id + 1)
            if wanted <= 0 or after >= end - 1:
                break
            read = await self._read(after, wanted, end)
            if not read:
                break
            shown += shown_messages(self._session, read)
            after = read[-1].id
        return shown

    async def last(self, after: int, before: int, limit: int) -> Sequence[Message]:
        """Return the last messages with ids above `after` and below `before`."""
        shown: list[Message] = []
        end = min(before, self._room.last_id + 1)
        for _ in range(_MAX_READS):
            wanted = limit - len(shown)
            if wanted <= 0 or after >= end - 1:
                break
            read = [each for each in await self._read(None, wanted, end) if each.id > after]
            if not read:
                break
            shown = [*shown_messages(self._session, read), *shown]
            end = read[0].id
        return shown

    async def _read(self, since: int | None, limit: int, before: int) -> Sequence[Message]:
        read = await self._service.history(self._session, self._room, since, limit, before)
        self._session.extra_cost += len(read) // _MESSAGES_PER_QUERY
        return read


async def _targets(session: IrcSession, start: str, end: str, limit: int) -> None:
    """Send the channels whose newest message is in a time, and when that was."""
    times = [parse_moment(start), parse_moment(end)]
    for time, text in zip(times, (start, end), strict=True):
        if time is None:
            _fail(session, "INVALID_PARAMS", "TARGETS", text, "Invalid timestamp")
            return
    first, last = (time.milliseconds for time in times if time is not None)
    earliest, latest = sorted((first, last))
    session.extra_cost += len(session.user.rooms) // _TARGETS_PER_QUERY
    found: list[tuple[float, Room]] = []
    try:
        for room in list(session.user.rooms):
            # The newest message is not newer than the newest event.
            if room in session.user.rooms and shown_milliseconds(room.last_time) > earliest:
                newest = await _Reader(session, room).last(0, _NO_END, 1)
                found += [(each.time, room) for each in newest]
    except ChatError as error:
        _tell(session, error, "TARGETS", "*")
        return
    found = [each for each in found if earliest < shown_milliseconds(each[0]) < latest]
    found.sort(key=lambda each: each[0])
    counted = found[:limit] if first <= last else found[-limit:]
    lines = [
        ("CHATHISTORY", "TARGETS", names.channel(room.id), time_text(time))
        for time, room in counted
    ]
    is_batch = session.has(caps.BATCH)
    if is_batch:
        session.send_line("", "BATCH", "+targets", "draft/chathistory-targets")
    for each in lines:
        session.send_line("", *each, tags="batch=targets" if is_batch else "")
    if is_batch:
        session.send_line("", "BATCH", "-targets")


# -- joining


def replayed_lines(session: IrcSession, room: Room) -> str:
    """Return the last messages of a room, for a client that has just joined it.

    They are for clients that read when a message was said, but cannot ask for messages themselves.
    """
    if not session.services.replays or session.has(caps.CHATHISTORY):
        return ""
    if not session.has(caps.SERVER_TIME):
        return ""
    messages = shown_messages(session, session.services.messages.recent(room))
    return history_lines(session, room, messages) if messages else ""


# -- both


def shown_messages(session: IrcSession, messages: Sequence[Message]) -> list[Message]:
    """Return those of some messages that are not deleted, nor from users who are ignored."""
    ignored = session.user.ignored
    return [
        each
        for each in messages
        if not each.is_deleted
        and (ignored is None or not ignored.has(each.sender, each.account, each.time))
    ]


def history_lines(session: IrcSession, room: Room, messages: Sequence[Message]) -> str:
    """Return the lines of messages, as a batch if the client understands that."""
    make = session.base_codec.messages.message
    if not session.has(caps.BATCH):
        return "".join(make(each, "") for each in messages)
    name, channel = session.irc.name, names.channel(room.id)
    start = line(name, "BATCH", "+history", "chathistory", channel)
    end = line(name, "BATCH", "-history")
    return "".join((start, *(make(each, "batch=history") for each in messages), end))


def _tell(session: IrcSession, error: ChatError, command: str, target: str) -> None:
    """Tell why there are no messages; other errors are not those of this command."""
    if error.code is ErrorCode.UNAVAILABLE:
        words = "Messages could not be retrieved"
        _fail(session, "MESSAGE_ERROR", command, target, words)
    elif error.code in {ErrorCode.NOT_IN_ROOM, ErrorCode.IN_NO_ROOM}:
        _no_target(session, command, target)
    else:
        raise error


def _no_target(session: IrcSession, command: str, target: str) -> None:
    words = "Messages could not be retrieved"
    _fail(session, "INVALID_TARGET", command, target, words)


def _fail(session: IrcSession, code: str, *params: str) -> None:
    session.fail("CHATHISTORY", code, *params)
