"""The contract of `IStore` for the deletion of single messages."""

import pytest

from chatd.core.events import MessageBatch, MessageKind
from chatd.core.records import RoomRecord
from chatd.storage.testing import NO_LIMIT, NOW, batch, message, one_by_one

ALL = [
    MessageBatch("tea", 60, "Zoë", ["psst", "two\n\tlines", ""], NOW),
    MessageBatch("tea", 63, "Bob", ["x", "y", "z"], NOW + 1, 12),
    MessageBatch("tea", 66, "Zoë", ["waves"], NOW + 2, None, MessageKind.ACTION),
]
MESSAGES = [said for each in ALL for said in each.messages()]


def deleted(said):
    """Return a message without its text."""
    return said._replace(text="", is_deleted=True)


def history(store, since=0, room="tea"):
    """Return all messages of a room after an id."""
    return store.history(room, since, NO_LIMIT, NO_LIMIT)


@pytest.mark.parametrize("numbers", [[60], [61], [62], [63], [64], [65, 63], [66], range(60, 67)])
def test_deletion(store, numbers):
    """The text is gone and all else stays, in both directions and after a restart."""
    store.append(ALL, {})
    for number in numbers:
        assert store.delete_message("TEA", number) is True
    expected = [deleted(said) if said.id in numbers else said for said in MESSAGES]
    assert history(store) == expected
    store.crash()
    store.open()
    assert history(store, None) == expected
    assert history(store, 63) == expected[4:]


def test_a_message_that_was_deleted_before(store):
    """It counts as deleted: a call may be repeated."""
    store.append(ALL, {})
    for _ in range(2):
        assert store.delete_message("tea", 61) is True
    assert history(store) == [MESSAGES[0], deleted(MESSAGES[1]), *MESSAGES[2:]]


def test_there_is_no_such_message(store):
    """The id is none of the room's, or of no room; nothing changes."""
    store.append(ALL, {})
    for room, number in (("tea", 59), ("tea", 67), ("tea", 0), ("tea", -1), ("cake", 60)):
        assert store.delete_message(room, number) is False
    assert history(store) == MESSAGES


def test_messages_whose_ids_interleave(store):
    """The message is found in each of the chunks of a span."""
    store.append(one_by_one(message(1, "a"), message(4, "d"), message(9, "i")), {})
    store.append(one_by_one(message(2, "b"), message(3, "c")), {})
    store.append(one_by_one(message(6, "f")), {})
    assert [store.delete_message("tea", number) for number in (2, 4, 5, 6)] == [
        True,
        True,
        False,
        True,
    ]
    assert [said.text for said in history(store)] == ["a", "", "c", "", "", "i"]


@pytest.mark.parametrize("dropped", [0, 1])
def test_a_repeated_write_does_not_bring_the_text_back(store, dropped):
    """A write that is repeated, less its oldest batch, adds nothing."""
    store.append(ALL, {})
    for number in (60, 64, 66):
        store.delete_message("tea", number)
    expected = history(store)
    store.append(ALL[dropped:], {"tea": 9999})
    assert history(store) == expected


def test_a_message_from_before_the_room_was_started_again(store):
    """No reader could read it, so it is not there."""
    store.append([batch(1, 3)], {})
    store.remove_room("tea", 3)
    assert store.delete_message("tea", 2) is False
    store.add_room(RoomRecord("tea", "tea"))
    store.append([batch(4)], {})
    assert store.delete_message("tea", 2) is False
    assert store.delete_message("tea", 4) is True


def test_a_message_that_was_removed(store):
    """It is not there any more, and deleted messages are removed as others are."""
    store.append([batch(1, 3, time=NOW), batch(64, 3, time=NOW + 9)], {})
    store.delete_message("tea", 2)
    store.delete_message("tea", 65)
    assert store.prune(NOW + 5) == 3
    assert store.delete_message("tea", 1) is False
    assert [said.id for said in history(store)] == [64, 65, 66]


def test_the_usage_of_a_room_with_deleted_messages(store):
    """It is that of the room less what was deleted, or more: it never falls below zero."""
    store.append([MessageBatch("tea", 1, "Ann", ["x" * 1000], NOW)], {})
    before = store.room_usage()["tea"].size
    store.delete_message("tea", 1)
    assert 0 < store.room_usage()["tea"].size <= before
    store.append([MessageBatch("tea", 64, "Ann", ["x" * 1000], NOW)], {})
    store.delete_message("tea", 64)
    assert 0 < store.room_usage()["tea"].size <= 2 * before


def test_a_text_that_looks_like_a_deleted_one(store):
    """An empty text is one, and is not taken for a deleted one."""
    store.append([MessageBatch("tea", 1, "Ann", ["", "(deleted)"], NOW)], {})
    assert not any(said.is_deleted for said in history(store))


def test_servers_that_share_a_store(new_server):
    """A server deletes messages that another one has appended, and both read the result."""
    first, second = new_server(), new_server()
    for server in (first, second):
        server.open("tea", shared=True)
    first.take_over()
    first.append([batch(1, 3)], {}, 10)
    assert second.delete_message("tea", 2) is True
    assert first.delete_message("tea", 3) is True
    first.append([batch(4)], {}, 11)
    for server in (first, second):
        assert [said.text for said in history(server)] == ["1", "", "", "4"]
