"""Events and replies of the server: which are shown, made safe to print, as it is not trusted."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final, TypeVar

from chatd.core.events import Event
from chatd.core.room_events import ReadUpTo
from chatd.core.sanitize import sanitize
from chatd.protocol.received import Ok, Reply
from chatd.protocol.room_text import TOLD_ACTS

_UNSAID: Final = frozenset({"format", "exit", *TOLD_ACTS})
"""The commands whose replies are for the program, or say what an event says as well."""

_Value = TypeVar("_Value")


def sanitized(value: _Value) -> _Value:
    """Return `value`, an event or a reply, with all its texts sanitized."""
    return _sanitized(value)  # type: ignore[no-any-return]


def _sanitized(value: Any) -> Any:  # noqa: PLR0911 -- a table
    match value:
        case Enum():
            return value
        case str():
            return sanitize(value)
        case dict():
            return {_sanitized(key): _sanitized(each) for key, each in value.items()}
        case tuple() if hasattr(value, "_make"):
            return type(value)._make(map(_sanitized, value))
        case list() | tuple():
            return type(value)(map(_sanitized, value))
        case _ if is_dataclass(value) and not isinstance(value, type):
            changes = {each.name: _sanitized(getattr(value, each.name)) for each in fields(value)}
            return replace(value, **changes)
        case _:
            return value


def is_shown(event: Event | Reply) -> bool:
    """Tell whether the user reads an event or a reply: most have words of their own."""
    match event:
        case ReadUpTo():
            return False
        case Ok(command=command, data=data):
            return command not in _UNSAID and data.get("changed") is not True
        case _:
            return True
