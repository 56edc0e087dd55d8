"""Unread messages, against a list of all messages."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.client.model.unread import MAX_UNREAD, Unread, UnreadCounts


def test_counted():
    """Messages are counted by room, mentions apart, until the room is the current one."""
    unread = UnreadCounts()
    unread.add("tea", 1, mentions=False)
    unread.add("food", 1, mentions=True)
    unread.add("tea", 2, mentions=True)
    assert unread.counts == (Unread("tea", 2, 1), Unread("food", 1, 1))
    unread.read("tea")
    unread.read(None)
    assert unread.counts == (Unread("food", 1, 1),)


def test_left_rooms():
    """The messages of a room that the user has left are not counted any more."""
    unread = UnreadCounts()
    unread.add("tea", 1, mentions=False)
    unread.add("food", 1, mentions=False)
    unread.keep(["food"])
    assert unread.counts == (Unread("food", 1),)


def test_read_elsewhere():
    """The messages up to one are read, also if older ones were counted later."""
    unread = UnreadCounts()
    unread.add("tea", 7, mentions=True)
    unread.add_all("tea", range(3, 6))
    unread.add_all("food", range(0))
    assert unread.counts == (Unread("tea", 4, 1),)
    unread.read_up_to("tea", 4)
    unread.read_up_to("food", 4)
    assert unread.counts == (Unread("tea", 2, 1),)
    unread.read_up_to("tea", 7)
    assert unread.counts == ()


def test_bounded():
    """No more than the limit is counted, the newest."""
    unread = UnreadCounts()
    unread.add_all("tea", range(1, 10**12))
    unread.add("tea", 10**12, mentions=True)
    assert unread.counts == (Unread("tea", MAX_UNREAD, 1),)
    unread.read_up_to("tea", 10**12 - 1)
    assert unread.counts == (Unread("tea", 1, 1),)


ROOMS = st.sampled_from(["tea", "food", "work"])
IDS = st.integers(1, 9)


@given(
    st.lists(
        st.one_of(
            ROOMS, st.tuples(ROOMS, st.booleans(), IDS), st.tuples(ROOMS, IDS), st.sets(ROOMS)
        )
    )
)
def test_like_a_list(steps):
    """The counts are those of the messages that are left in a plain list."""
    unread, messages = UnreadCounts(), []
    for step in steps:
        match step:
            case str():
                unread.read(step)
                messages = [each for each in messages if each[0] != step]
            case (room, is_mention, number):
                unread.add(room, number, mentions=is_mention)
                messages.append((room, is_mention, number))
            case (room, number):
                unread.read_up_to(room, number)
                messages = [each for each in messages if each[0] != room or each[2] > number]
            case _:
                unread.keep(step)
                messages = [each for each in messages if each[0] in step]
    expected = {}
    for room, is_mention, _ in messages:
        count, mentions = expected.get(room, (0, 0))
        expected[room] = count + 1, mentions + is_mention
    counted = {each.room: (each.messages, each.mentions) for each in unread.counts}
    assert counted == expected
