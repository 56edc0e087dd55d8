"""The contract of `IStore` for messages: appending, reading and removing them."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatd.core.events import MessageBatch, MessageKind
from chatd.core.records import RoomRecord, ids_to_reserve
from chatd.storage.chunks import JSON_OVERHEAD
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import NO_LIMIT, NOW, batch, ids, message, one_by_one

WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
TIMES = st.floats(10**9, 4 * 10**9)

# -- appending


def test_messages_come_back_exactly(store):
    """Texts with characters that are special somewhere, and times to the last bit, come back."""
    texts = [
        "😀 é 漢字 \U0010fffd",
        "a\n\tb\n",
        "'\"`\\ %s %(a)s :b ?1 $1 {}",
        " ",
        "\u2028\\u0041",
        "",
    ]
    messages = [
        message(n, text, sender=f"Zoë'{n}", time=NOW + n / 7)
        for n, text in enumerate(texts, start=1)
    ]
    store.append(one_by_one(*messages), {})
    assert store.history("tea", None, 9, NO_LIMIT) == messages


@given(st.lists(st.tuples(WORDS, TIMES), min_size=1, max_size=9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_message_comes_back(store, contents):
    """Any text of valid characters and any time come back."""
    last = store.history("tea", None, 1, NO_LIMIT)
    first = last[0].id + 1 if last else 1
    messages = [message(n, text, time=time) for n, (text, time) in enumerate(contents, first)]
    store.append(one_by_one(*messages), {})
    assert store.history("tea", first - 1, 9, NO_LIMIT) == messages


def test_messages_name_the_account_of_their_sender(store):
    """A message comes back with its sender's account, and with None for a guest."""
    batches = [
        MessageBatch("tea", 1, "Ann", ["by a guest"], NOW),
        MessageBatch("tea", 2, "Ann", ["by an account", "twice"], NOW, 7),
        MessageBatch("tea", 4, "Ann", ["by another"], NOW, 10**12),
    ]
    store.append(batches, {})
    history = store.history("tea", None, 9, NO_LIMIT)
    assert [message.account for message in history] == [None, 7, 7, 10**12]


def test_kinds(store):
    """Actions and notices come back as such, from guests and accounts; texts may begin alike."""
    batches = [
        MessageBatch("tea", 1, "Ann", ["waves", "*bows*"], NOW, None, MessageKind.ACTION),
        MessageBatch("tea", 3, "Ann", ["*waves*"], NOW),
        MessageBatch("tea", 4, "Ann", ["nods"], NOW, 7, MessageKind.NOTICE),
        MessageBatch("tea", 5, "Ann", ["!nods"], NOW, 7),
        MessageBatch("tea", 6, "Ann", ["bows"], NOW, 7, MessageKind.ACTION),
        MessageBatch("tea", 7, "Ann", ["!pong", "pong"], NOW, None, MessageKind.NOTICE),
    ]
    store.append(batches, {})
    history = store.history("tea", None, 9, NO_LIMIT)
    assert history == [message for batch in batches for message in batch.messages()]
    assert [message.kind for message in history] == [
        MessageKind.ACTION,
        MessageKind.ACTION,
        MessageKind.TEXT,
        MessageKind.NOTICE,
        MessageKind.TEXT,
        MessageKind.ACTION,
        MessageKind.NOTICE,
        MessageKind.NOTICE,
    ]


def test_batches_of_several_messages(store):
    """Each message of a batch has an id, and a read may begin or end within a batch."""
    batches = [batch(1, 70), batch(71), batch(72, 60), batch(140, 3)]
    store.append(batches, {})
    messages = [message for batch in batches for message in batch.messages()]
    assert store.history("tea", 0, 999, NO_LIMIT) == messages
    assert store.history("tea", None, 999, NO_LIMIT) == messages
    assert store.history("tea", 30, 5, NO_LIMIT) == messages[30:35]
    assert store.history("tea", None, 5, NO_LIMIT) == messages[-5:]
    assert ids(store.history("tea", 130, 4, NO_LIMIT)) == [131, 140, 141, 142]


@pytest.mark.parametrize("length", [1, 16, 100])
def test_appending_again_changes_nothing(store, length):
    """Batches that are stored are not added again, also without the oldest or without a room."""
    store.add_room(RoomRecord("cake", "cake"))
    rooms = ("tea", "cake")
    before = [batch(n, length, room) for n in range(7, 300, length) for room in rooms]
    batches = [batch(n, length, room) for n in range(400, 900, length) for room in rooms]
    store.append(before, {"tea": 20_000})
    store.append(batches, {"tea": 20_000})
    stored = [store.history(room, 0, 9999, NO_LIMIT) for room in rooms]
    for oldest in range(len(batches)):
        store.append(batches[oldest:], {"tea": 20_000})
    for room in rooms:
        store.append([batch for batch in batches if batch.room == room], {})
        store.append([batch for batch in batches[5:] if batch.room == room], {})
    assert [store.history(room, 0, 9999, NO_LIMIT) for room in rooms] == stored
    store.append([batch(1000, length)], {})
    assert len(store.history("tea", 0, 9999, NO_LIMIT)) == len(stored[0]) + length


def test_appending_less_the_oldest_batches(store):
    """The batches that are left of a write that failed are added."""
    batches = [batch(n, 16) for n in range(1, 200, 16)]
    store.append(batches[3:], {})
    assert ids(store.history("tea", 0, 999, NO_LIMIT)) == list(range(49, 209))


def test_rooms_have_their_own_ids(store):
    """A write may be for several rooms, named in any case; messages have the room's spelling."""
    store.add_room(RoomRecord("Cake", "cake"))
    messages = (message(1, room="TEA"), message(1, room="cake"), message(2, room="tea"))
    store.append(one_by_one(*messages), {})
    assert store.history("CAKE", None, 9, NO_LIMIT) == [message(1, room="Cake")]
    assert store.history("Tea", None, 9, NO_LIMIT) == [message(1), message(2)]


def test_appending_nothing(store):
    """A write without a message adds none."""
    store.append([], {})
    assert store.history("tea", None, 9, NO_LIMIT) == []


def test_all_or_none(store):
    """If ids cannot be reserved, no message is stored."""
    if isinstance(store.store, MemoryStore):
        pytest.skip("nothing fails in memory")
    with pytest.raises(Exception, match=r"(?i)too large|out of range"):
        store.append([batch(1)], {"tea": 10**30})
    assert store.history("tea", None, 9, NO_LIMIT) == []
    store.crash()
    assert store.open().rooms[0].last_id == ids_to_reserve(0)


# -- reading


def test_the_last_messages(store):
    """Without `since` the last messages are returned, oldest first."""
    store.append([batch(n) for n in range(1, 351)], {})
    assert ids(store.history("tea", None, 3, NO_LIMIT)) == [348, 349, 350]
    assert ids(store.history("tea", None, 300, NO_LIMIT)) == list(range(51, 351))
    assert ids(store.history("tea", None, 999, NO_LIMIT)) == list(range(1, 351))


def test_the_messages_since(store):
    """With `since` the first messages after it are returned."""
    store.append([batch(n) for n in range(1, 351)], {})
    assert ids(store.history("tea", 40, 3, NO_LIMIT)) == [41, 42, 43]
    assert ids(store.history("tea", 40, 300, NO_LIMIT)) == list(range(41, 341))
    assert ids(store.history("tea", 0, 999, NO_LIMIT)) == list(range(1, 351))
    assert store.history("tea", 350, 9, NO_LIMIT) == []
    assert store.history("tea", 999, 9, NO_LIMIT) == []


def test_the_size_is_that_of_the_json(store):
    """The size counts bytes of UTF-8 and escaped characters, and is used up exactly."""
    text = 'é"\n😀' * 10
    store.append(one_by_one(*(message(n, text, sender="Zoë") for n in range(1, 10))), {})
    encoded = json.dumps(text, ensure_ascii=False) + json.dumps("Zoë", ensure_ascii=False)
    size = len(encoded.encode()) + JSON_OVERHEAD
    for since, three, two in ((None, [7, 8, 9], [8, 9]), (0, [1, 2, 3], [1, 2])):
        assert ids(store.history("tea", since, 9, 3 * size)) == three
        assert ids(store.history("tea", since, 9, 3 * size - 1)) == two


def test_at_least_one_message(store):
    """A message longer than the size is returned alone, unless the limit is 0 messages."""
    store.append([batch(1, 3)], {})
    assert ids(store.history("tea", None, 9, 1)) == [3]
    assert ids(store.history("tea", 1, 9, 0)) == [2]
    assert store.history("tea", None, 0, NO_LIMIT) == []


def test_an_unknown_room(store):
    """A room that does not exist has no messages."""
    assert store.history("cake", None, 9, NO_LIMIT) == []
    assert store.history("cake", 0, 9, NO_LIMIT) == []


# -- removing


def prune(store, before):
    """Remove all messages from before a time; return how many there were."""
    messages = 0
    while (removed := store.prune(before)) is not None:
        messages += removed
    return messages


def test_prune(store):
    """The messages from before a time are removed in all rooms, in a few calls, and no others."""
    store.add_room(RoomRecord("cake", "cake"))
    rooms = ("tea", "cake")
    old = [batch(n, 1, room, NOW - 2) for n in range(1, 99_999, 64) for room in rooms]
    store.append(old, {})
    store.append([batch(100_000, 99)], {})
    assert prune(store, NOW) == len(old)
    assert ids(store.history("tea", 0, 999, NO_LIMIT)) == list(range(100_000, 100_099))
    assert store.history("cake", 0, 999, NO_LIMIT) == []


def test_prune_counts_messages(store):
    """The messages that are removed are counted, without those of a room that was closed."""
    store.add_room(RoomRecord("cake", "cake"))
    store.append([batch(1, 3), batch(4, 2), batch(1, 5, "cake")], {})
    store.remove_room("cake", 5)
    store.append([batch(6, 7)], {})
    assert prune(store, NOW + 1) == 12


def test_prune_after_the_clock_went_back(store):
    """An old message is removed even if it comes after a newer one."""
    for each in (message(1), message(2, time=NOW - 9), message(3)):
        store.append(one_by_one(each), {})
    assert prune(store, NOW - 1) == 1
    assert prune(store, NOW - 1) == 0
    assert ids(store.history("tea", None, 9, NO_LIMIT)) == [1, 3]


def test_prune_removes_nothing_else(store):
    """Messages from exactly that time, rooms and last ids stay."""
    store.append([batch(n) for n in range(1, 4)], {})
    assert prune(store, NOW) == 0
    assert prune(store, NOW + 1) == 3
    assert store.history("tea", None, 9, NO_LIMIT) == []
    store.close(tea=3)
    assert store.open().rooms[0].last_id == 3


# -- the size of the history


def stored(store, room="tea"):
    """Return the ids of the stored messages of a room."""
    return ids(store.history(room, 0, NO_LIMIT, NO_LIMIT))


def trim(store, size, room="tea"):
    """Trim a room until there is nothing more to remove; return how many messages went."""
    total = 0
    while count := store.trim(room, size):
        total += count
    return total


def long_message(number, text="x" * 1000, room="tea"):
    """Return a message that has a chunk of its own."""
    return MessageBatch(room, number, "Ann", [text], NOW)


def test_trimming_removes_the_oldest_messages(store):
    """The rest takes no more bytes than asked for; other rooms keep theirs."""
    store.add_room(RoomRecord("cake", "cake"))
    store.append([long_message(n) for n in range(1, 2000, 64)], {})
    store.append([long_message(n, room="cake") for n in range(1, 2000, 64)], {})
    before = stored(store)
    assert trim(store, 10_500) == len(before) - 10
    assert stored(store) == before[-10:]
    assert stored(store, "cake") == before
    assert trim(store, 10_500) == 0


def test_trimming_counts_bytes(store):
    """A character outside ASCII counts as many bytes as it takes in UTF-8."""
    store.append([long_message(n, "\U0001f600" * 1000) for n in range(1, 640, 64)], {})
    assert trim(store, 12_500) == 7


def test_trimming_goes_on_after_a_restart(store):
    """The bytes of messages from before the start count, too."""
    store.append([long_message(n) for n in range(1, 640, 64)], {})
    store.crash()
    store.open()
    store.append([long_message(n) for n in range(641, 1280, 64)], {})
    assert trim(store, 5_500) == 15
    assert trim(store, 5_500) == 0


def test_trimming_keeps_the_newest_messages(store):
    """The messages that were written last stay, however long they are."""
    assert trim(store, 10) == 0
    store.append([long_message(1), long_message(65)], {})
    assert trim(store, 10) == 1
    assert trim(store, 10) == 0
    assert stored(store) == [65]


def test_trimming_counts_messages(store):
    """All messages of a batch are counted."""
    store.append([batch(1, 5), batch(6, 2), batch(64)], {})
    assert trim(store, 1) == 7


# -- the size of the store


def test_the_size_of_the_store(store):
    """A store on a disk grows with its messages, and a compaction comes to an end."""
    before = store.size()
    store.append([long_message(n, "x" * 100_000) for n in range(1, 640, 64)], {})
    after = store.size()
    assert (before, after) == (None, None) or before + 1_000 < after
    while store.compact():
        pass


def test_room_usage(store):
    """The usage of a room is that of its messages: their bytes, and the second of the newest."""
    assert store.room_usage() == {}
    store.append(one_by_one(message(1, "x" * 1000)), {})
    first = store.room_usage()["tea"]
    assert 1000 <= first.size < 1100
    assert first.last_time == int(NOW)
    store.append(one_by_one(*(message(n, "é" * 500) for n in range(200, 210))), {})
    assert 11_000 <= store.room_usage()["tea"].size < 12_000


def test_room_usage_leaves_out_what_is_removed(store):
    """Messages that were trimmed do not count, and a room that was removed has no usage."""
    for n in range(1, 31):
        store.append(one_by_one(message(100 * n, "x" * 1000)), {})
    before = store.room_usage()["tea"].size
    removed = trim(store, 10_500)
    assert before - 1100 * removed < store.room_usage()["tea"].size <= before - 1000 * removed
    store.remove_room("tea", 3000)
    assert store.room_usage() == {}
