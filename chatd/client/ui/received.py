"""Events and replies of the server made safe to print: a server is not trusted either."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from chatd.core.sanitize import sanitize

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
