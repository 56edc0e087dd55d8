"""What the guided talk shows, word for word; every line is safe to print. Pure."""

from __future__ import annotations

from chatd.client.model.state import Whereabouts
from chatd.client.ui.effects import Line
from chatd.client.ui.lines import mention
from chatd.client.ui.render import clock_time
from chatd.core.events import Address, Event, Joined, LeaveReason, Left, Message
from chatd.core.sanitize import sanitize
from chatd.protocol import text
from chatd.protocol.received import Ok, Reply, RoomList

_SERVER_PREFIX = "Server: "


def plain(words: str) -> Line:
    """Return a line of nothing but words."""
    return Line(sanitize(words), stamped=False)


def info(words: str, *, failed: bool = False) -> Line:
    """Return a line that tells of something that has happened, or that something was not done."""
    text = sanitize(f"INFO> {words.removeprefix(_SERVER_PREFIX)}")
    return Line(text, stamped=False, look="info", failed=failed)


def chat_line(said: Message, own_name: str) -> Line:
    """Return the line that shows what somebody says."""
    words = sanitize(said.text.replace("\n", "\n  "))
    name = sanitize(said.sender)
    return Line(
        f"{name}> [{clock_time(said.time, 0.0)}] {words}",
        name=name,
        talk=True,
        mention=mention(words, own_name),
        stamped=False,
    )


def news_lines(event: Event | Reply) -> list[Line]:
    """Return what is shown of something that is neither said nor the answer to a question."""
    match event:
        case Joined():
            place = _place(event.address)
            origin = f" from {place}" if place else ""
            return [info(f"{event.name} joined room [{event.room}]{origin}")]
        case Left() if event.reason is not LeaveReason.KICKED:
            return [info(f"{event.name} left room [{event.room}].")]
        case Ok(command="exit"):
            return []
        case _:
            return [info(text.render(event))]


def room_lines(rooms: RoomList) -> list[Line]:
    """Return the list of the rooms, each with the number of people in it."""
    rows = [plain(f"* {room.id} <{len(room.chatters)}>") for room in rooms.rooms]
    return [plain("<---- CHAT ROOMS ---->"), *rows, plain("")]


def people_lines(rooms: RoomList, where: Whereabouts) -> list[Line]:
    """Return the list of the people in one's room; nothing if one is no longer in it."""
    rows = [row for room in rooms.rooms if room.id == where.current for row in room.chatters]
    if not rows:
        return []
    people = [_person(name, address, where.name) for name, address in rows]
    return [plain("<---- PEOPLE ONLINE ---->"), *people, plain("")]


def _person(name: str, address: Address | None, own_name: str) -> Line:
    words = " ".join(filter(None, ("*", sanitize(name), sanitize(_place(address)))))
    return Line(words, name=sanitize(name), talk=True, stamped=False, own=name == own_name)


def _place(address: Address | None) -> str:
    """Return where somebody is, as it is shown; nothing if that is not told."""
    match address:
        case None:
            return ""
        case str():
            return f"<{address}>"
        case host, port:
            return f"<[{host}]:{port}>" if ":" in host else f"<{host}:{port}>"
