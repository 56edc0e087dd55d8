"""How values of each type are written as JSON, and checked as they are read (spec section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from chatd.core.events import Address, LeaveReason, MessageKind, public
from chatd.core.records import AccessKind
from chatd.core.rooms import Role
from chatd.protocol.jsonio import Fields
from chatd.protocol.replies import RoomRef


class Kind(NamedTuple):
    """How a value is written as JSON, and read again; `read` raises ValueError or TypeError."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def time_text(seconds: float) -> str:
    """Return a time (seconds since the epoch) as RFC 3339 in UTC, in whole milliseconds."""
    return _millisecond_text(int(seconds * 1000))


@lru_cache(maxsize=64)  # a busy room has many messages in one millisecond
def _millisecond_text(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read_time(value: Any) -> float:
    seconds = datetime.fromisoformat(_read_str(value)).timestamp()
    datetime.fromtimestamp(seconds, UTC)  # raises for a time that cannot be shown in UTC
    return seconds


def _same(value: Any) -> Any:
    return value


def _exactly(type_: type) -> Callable[[Any], Any]:
    """Return a function that raises TypeError unless its argument has the type: no bool as int."""

    def read(value: Any) -> Any:
        if type(value) is not type_:
            raise TypeError(f"{value!r} is no {type_.__name__}")
        return value

    return read


_read_str = _exactly(str)
_read_int = _exactly(int)
read_list = _exactly(list)
"""Return a list; raise TypeError for anything else."""


def _read_optional_str(value: Any) -> str | None:
    return None if value is None else _read_str(value)


def _read_optional_int(value: Any) -> int | None:
    return None if value is None else _read_int(value)


def _write_optional_time(seconds: float | None) -> str | None:
    return None if seconds is None else time_text(seconds)


def _read_optional_time(value: Any) -> float | None:
    return None if value is None else _read_time(value)


def _read_address(value: Any) -> Address | None:
    if value is None or isinstance(value, str):
        return value
    host, port = value
    return _read_str(host), _read_int(port)


def _write_chatters(chatters: tuple[tuple[str, Address | None], ...]) -> list[Fields]:
    return [{"name": name, "address": address} for name, address in chatters]


def _read_chatters(value: Any) -> tuple[tuple[str, Address | None], ...]:
    return tuple(
        (_read_str(member["name"]), _read_address(member["address"])) for member in read_list(value)
    )


def _read_settings(value: Any) -> dict[str, Any]:
    """Return the settings that are known; raise LookupError if there is none."""
    known = {name: SETTINGS[name].read(item) for name, item in value.items() if name in SETTINGS}
    if not known:
        raise LookupError("no setting is known")
    return known


KINDS: Final[Mapping[Any, Kind]] = MappingProxyType(
    {
        str: Kind(_same, _read_str),
        str | None: Kind(_same, _read_optional_str),
        int: Kind(_same, _read_int),
        int | None: Kind(_same, _read_optional_int),
        bool: Kind(_same, _exactly(bool)),
        float: Kind(time_text, _read_time),
        float | None: Kind(_write_optional_time, _read_optional_time),
        Address | None: Kind(public, _read_address),
        LeaveReason: Kind(str, LeaveReason),
        AccessKind: Kind(str, AccessKind),
        Mapping[str, object]: Kind(_same, _same),
        Mapping[str, str | bool | int | None]: Kind(_same, _read_settings),
        tuple[tuple[str, Address | None], ...]: Kind(_write_chatters, _read_chatters),
        tuple[str, ...]: Kind(
            list, lambda values: tuple(_read_str(value) for value in read_list(values))
        ),
        tuple[RoomRef, ...]: Kind(
            lambda rooms: [room.id for room in rooms],
            lambda ids: tuple(_read_str(room_id) for room_id in read_list(ids)),
        ),
    }
)
"""The kind of each type that an attribute may have, other than objects."""

ACTION: Final = Kind(
    lambda kind: kind is MessageKind.ACTION,
    lambda value: MessageKind.ACTION if KINDS[bool].read(value) else MessageKind.TEXT,
)
"""The kind of a mark of messages that tell what the sender does."""

ROLE: Final = Kind(_same, lambda value: Role(value).value)
"""The kind of the name of a role."""

_SWITCH: Final = KINDS[bool]

SETTINGS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "topic": KINDS[str],
        "private": _SWITCH,
        "invite-only": _SWITCH,
        "unlisted": _SWITCH,
        "moderated": _SWITCH,
        "open-topic": _SWITCH,
        "key": _SWITCH,
        "limit": KINDS[int | None],
    }
)
"""The kind of the value of each setting of a room."""
