"""The contract of `IStore` for reading the messages before an id."""

import pytest

from chatd.core.records import RoomRecord
from chatd.storage.testing import NO_LIMIT, batch, ids

ALL = range(1, 201)


@pytest.fixture(params=["chunks of many messages", "chunks of one message"])
def messages(store, request):
    """Return a store with the messages of `ALL`."""
    if request.param == "chunks of many messages":
        store.append([batch(1, len(ALL))], {})
    else:
        for number in ALL:
            store.append([batch(number)], {})
    return store


@pytest.mark.parametrize("before", [-1, 0, 1, 2, 64, 65, 66, 128, 190, 200, 201, 9999])
def test_before(messages, before):
    """Only messages with lower ids are there, the last ones or the first after another id."""
    last = list(ALL)[: max(before - 1, 0)]
    assert ids(messages.history("tea", None, NO_LIMIT, NO_LIMIT, before)) == last
    assert ids(messages.history("tea", None, 5, NO_LIMIT, before)) == last[-5:]
    assert ids(messages.history("tea", 60, NO_LIMIT, NO_LIMIT, before)) == last[60:]
    assert ids(messages.history("tea", 60, 5, NO_LIMIT, before)) == last[60:65]


def test_size(messages):
    """The messages that take too many bytes are the oldest, and there is always one."""
    assert ids(messages.history("tea", None, NO_LIMIT, 1, 100)) == [99]
    assert ids(messages.history("tea", 50, NO_LIMIT, 1, 100)) == [51]


def test_interleaved_messages(store):
    """Messages are found by their ids, whichever of the chunks they are in."""
    store.append([batch(1), batch(8), batch(60, 2)], {})
    store.append([batch(2, 4), batch(62, 9)], {})
    store.append([batch(6, 2), batch(9, 51)], {})
    for before in (3, 8, 9, 61, 65, 71):
        found = list(range(1, before))
        assert ids(store.history("tea", None, 9, NO_LIMIT, before)) == found[-9:]
        assert ids(store.history("tea", 1, NO_LIMIT, NO_LIMIT, before)) == found[1:]


def test_what_was_said_before_the_room_was_started_again(messages):
    """It is not found."""
    messages.remove_room("tea", 150)
    messages.add_room(RoomRecord("tea", "tea"))
    messages.append([batch(151, 9)], {})
    assert ids(messages.history("tea", None, 9, NO_LIMIT, 153)) == [151, 152]
    assert ids(messages.history("tea", None, 9, NO_LIMIT, 150)) == []
