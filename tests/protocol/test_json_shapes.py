"""Shapes: the fields of an object, in both directions."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from chatd.protocol.json_kinds import Kind
from chatd.protocol.json_shapes import Field, Shape, objects


@dataclass(frozen=True)
class Dog:
    """A value with two attributes."""

    name: str
    legs: int | None = None


@dataclass(frozen=True)
class Kennel:
    """A value with others in it, and with further fields."""

    dogs: tuple[Dog, ...]
    rest: Mapping[str, object]


DOG = Shape("dog", Dog, Field("called", "name"), Field("legs", optional=True))
KENNEL = Shape(
    "", Kennel, Field("kind", constant="kennel"), Field("dogs", kind=objects(DOG)), rest="rest"
)


@pytest.mark.parametrize(
    ("shape", "value", "fields"),
    [
        (DOG, Dog("Rex", 4), {"event": "dog", "called": "Rex", "legs": 4}),
        (DOG, Dog("", None), {"event": "dog", "called": ""}),
        (
            KENNEL,
            Kennel((Dog("Rex"),), {"size": 3}),
            {"kind": "kennel", "dogs": [{"event": "dog", "called": "Rex"}], "size": 3},
        ),
    ],
)
def test_both_directions(shape, value, fields):
    """A value is read as it was written; an optional field is left out where it has no value."""
    assert shape.write(value) == fields
    assert shape.read(fields) == value


def test_the_kind_of_a_field():
    """A kind that is told counts, in place of that of the attribute's type."""
    shouted = Kind(str.upper, str.lower)
    shape = Shape("", Dog, Field("name", kind=shouted))
    assert shape.write(Dog("rex")) == {"name": "REX"}
    assert shape.read({"name": "REX"}) == Dog("rex")


@pytest.mark.parametrize(
    ("shape", "fields", "error"),
    [
        (DOG, {"event": "dog"}, LookupError),
        (DOG, {"called": "Rex", "legs": "4"}, TypeError),
        (KENNEL, {"dogs": {}}, TypeError),
        (KENNEL, {"dogs": [{"legs": 4}]}, LookupError),
    ],
)
def test_refused(shape, fields, error):
    """A field that is missing, or has another type, makes the object no value."""
    with pytest.raises(error):
        shape.read(fields)


def test_a_check_takes_part_of_the_fields():
    """Fields that are missing or not declared are passed over, wrong ones are not."""
    DOG.check({"legs": 4, "tail": 1})
    with pytest.raises(TypeError):
        DOG.check({"legs": "4"})
