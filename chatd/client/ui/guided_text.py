"""The lines of guided mode, word for word; their texts are sanitized already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from chatd.client.model.effects import (
    Backfill,
    ConnectionStatus,
    Incoming,
    Recent,
    Unconfirmed,
    Update,
)
from chatd.client.model.state import ClientState
from chatd.client.ui.found import found_messages, older_line
from chatd.client.ui.frontend import Line
from chatd.client.ui.guided_input import GUIDED_COMMANDS
from chatd.client.ui.localtime import clock_time, day_and_time
from chatd.client.ui.received import is_shown
from chatd.client.ui.render import MISSED_LOOK, backfill_heading, mention, unconfirmed_text
from chatd.core.bidi import isolate
from chatd.core.events import (
    Address,
    Event,
    Joined,
    LeaveReason,
    Left,
    Message,
    PrivateMessage,
)
from chatd.protocol import text
from chatd.protocol.command import help_text
from chatd.protocol.people_text import and_more
from chatd.protocol.received import History, Ok, Reply, RoomList

_SERVER_PREFIX = "Server: "


def plain(words: str) -> Line:
    """Return a line without a prefix and a time."""
    return Line(words, stamped=False)


def info(words: str, *, failed: bool = False) -> Line:
    """Return a line about an event; `failed`: it says that something was not done."""
    text = f"INFO> {words.removeprefix(_SERVER_PREFIX)}"
    return Line(text, stamped=False, look="info", failed=failed)


MENU: Final = (plain("Press 1 to register"), plain("Press 2 to login"))

_WORDS: Final = (
    plain("LIST => to get list of people online"),
    plain("LEAVE => to leave the chat room"),
    plain("LOGOUT => logout."),
)
WELCOME: Final = (info("Connected to host. Start sending messages."), *_WORDS)
HELP: Final = (
    *_WORDS,
    plain("/secret NAME MESSAGE => to write to one person alone"),
    plain("/history => to read old messages, /help => to get all commands"),
)

NOT_CONNECTED: Final = info(
    "Not connected: nothing was sent. Type it again after `Connected again.`", failed=True
)


def command_help() -> Line:
    """Return the help on all commands that can be typed with a backtick or a slash."""
    return plain(f"\n{help_text(GUIDED_COMMANDS.values())}")


def update_lines(update: Update, state: ClientState, now: float) -> list[Line]:  # noqa: PLR0911 -- a table
    """Return the lines that show an update, other than the reply to an answer of the user.

    Times are local, that of an old message with its day where it is not today.
    """
    match update:
        case Incoming(event=History(messages=messages)) if messages:
            return _history_lines(messages, state.name, now)
        case Incoming(event=Message() as message):
            return [_said(message, state.name, clock_time(message.time, 0.0), look="")]
        case Incoming(event=event):
            return _event_lines(event, state, now) if is_shown(event) else []
        case Backfill(messages=messages):
            lines = _history_lines(messages, state.name, now)
            return [info(backfill_heading(update)), *lines] if update.first else lines
        case Recent(messages=messages):
            return _history_lines(messages, state.name, now) if update.room == state.current else []
        case Unconfirmed():
            return [info(unconfirmed_text(update.text), failed=True)]
        case ConnectionStatus():
            return [info(update.value)]


def _history_lines(messages: Iterable[Message], own_name: str, now: float) -> list[Line]:
    return [
        _said(message, own_name, day_and_time(message.time, now), look=MISSED_LOOK)
        for message in messages
    ]


def _found_lines(reply: Ok, state: ClientState, now: float) -> list[Line]:
    """Return the lines for the messages of a search, each with its id."""
    found = found_messages(reply)
    if not found:
        return [info(text.render(reply))]
    lines = _history_lines(found, state.name, now)
    numbered = [
        replace(line, text=f"#{message.id} {line.text}")
        for message, line in zip(found, lines, strict=True)
    ]
    older = older_line(reply)
    return [*numbered, *([plain(older)] if older else [])]


def _said(message: Message, own_name: str, moment: str, look: str) -> Line:
    said = "(deleted)" if message.is_deleted else isolate(message.text)
    words = said.replace("\n", "\n  ")
    former = " (former)" if message.is_former else ""
    return Line(
        f"{isolate(message.sender)}{former}> [{moment}] {words}",
        name=message.sender,
        talk=True,
        mention=mention(message.text, own_name),
        stamped=False,
        look=look,
    )


def _event_lines(event: Event | Reply, state: ClientState, now: float) -> list[Line]:
    match event:
        case Joined():
            address = _shown(event.address)
            origin = f" from {address}" if address else ""
            return [info(f"{isolate(event.name)} joined room [{isolate(event.room)}]{origin}")]
        case Left(by=None) if event.reason is not LeaveReason.KICKED:
            return [info(f"{isolate(event.name)} left room [{isolate(event.room or '')}].")]
        case PrivateMessage(is_kept=True):
            words = text.render(replace(event, is_kept=False))
            return [info(f"[{day_and_time(event.time, now)}] {words}")]
        case Ok(command="search"):
            return _found_lines(event, state, now)
        case _:
            return [info(text.render(event))]


def room_lines(rooms: RoomList) -> list[Line]:
    """Return the list of the rooms, each with the number of its members."""
    rows = [
        plain(f"* {room_label(room.id, room.name)} <{len(room.chatters) + room.more}>")
        for room in rooms.rooms
    ]
    return [plain("<---- CHAT ROOMS ---->"), *rows, *_more(rooms.more), plain("")]


def room_label(room: str, name: object) -> str:
    """Return the id of a room, and its name if that is known and another one."""
    has_name = isinstance(name, str) and name not in {"", room}
    return f"{isolate(room)} ({isolate(str(name))})" if has_name else isolate(room)


def people_lines(rooms: RoomList, state: ClientState) -> list[Line]:
    """Return the members of the user's room; nothing if the user is no longer in it."""
    room = next((room for room in rooms.rooms if room.id == state.current), None)
    if room is None or not room.chatters:
        return []
    people = [_person(name, address, state.name) for name, address in room.chatters]
    return [plain("<---- PEOPLE ONLINE ---->"), *people, *_more(room.more), plain("")]


def _more(count: int) -> list[Line]:
    """Return the line after a list that leaves out `count`."""
    return [plain(and_more(count).rstrip())] if count else []


def _person(name: str, address: Address | None, own_name: str) -> Line:
    words = " ".join(filter(None, ("*", isolate(name), _shown(address))))
    return Line(words, name=name, talk=True, stamped=False, own=name == own_name)


def _shown(address: Address | None) -> str:
    """Return an address in angle brackets; nothing if the server hides it."""
    match address:
        case None:
            return ""
        case str():
            return f"<{address}>"
        case host, port:
            return f"<[{host}]:{port}>" if ":" in host else f"<{host}:{port}>"
