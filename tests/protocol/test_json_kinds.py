"""How values are written as JSON, and which values are read."""

from collections.abc import Mapping

import pytest

from chatd.core.events import Address
from chatd.core.records import AccessKind
from chatd.core.rooms import Role
from chatd.protocol.json_kinds import KINDS, ROLE, SETTINGS, time_text

CHANGE = Mapping[str, str | bool | int | None]


def test_a_time_in_milliseconds():
    """A time is cut to whole milliseconds, and read as it was written."""
    assert time_text(1795186276.0429) == "2026-11-20T14:51:16.042Z"
    assert KINDS[float].read("2026-11-20T14:51:16.042Z") == 1795186276.042


@pytest.mark.parametrize(
    ("type_", "value", "written"),
    [
        (str, "hi", "hi"),
        (str | None, None, None),
        (int | None, 5, 5),
        (bool, True, True),
        (float | None, 7.5, "1970-01-01T00:00:07.500Z"),
        (float | None, None, None),
        (Address | None, "unix", "unix"),
        (AccessKind, AccessKind.MUTE, "mute"),
        (tuple[str, ...], ("a", "b"), ["a", "b"]),
        (CHANGE, {"private": True}, {"private": True}),
    ],
)
def test_values(type_, value, written):
    """A value is read as it was written."""
    kind = KINDS[type_]
    assert kind.write(value) == written
    assert kind.read(written) == value


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (str, None),
        (int, True),
        (int | None, "5"),
        (bool, 1),
        (float | None, 7.5),
        (AccessKind, "blessing"),
        (tuple[str, ...], "ab"),
        (tuple[str, ...], [1]),
        (CHANGE, {}),
        (CHANGE, {"colour": "red"}),
        (CHANGE, {"topic": None}),
        (CHANGE, {"key": "fish"}),
        (CHANGE, {"limit": True}),
    ],
)
def test_refused(type_, value):
    """A value of another type, or of no known name, is refused."""
    with pytest.raises((LookupError, TypeError, ValueError)):
        KINDS[type_].read(value)


def test_settings_that_are_not_known_are_left_out():
    """A later server may have more settings."""
    assert KINDS[CHANGE].read({"limit": 5, "colour": "red"}) == {"limit": 5}
    assert SETTINGS.keys() >= {"topic", "private", "limit"}


def test_roles():
    """A role is read by its name, and no other word is."""
    assert [ROLE.read(role.value) for role in Role] == [role.value for role in Role]
    for word in ("king", None, ["operator"]):
        with pytest.raises(ValueError, match="is not a valid Role"):
            ROLE.read(word)
