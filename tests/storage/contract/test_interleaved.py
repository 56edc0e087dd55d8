"""The contract of `IStore` for messages of several writers, whose ids interleave."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatd.core.records import RoomRecord
from chatd.storage.testing import NO_LIMIT, batch, ids

ROOMS = count(1)


@pytest.fixture
def interleaved(store):
    """Return a store with the messages of two writers, of which neither has a run of ids."""
    store.append([batch(4, 3)], {})
    store.append([batch(1, 3), batch(7, 3)], {})
    return store


def test_interleaved_writers(interleaved):
    """The messages come by their ids."""
    assert ids(interleaved.history("tea", 0, 99, NO_LIMIT)) == list(range(1, 10))
    assert ids(interleaved.history("tea", None, 99, NO_LIMIT)) == list(range(1, 10))


def test_a_part_of_what_interleaved_writers_wrote(interleaved):
    """A read begins after any id and ends after any number of messages."""
    for limit in range(11):
        last = list(range(1, 10))[-limit:] if limit else []
        assert ids(interleaved.history("tea", None, limit, NO_LIMIT)) == last
        for since in range(11):
            expected = list(range(since + 1, 10))[:limit]
            assert ids(interleaved.history("tea", since, limit, NO_LIMIT)) == expected


def test_a_size_of_what_interleaved_writers_wrote(interleaved):
    """The messages that fit are the first ones, or the last ones, by their ids."""
    assert ids(interleaved.history("tea", 0, 99, 1)) == [1]
    assert ids(interleaved.history("tea", None, 99, 1)) == [9]


def test_an_interleaved_write_that_is_repeated(interleaved):
    """Its messages are not added again."""
    interleaved.append([batch(1, 3), batch(7, 3)], {})
    interleaved.append([batch(7, 3)], {})
    interleaved.append([batch(4, 3)], {})
    assert ids(interleaved.history("tea", 0, 99, NO_LIMIT)) == list(range(1, 10))


@st.composite
def writes(draw):
    """Return writes of ascending batches, which have the ids of a room between them."""
    first, batches = draw(st.integers(1, 200)), []
    for _ in range(draw(st.integers(1, 40))):
        batches.append(batch(first, draw(st.integers(1, 20))))
        first = batches[-1].last_id + draw(st.sampled_from([1, 1, 1, 2, 70]))
    writers = draw(st.lists(st.integers(0, 5), min_size=len(batches), max_size=len(batches)))
    of_writers = [
        [each for each, number in zip(batches, writers, strict=True) if number == writer]
        for writer in range(6)
    ]
    return draw(st.permutations([write for write in of_writers if write]))


@given(writes(), st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
def test_any_division_among_writers(store, written, data):
    """A read has the ids in their order, for all orders of writes."""
    room = f"room {next(ROOMS)}"
    store.add_room(RoomRecord(room, room))
    for write in written:
        store.append([each._replace(room=room) for each in write], {})
    stored = sorted(
        number for write in written for each in write for number in range(each.id, each.last_id + 1)
    )
    since = data.draw(st.integers(0, stored[-1] + 1))
    limit = data.draw(st.integers(0, len(stored) + 1))
    after = [number for number in stored if number > since]
    assert ids(store.history(room, since, limit, NO_LIMIT)) == after[:limit]
    assert ids(store.history(room, None, limit, NO_LIMIT)) == stored[-limit:] * bool(limit)
