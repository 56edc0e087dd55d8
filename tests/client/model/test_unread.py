"""Unread messages, against a list of all messages."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.client.model.unread import Unread, UnreadCounts


def test_counted():
    """Messages are counted by room, mentions apart, until the room is the current one."""
    unread = UnreadCounts()
    unread.add("tea", mentions=False)
    unread.add("food", mentions=True)
    unread.add("tea", mentions=True)
    assert unread.counts == (Unread("tea", 2, 1), Unread("food", 1, 1))
    unread.read("tea")
    unread.read(None)
    assert unread.counts == (Unread("food", 1, 1),)


def test_left_rooms():
    """The messages of a room that the user has left are not counted any more."""
    unread = UnreadCounts()
    unread.add("tea", mentions=False)
    unread.add("food", mentions=False)
    unread.keep(["food"])
    assert unread.counts == (Unread("food", 1),)


ROOMS = st.sampled_from(["tea", "food", "work"])


@given(st.lists(st.one_of(ROOMS, st.tuples(ROOMS, st.booleans()), st.lists(ROOMS))))
def test_like_a_list(steps):
    """The counts are those of the messages that are left in a plain list."""
    unread, messages = UnreadCounts(), []
    for step in steps:
        match step:
            case str():
                unread.read(step)
                messages = [each for each in messages if each[0] != step]
            case (room, bool(is_mention)):
                unread.add(room, mentions=is_mention)
                messages.append((room, is_mention))
            case _:
                unread.keep(step)
                messages = [each for each in messages if each[0] in step]
    rooms = dict.fromkeys(room for room, _ in messages)
    counted = ([mention for each, mention in messages if each == room] for room in rooms)
    assert [(each.room, each.messages, each.mentions) for each in unread.counts] == [
        (room, len(mentions), sum(mentions)) for room, mentions in zip(rooms, counted, strict=True)
    ]
