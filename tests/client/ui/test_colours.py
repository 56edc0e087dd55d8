"""The colours of names."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.client.ui.colours import COLOURS, NameColours

NAMES = [f"name {number}" for number in range(100)]


def test_preferred_colour():
    """A name has the same colour everywhere, in any case; the server has styles of its own."""
    assert NameColours().style("Alice") == NameColours().style("ALICE")
    assert NameColours().style("Server") == "class:server"
    assert len({NameColours().style(name) for name in NAMES}) == len(COLOURS)


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=len(COLOURS), unique=True))
def test_users_of_a_room_differ(names):
    """As long as there are enough colours, no two users of a room have the same, and all stay."""
    colours = NameColours()
    styles = [colours.style(name, [names]) for name in names]
    assert len(set(styles)) == len(names)
    assert [colours.style(name, [names]) for name in names] == styles


def test_colours_of_users_who_left_are_free():
    """A colour is given again once its user is gone."""
    colours = NameColours()
    for name in NAMES[: len(COLOURS)]:
        colours.style(name, [NAMES[: len(COLOURS)]])
    assert colours.style("another", [["another"]]) == NameColours().style("another")


def test_rooms_share_colours():
    """Users of a room differ also if the users of all rooms are more than the colours."""
    rooms = [NAMES[at : at + len(COLOURS)] for at in (0, len(COLOURS))]
    colours = NameColours()
    for names in rooms:
        assert len({colours.style(name, rooms) for name in names}) == len(COLOURS)
