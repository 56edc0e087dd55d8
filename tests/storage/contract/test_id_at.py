"""The contract of `IStore` for finding a message by its time."""

from itertools import accumulate, count
from math import inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatd.core.records import RoomRecord
from chatd.storage.testing import NO_LIMIT, NOW, batch
from tests.storage.contract.test_interleaved import writes

STEP = 2**-22
"""The smallest step of the time of these years, which every store has exactly."""

SPAN = 64
ROOMS = count(1)


def at(store, *times, room="tea"):
    """Return the ids that are found at some times after `NOW`."""
    return [store.id_at(room, NOW + time) for time in times]


def test_a_room_without_messages(store):
    """Nothing is found, nor in a room that does not exist."""
    assert at(store, -inf, 0, inf) == [None] * 3
    assert store.id_at("cake", 0.0) is None


def test_each_message_in_a_write_of_its_own(store):
    """The first one is found before its time, none after that of the last."""
    for number in (1, 2, 3):
        store.append([batch(number, time=NOW + 10 * number)], {})
    assert at(store, -inf, 0, 10 - STEP, 10) == [1] * 4
    assert at(store, 10 + STEP, 15, 20) == [2] * 3
    assert at(store, 20 + STEP, 30) == [3] * 2
    assert at(store, 30 + STEP, 31, 1e9, inf) == [None] * 4


def test_the_case_of_the_room_does_not_matter(store):
    """As elsewhere."""
    store.append([batch(1)], {})
    assert at(store, 0, room="TEA") == [1]


def test_messages_that_were_written_together(store):
    """Each is found, also within a second; of those of the same time it is the first."""
    batches = [batch(1, 2), batch(3, time=NOW + STEP), batch(4, 3, time=NOW + 2 * STEP)]
    store.append([*batches, batch(7, time=NOW + 60)], {})
    assert at(store, -STEP, 0, STEP, 2 * STEP) == [1, 1, 3, 4]
    assert at(store, 3 * STEP, 1, 60, 60 + STEP) == [7, 7, 7, None]


def test_a_whole_second(store):
    """A message at its start is found by it, and one just before is not."""
    second = int(NOW) + 1
    store.append([batch(1, time=second - STEP)], {})
    store.append([batch(2, time=float(second))], {})
    store.append([batch(3, time=second + STEP)], {})
    times = (second - STEP, second, second + STEP, second + 2 * STEP)
    assert [store.id_at("tea", time) for time in times] == [1, 2, 3, None]


def test_many_writes_in_one_second(store):
    """The right one is found by the exact time of its messages."""
    for number in range(50):
        store.append([batch(1 + number * SPAN, SPAN, time=NOW + number * STEP)], {})
    for number in (0, 1, 24, 25, 48, 49):
        assert at(store, number * STEP) == [1 + number * SPAN]
    assert at(store, 50 * STEP) == [None]


def test_a_write_in_many_spans(store):
    """The first message of a time is found, which need not be the first of a span."""
    store.append([batch(1, 200), batch(201, 200, time=NOW + 1)], {})
    assert at(store, 0, STEP, 1, 1 + STEP) == [1, 201, 201, None]


def test_a_gap_between_ids(store):
    """After a crash the ids go on far behind the last one."""
    store.append([batch(1)], {})
    store.append([batch(16_385, time=NOW + 1)], {})
    store.append([batch(10**12, time=NOW + 2)], {})
    assert at(store, 0, 1, 2, 3) == [1, 16_385, 10**12, None]


def test_removed_messages(store):
    """They are not found, but the first one that is left."""
    for number in range(5):
        store.append([batch(1 + number * SPAN, time=NOW + 10 * number)], {})
    while store.prune(NOW + 25) is not None:
        pass
    assert at(store, -inf, 0, 10, 30, 31) == [193, 193, 193, 193, 257]
    while store.prune(NOW + 100) is not None:
        pass
    assert at(store, -inf, 40) == [None, None]


def test_a_deleted_message(store):
    """It is found: it keeps its time."""
    store.append([batch(1), batch(2, time=NOW + 1), batch(3, time=NOW + 2)], {})
    store.delete_message("tea", 2)
    assert at(store, 1) == [2]


def test_a_room_that_is_started_again(store):
    """Its former messages are not found, also if they were later, and none while it is closed."""
    store.append([batch(1, 3, time=NOW + 100)], {})
    store.remove_room("tea", 3)
    assert at(store, 0) == [None]
    store.append([batch(3, time=NOW + 100)], {})
    store.add_room(RoomRecord("tea", "tea"))
    assert at(store, 0) == [None]
    store.append([batch(4)], {})
    assert at(store, -1, 0, 1) == [4, 4, None]


def test_another_room(store):
    """Messages of other rooms do not count."""
    store.add_room(RoomRecord("cake", "cake"))
    store.append([batch(1, room="cake"), batch(1, 9, time=NOW + 5)], {})
    assert (at(store, 1), at(store, 1, room="cake")) == ([1], [None])


@pytest.mark.parametrize(
    "divided", [((4, 5, 6), (1, 2, 3, 7, 8, 9)), ((1, 9), (2, 8), (3, 7), (4, 5, 6))]
)
def test_interleaved_writers(store, divided):
    """The ids of one write lie between those of another one, in the same span."""
    for numbers in divided:
        store.append([batch(number, time=NOW + number * STEP) for number in numbers], {})
    expected = [*range(1, 10), None]
    assert at(store, *(number * STEP for number in range(1, 11))) == expected


@given(writes(), st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
def test_any_messages(store, written, data):
    """The message found is that of a plain list, for all times, writes and removals."""
    room = f"room {next(ROOMS)}"
    store.add_room(RoomRecord(room, room))
    firsts = sorted(each.id for write in written for each in write)
    steps = st.sampled_from([0, 0, STEP, 2 * STEP, 0.25, 1.0, 3600.0])
    gaps = data.draw(st.lists(steps, min_size=len(firsts), max_size=len(firsts)))
    times = dict(zip(firsts, accumulate(gaps, initial=NOW), strict=False))
    for write in written:
        store.append([each._replace(room=room, time=times[each.id]) for each in write], {})
    known = sorted(set(times.values()))
    if data.draw(st.booleans()):
        store.prune(data.draw(st.sampled_from(known)))
    messages = store.history(room, 0, NO_LIMIT, NO_LIMIT)
    for _ in range(5):
        wanted = data.draw(st.sampled_from(known)) + data.draw(st.sampled_from([-STEP, 0, STEP]))
        expected = next((each.id for each in messages if each.time >= wanted), None)
        assert store.id_at(room, wanted) == expected
