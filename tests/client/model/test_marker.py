"""The read marker: each message of a room is shown once and in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.client.model.effects import Incoming
from chatd.client.model.marker import _NEXT, MarkerState, ReadMarker
from chatd.core.events import Message

PAGE_LENGTH = 3

TRANSITIONS = {
    MarkerState.LIVE: {MarkerState.AWAY, MarkerState.JOINING},
    MarkerState.JOINING: {MarkerState.LIVE, MarkerState.AWAY},
    MarkerState.AWAY: {MarkerState.FETCHING},
    MarkerState.FETCHING: {
        MarkerState.LIVE,
        MarkerState.AWAY,
        MarkerState.LEAVING,
        MarkerState.DEFERRED,
    },
    MarkerState.LEAVING: {MarkerState.FETCHING},
    MarkerState.DEFERRED: {MarkerState.REFETCHING, MarkerState.AWAY, MarkerState.LIVE},
    MarkerState.REFETCHING: {MarkerState.DEFERRED, MarkerState.AWAY, MarkerState.LIVE},
}


def message(number):
    """Return a message of Bob."""
    return Message("1", number, "Bob", "hi", 0.0)


def marker_in(state):
    """Return a marker that is put into a state."""
    marker = ReadMarker(7)
    marker.state = state
    return marker


@pytest.mark.parametrize("state", MarkerState)
@pytest.mark.parametrize("following", MarkerState)
def test_transitions(state, following):
    """A marker enters the states of its table; every other transition raises."""
    marker = marker_in(state)
    if following in TRANSITIONS[state]:
        marker._enter(following)
        assert marker.state is following
    else:
        with pytest.raises(AssertionError, match="->"):
            marker._enter(following)
        assert marker.state is state


def test_table():
    """The table has every state."""
    assert _NEXT == TRANSITIONS
    assert _NEXT.keys() == set(MarkerState)


@pytest.mark.parametrize(
    ("state", "call"),
    [
        (MarkerState.LIVE, lambda marker: marker.rejoin(9, 7)),
        (MarkerState.LIVE, lambda marker: marker.defer()),
        (MarkerState.AWAY, lambda marker: marker.defer()),
        (MarkerState.AWAY, lambda marker: marker.await_recent(9)),
        (MarkerState.FETCHING, lambda marker: marker.await_recent(9)),
        (MarkerState.AWAY, lambda marker: marker.finish()),
        (MarkerState.FETCHING, lambda marker: marker.rejoin(9, 7)),
        (MarkerState.LEAVING, lambda marker: marker.suspend()),
        (MarkerState.LEAVING, lambda marker: marker.defer()),
        (MarkerState.DEFERRED, lambda marker: marker.defer()),
        (MarkerState.DEFERRED, lambda marker: marker.rejoin(9, 7)),
    ],
)
def test_calls_out_of_order(state, call):
    """A call that does not fit the state raises."""
    with pytest.raises(AssertionError, match="->"):
        call(marker_in(state))


def test_live():
    """A marker that misses nothing shows new messages, and no message twice."""
    marker = ReadMarker(7)
    assert [marker.received(number) for number in (7, 8, 8, 12, 9)] == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert (marker.read, marker.newest, marker.is_buffering) == (12, 12, False)


def test_own_messages_are_read():
    """A message of the user's own counts as read."""
    marker = ReadMarker(7)
    marker.stored(8)
    assert marker.read == 8
    assert not marker.received(8)


def test_example():
    """The example in the module's documentation happens as it says."""
    marker = ReadMarker(7)
    marker.suspend()
    assert marker.state is MarkerState.AWAY
    marker.rejoin(9, 7)
    assert (marker.state, marker.read, marker.head, marker.cursor) == (
        MarkerState.FETCHING,
        7,
        9,
        7,
    )
    assert marker.received(10)
    buffered = Incoming(message(10), 1)
    marker.buffer(buffered)
    assert not marker.received(10)
    assert marker.newest == 10
    page = [message(8), message(9)]
    assert marker.add_history(page) == page
    assert marker.cursor is None
    assert marker.finish()
    assert marker.drain() == [buffered]
    assert (marker.state, marker.read) == (MarkerState.LIVE, 10)


def test_nothing_missed():
    """A room without new messages needs no history."""
    marker = ReadMarker(7)
    marker.suspend()
    marker.rejoin(7, 7)
    assert marker.cursor is None


def test_history_from_an_earlier_id():
    """History is fetched from the id after which a message in doubt may be; shown ones are not."""
    marker = ReadMarker(7)
    marker.suspend()
    marker.rejoin(9, 4)
    assert marker.cursor == 4
    page = [message(number) for number in range(5, 10)]
    assert marker.add_history(page) == page[3:]


def test_unknown_head():
    """Where the newest id is unknown, an empty page is the last one."""
    marker = ReadMarker(7)
    marker.suspend()
    marker.rejoin(None, 7)
    assert marker.add_history([message(8)]) == [message(8)]
    assert marker.cursor == 8
    assert marker.add_history([]) == []
    assert marker.cursor is None


def test_ids_start_again():
    """A newest id below the one read means that the server counts from 1 again."""
    marker = ReadMarker(7)
    marker.suspend()
    marker.rejoin(2, 7)
    assert marker.cursor == 0
    assert marker.add_history([message(1), message(2)]) == [message(1), message(2)]
    assert marker.read == 2


def test_removed():
    """A marker is kept after a removal only while history is to come."""
    assert not ReadMarker(7).remove()
    marker = ReadMarker(7)
    marker.suspend()
    marker.rejoin(9, 7)
    assert marker.remove()
    assert marker.state is MarkerState.LEAVING
    marker.add_history([message(8), message(9)])
    assert not marker.finish()


def test_kept():
    """A user who returns before the history arrives has missed nothing in between."""
    marker = ReadMarker(7)
    marker.suspend()
    marker.rejoin(9, 7)
    marker.remove()
    marker.keep(12)
    assert (marker.state, marker.read) == (MarkerState.FETCHING, 12)


def test_deferred():
    """Without the store, messages are shown live; the history is asked for later."""
    marker = ReadMarker(7)
    marker.suspend()
    marker.rejoin(9, 7)
    assert marker.defer()
    assert not marker.is_buffering
    assert marker.received(10)
    marker.ask_again()
    assert marker.state is MarkerState.REFETCHING
    assert not marker.defer()
    marker.ask_again()
    assert marker.add_history([message(8), message(9), message(10)]) == [message(8), message(9)]


def test_abandoned():
    """A marker whose history is refused needs none."""
    marker = ReadMarker(7)
    marker.suspend()
    marker.rejoin(9, 7)
    marker.abandon()
    assert marker.cursor is None
    assert marker.finish()
    assert marker.drain() == []
    assert marker.read == 9


def test_history_that_nobody_asked_for():
    """A page without a request shows nothing."""
    assert ReadMarker(7).add_history([message(8)]) == []


class RoomReader:
    """A client in one room: it drives a marker as `HistorySync` does, and records what it shows.

    `room` has a message for each id from 1 on: True for one of the user's own.
    """

    def __init__(self):
        self.room = [False, True]
        self.marker = ReadMarker(2)
        self.shown = []
        self.is_connected = True
        self.is_asked = False
        self.store_is_away = False

    def say(self, *, own):
        """Let the user, or another one, say something."""
        if own and not self.is_connected:
            return
        self.room.append(own)
        number = len(self.room)
        if own:
            self.marker.stored(number)
        elif self.is_connected and self.marker.received(number):
            if self.marker.is_buffering:
                self.marker.buffer(Incoming(message(number), 1))
            else:
                self.shown.append(number)

    def lose(self):
        """Lose the connection, once or again."""
        self.is_connected = self.is_asked = False
        self.marker.suspend()

    def rejoin(self, *, knows_last):
        """Join the room again."""
        if not self.is_connected:
            self.is_connected = True
            self.marker.rejoin(len(self.room) if knows_last else None, self.marker.read)
            self._continue()

    def answer(self):
        """Let the server reply to the request for history."""
        if not self.is_asked:
            return
        self.is_asked = False
        if self.store_is_away:
            if self.marker.defer():
                self._drain()
            return
        after = self.marker.cursor
        page = [message(number) for number in range(1, len(self.room) + 1) if number > after]
        added = self.marker.add_history(page[:PAGE_LENGTH])
        self.shown += [each.id for each in added]
        self._continue()

    def retry(self):
        """Ask for the history that was deferred."""
        if self.is_connected and self.marker.state is MarkerState.DEFERRED:
            self.marker.ask_again()
            self.is_asked = True

    def switch_store(self):
        """Let the store become unavailable, or available again."""
        self.store_is_away = not self.store_is_away

    def settle(self):
        """Let everything arrive, with a connection and a store."""
        self.store_is_away = False
        self.rejoin(knows_last=True)
        self.retry()
        while self.is_asked:
            self.answer()

    def _continue(self):
        if self.marker.cursor is not None:
            self.is_asked = True
        else:
            self.marker.finish()
            self._drain()

    def _drain(self):
        self.shown += [incoming.event.id for incoming in self.marker.drain()]


STEPS = st.sampled_from(
    [
        *[lambda reader: reader.say(own=False)] * 6,
        lambda reader: reader.say(own=True),
        RoomReader.lose,
        lambda reader: reader.rejoin(knows_last=True),
        lambda reader: reader.rejoin(knows_last=False),
        *[RoomReader.answer] * 2,
    ]
)
STEPS_WITHOUT_STORE = st.one_of(STEPS, st.sampled_from([RoomReader.switch_store, RoomReader.retry]))


def lists_of(step):
    """Return lists of steps that are long enough for several losses between pages."""
    return st.lists(step, min_size=30, max_size=100)


def play(steps):
    """Return the messages shown after some steps, and those that had to be shown."""
    reader = RoomReader()
    for step in steps:
        step(reader)
    reader.settle()
    assert reader.marker.state is MarkerState.LIVE
    expected = [number for number, own in enumerate(reader.room, 1) if not own and number > 2]
    return reader.shown, expected


@given(lists_of(STEPS))
def test_each_message_once_and_in_order(steps):
    """In any order of losses, joins and pages each message is shown once and in order."""
    shown, expected = play(steps)
    assert shown == expected


@given(lists_of(STEPS_WITHOUT_STORE))
def test_each_message_once_with_a_store_away(steps):
    """Each message is shown once also where the history is deferred: then it may come later."""
    shown, expected = play(steps)
    assert sorted(shown) == expected
