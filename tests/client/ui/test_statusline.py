"""The status line: its words, and what is left of them on a narrow terminal."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from chatd.client.model.unread import Unread
from chatd.client.ui.statusline import Status, offline, status_line

IN_TEA = Status("localhost:9999", "Ann", "tea", "Tea house", 5, (Unread("food", 3, 1),))


def words(status, columns=80):
    """Return the text of the line."""
    return "".join(text for _, text in status_line(status, columns))


def test_in_a_room():
    """The line names server, user, current room, its members and the unread messages elsewhere."""
    assert words(IN_TEA) == "localhost:9999 | Ann | Tea house@tea 5 members | food 3 @1"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status("localhost:9999"), "localhost:9999 | no room"),
        (Status("localhost:9999", "Ann", "tea", "tea", 1), "localhost:9999 | Ann | tea 1 member"),
        (Status("h:1", "Ann", "tea", connection="offline"), "h:1 | Ann | tea | offline"),
        (
            Status("h:1", "Ann", "tea", unread=(Unread("a", 2), Unread("b", 1))),
            "h:1 | Ann | tea | a 2, b 1",
        ),
    ],
)
def test_less_to_show(status, expected):
    """The line leaves out all that is not known, or is nothing."""
    assert words(status) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (58, "localhost:9999 | Ann | Tea house@tea 5 members | food 3 @1"),
        (57, "localhost:9999 | Ann | tea 5 members | food 3 @1"),
        (47, "Ann | tea 5 members | food 3 @1"),
        (29, "tea 5 members | unread 3 @1"),
        (20, "tea 5 members"),
        (12, "tea"),
        (2, ".."),
    ],
)
def test_narrow(columns, expected):
    """On a narrow terminal the current room stays longest."""
    assert words(IN_TEA, columns) == expected


TOPIC = replace(IN_TEA, topic="green tea or\nblack tea?", flags=("private", "moderated"))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (102, " 5 members private moderated | green tea or black tea? | food 3 @1"),
        (100, " 5 members private moderated | green tea or black... | food 3 @1"),
        (91, " 5 members private moderated | green tea... | food 3 @1"),
        (90, " 5 members private moderated | food 3 @1"),
    ],
)
def test_topic(columns, expected):
    """The topic is cut to the width of the terminal, and left out before anything else."""
    assert words(TOPIC, columns) == "localhost:9999 | Ann | Tea house@tea" + expected


def test_short_topic():
    """A topic of one short word needs little room."""
    assert words(replace(IN_TEA, topic="tea"), 64).endswith("members | tea | food 3 @1")


def test_many_unread_rooms():
    """Where the rooms do not fit, the sum of their messages is shown."""
    unread = tuple(Unread(f"room{number}", 2, number % 2) for number in range(10))
    status = Status("localhost:9999", "Ann", "tea", "Tea house", 5, unread)
    assert words(status) == "Ann | tea 5 members | unread 20 @5"


def test_long_names():
    """A long name is cut, with its marks for the direction of writing around the rest."""
    shown = words(Status("h:1", "Ann", "\u05d0" * 30))
    assert shown == "h:1 | Ann | \u2068" + "\u05d0" * 21 + "...\u2069"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "offline"),
        (3.2, "offline, trying again in 4 s"),
        (0.1, "offline, trying again in 1 s"),
        (0.0, "offline, connecting"),
        (-5.0, "offline, connecting"),
    ],
)
def test_offline(seconds, expected):
    """The words count down to the next attempt."""
    assert offline(seconds) == expected


TEXT = st.text(st.characters(categories=["L", "N", "P", "So", "Mn"]), max_size=40)


@given(TEXT, TEXT, TEXT, st.lists(st.builds(Unread, TEXT, st.integers(1, 99))), st.integers(0, 90))
def test_fits(name, room, room_name, unread, columns):
    """The line fits, whatever the names and the topic are."""
    status = Status("localhost:9999", name, room, room_name, 3, unread, "offline", name + room)
    fragments = status_line(status, columns)
    assert sum(get_cwidth(text) for _, text in fragments) <= columns
