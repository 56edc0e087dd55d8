"""Shapes: which fields the object for a class has, declared once for both directions.

A `Shape` pairs the fields of an object with the attributes of a dataclass; the type of an attribute
tells how its value is written and how it is checked when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, get_type_hints

from chatd.protocol.json_kinds import KINDS, Kind, read_list
from chatd.protocol.jsonio import Fields

_ABSENT: Final[tuple[object, ...]] = (None, False, [])
"""The values of an optional field that are left out; an empty tag, for example, is sent."""


class Field(NamedTuple):
    """A field of an object: its name, and the attribute that has the value.

    An `optional` field is left out where it has no value. A `constant` has no attribute. The `kind`
    of the value is that of the attribute's type, unless it is told.
    """

    name: str
    attribute: str = ""
    optional: bool = False
    constant: str | bool | None = None
    kind: Kind | None = None


class Shape:
    """An object for the class `kind`; `rest` is the attribute with all fields not declared.

    The fields of `rest` are written as they are, and read by the kind of the attribute's type.
    """

    def __init__(self, event: str, kind: type, *fields: Field, rest: str = "") -> None:
        hints = get_type_hints(kind)
        self.event = event
        self.kind = kind
        self._rest = rest
        self._read_rest = KINDS[hints[rest]].read if rest else None
        self._constants = {f.name: f.constant for f in fields if f.constant is not None}
        self._fields = [
            (f.name, attribute, f.optional, f.kind or KINDS[hints[attribute]])
            for f in fields
            if f.constant is None
            for attribute in (f.attribute or f.name,)
        ]
        self._declared = {"event", *(f.name for f in fields)}

    def write(self, value: object) -> Fields:
        """Return the fields for `value`."""
        fields: Fields = {"event": self.event} if self.event else {}
        fields |= self._constants
        for name, attribute, optional, kind in self._fields:
            item = kind.write(getattr(value, attribute))
            if not (optional and item in _ABSENT):
                fields[name] = item
        if self._rest:
            fields |= getattr(value, self._rest)
        return fields

    def read(self, fields: Mapping[str, Any]) -> Any:
        """Return the value; raise LookupError, ValueError or TypeError if a field is not right."""
        values = {
            attribute: kind.read(fields[name])
            for name, attribute, optional, kind in self._fields
            if name in fields or not optional
        }
        if self._read_rest is not None:
            rest = {name: item for name, item in fields.items() if name not in self._declared}
            values[self._rest] = self._read_rest(rest)
        return self.kind(**values)

    def check(self, fields: Mapping[str, Any]) -> None:
        """Raise ValueError or TypeError if a declared field is there and is not right."""
        for name, _, _, kind in self._fields:
            if name in fields:
                kind.read(fields[name])


def objects(shape: Shape) -> Kind:
    """Return the kind of a tuple of values that are objects of one shape."""
    return Kind(
        lambda values: [shape.write(value) for value in values],
        lambda values: tuple(shape.read(value) for value in read_list(values)),
    )


# -- fields of several objects

ROOM: Final = Field("room")
NAME: Final = Field("name")
TIME: Final = Field("time")
MORE: Final = Field("more", optional=True)
SELF: Final = Field("self", "is_self", optional=True)
