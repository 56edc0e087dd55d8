"""The folding of joins: which of them are folded, and when text tells of them."""

import pytest
from twisted.internet.task import Clock

from chatd.core.events import Joined, JoinsFolded
from chatd.core.rooms import Room
from chatd.fanout.joinfolding import MAX_LINES, WINDOW_SECONDS, FoldedJoins, JoinFolding


def joined(name, room="1"):
    """Return the join of a user."""
    return Joined(room, name, None, 7.0)


class RecordingFanout:
    """Keeps in `lines` the joins that text reads, as a name or as their number, by their rooms."""

    def __init__(self):
        self.lines = {}
        self.folded = {}

    def append(self, events):
        for room, event in events.items():
            self.lines.setdefault(room.id, []).append(event.name)

    def fold(self, room, event):
        self.folded.setdefault(room.id, []).append(event.name)

    def unfold(self, room):
        count = len(self.folded.pop(room.id, ()))
        if count:
            self.lines.setdefault(room.id, []).append(f"{count} folded")
        return count


class FoldingHarness:
    """A `JoinFolding` with a clock, over a fan-out that records; users are numbered."""

    def __init__(self):
        self.clock = Clock()
        self.fanout = RecordingFanout()
        self.folding = JoinFolding(self.fanout, self.clock)
        self.rooms = {key: Room(key, "tea") for key in "12"}
        self.count = 0

    def join(self, times=1, room="1"):
        """Let so many users join a room."""
        for _ in range(times):
            self.count += 1
            self.folding.add(self.rooms[room], joined(self.count, room))

    def lines(self, room="1"):
        """Return what text has read of the joins to a room since the last call."""
        return self.fanout.lines.pop(room, [])


@pytest.fixture
def harness():
    """Return a harness."""
    return FoldingHarness()


def test_joins_past_the_fifth_are_told_at_the_end_of_the_window(harness):
    """The window begins with its first join, whenever the others come."""
    harness.join()
    harness.clock.advance(0.5)
    harness.join(6)
    harness.clock.advance(0.25)
    harness.join(3)
    assert harness.lines() == [1, 2, 3, 4, 5]
    harness.clock.advance(0.125)
    assert harness.lines() == []
    harness.clock.advance(0.125)
    assert harness.lines() == ["5 folded"]
    assert harness.clock.getDelayedCalls() == []


@pytest.mark.parametrize("pause", [0.21, WINDOW_SECONDS, 60])
def test_joins_that_come_slowly_have_a_line_each(harness, pause):
    """Nothing is folded, and no timer runs."""
    for _ in range(3 * MAX_LINES):
        harness.join()
        assert harness.clock.getDelayedCalls() == []
        harness.clock.advance(pause)
    assert harness.lines() == list(range(1, 3 * MAX_LINES + 1))


def test_a_join_after_the_window_is_in_the_next_one(harness):
    """There are five lines again, also where the timer, which is late, has not ended the window."""
    harness.join(8)
    harness.clock.rightNow += WINDOW_SECONDS
    harness.join(6)
    assert harness.lines() == [1, 2, 3, 4, 5, "3 folded", 9, 10, 11, 12, 13]
    harness.clock.advance(WINDOW_SECONDS)
    assert harness.lines() == ["1 folded"]


@pytest.mark.parametrize("is_late", [False, True])
def test_one_folded_join_has_a_line_that_counts(harness, is_late):
    """It is the first of the five lines of the next window, which begins with it."""
    harness.join(6)
    if is_late:
        harness.clock.rightNow += WINDOW_SECONDS
    else:
        harness.clock.advance(WINDOW_SECONDS)
    harness.join(6)
    assert harness.lines() == [1, 2, 3, 4, 5, "1 folded", 7, 8, 9, 10]
    harness.clock.advance(WINDOW_SECONDS)
    assert harness.lines() == ["2 folded"]


def test_other_events_of_the_room_leave_the_window(harness):
    """They make the fan-out tell of the joins so far; further ones are folded all the same."""
    harness.join(8)
    harness.fanout.unfold(harness.rooms["1"])
    harness.join(2)
    assert harness.lines() == [1, 2, 3, 4, 5, "3 folded"]
    harness.clock.advance(WINDOW_SECONDS)
    assert harness.lines() == ["2 folded"]


def test_rooms_do_not_share_windows(harness):
    """Each has five lines a second."""
    harness.join(6)
    harness.clock.advance(0.5)
    harness.join(7, "2")
    assert (harness.lines(), harness.lines("2")) == ([1, 2, 3, 4, 5], [7, 8, 9, 10, 11])
    harness.clock.advance(0.5)
    assert (harness.lines(), harness.lines("2")) == (["1 folded"], [])
    harness.clock.advance(0.5)
    assert (harness.lines(), harness.lines("2")) == ([], ["2 folded"])


@pytest.mark.parametrize("joins", [0, 1, 8])
def test_a_room_that_is_closed_is_forgotten(harness, joins):
    """No timer runs for it any more."""
    harness.join(joins)
    harness.folding.forget(harness.rooms["1"])
    assert harness.clock.getDelayedCalls() == []


def test_readers_of_folded_joins():
    """A reader is told of those joins that it does not know; the last name is that of the last."""
    folded = FoldedJoins(joined("Ann"))
    assert folded.take_unknown("reader") == (JoinsFolded("1", 1, "Ann", 7.0),)
    assert folded.take_unknown("reader") == ()
    for name in ("Bob", "Cid"):
        folded.add(joined(name))
    assert folded.take_unknown("reader") == (JoinsFolded("1", 2, "Cid", 7.0),)
    assert folded.take_unknown("another") == (JoinsFolded("1", 3, "Cid", 7.0),)
    assert folded.all == JoinsFolded("1", 3, "Cid", 7.0)
    assert folded.known == {"reader": 3, "another": 3}
