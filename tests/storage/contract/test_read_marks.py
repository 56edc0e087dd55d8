"""The contract of `IStore` for read marks: how far accounts have read rooms."""

import pytest

from chatd.core.records import ReadMark, RoomRecord
from chatd.storage.testing import NOW


@pytest.fixture
def marked(store):
    """Return a store with the rooms `tea` and `cake`, and an account that has read some of both."""
    store.add_room(RoomRecord("cake", "cake"))
    store.ann = store.add_account("Ann", "1", NOW).id
    store.raise_read_marks([ReadMark(store.ann, "TEA", 7), ReadMark(store.ann, "cake", 2**40)])
    return store


def test_read_marks(marked):
    """They are kept, and one that was never set is 0."""
    bob = marked.add_account("Bob", "1", NOW)
    marked.crash()
    marked.open()
    assert marked.read_mark(marked.ann, "tea") == 7
    assert marked.read_mark(marked.ann, "CAKE") == 2**40
    assert marked.read_mark(marked.ann, "unknown") == 0
    assert marked.read_mark(bob.id, "tea") == 0


def test_a_mark_is_never_lowered(marked):
    """The highest one stays, in every order in which they come."""
    marks = [("tea", 9), ("tea", 8), ("cake", 1), ("cake", 2**41), ("tea", 5)]
    marked.raise_read_marks([ReadMark(marked.ann, *mark) for mark in marks])
    assert marked.read_mark(marked.ann, "tea") == 9
    assert marked.read_mark(marked.ann, "cake") == 2**41
    marked.raise_read_marks([])


def test_nobody_has_read_a_room_that_is_not_there(marked):
    """Such a mark is skipped, and the others are set."""
    unknown = ReadMark(marked.ann + 99, "tea", 9)
    marks = [unknown, ReadMark(marked.ann, "unknown", 9), ReadMark(marked.ann, "tea", 9)]
    marked.raise_read_marks(marks)
    assert marked.read_mark(marked.ann, "tea") == 9
    assert marked.read_mark(marked.ann, "unknown") == 0
    assert marked.read_mark(marked.ann + 99, "tea") == 0


def test_marks_end_with_the_room(marked):
    """A room that is started again is not read, and nothing is noted while it is not there."""
    marked.remove_room("tea", 9)
    marked.raise_read_marks([ReadMark(marked.ann, "tea", 8)])
    assert marked.read_mark(marked.ann, "tea") == 0
    marked.add_room(RoomRecord("tea", "tea"))
    assert marked.read_mark(marked.ann, "tea") == 0
    assert marked.read_mark(marked.ann, "cake") == 2**40


def test_marks_end_with_the_account(marked):
    """Those of others stay."""
    bob = marked.add_account("Bob", "1", NOW)
    marked.raise_read_marks([ReadMark(bob.id, "tea", 5)])
    marked.remove_account("Ann")
    marked.raise_read_marks([ReadMark(marked.ann, "tea", 9)])
    assert marked.read_mark(marked.ann, "tea") == 0
    assert marked.read_mark(bob.id, "tea") == 5


def test_marks_of_several_servers(new_server):
    """The highest one stays, whichever server has set it."""
    first, second = new_server(), new_server()
    for server in (first, second):
        server.open("tea", shared=True)
    ann = first.add_account("Ann", "1", NOW).id
    for server, number in ((first, 3), (second, 7), (first, 5)):
        server.raise_read_marks([ReadMark(ann, "tea", number)])
    assert [server.read_mark(ann, "tea") for server in (first, second)] == [7, 7]
