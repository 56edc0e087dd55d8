"""What every store does with messages, from keeping to removing them: `IStore`, line by line."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storage.contract.messages import ALL, NOW, burst, bursts, ids, said, talk

from chatd.core.events import MessageBatch
from chatd.core.records import RoomRecord, ids_to_reserve
from chatd.storage.bounds import MESSAGE_FRAME
from chatd.storage.memory import HISTORY_LENGTH, MemoryStore

# -- messages


def test_what_was_said_comes_back_exactly(opened):
    """Whatever the text, and to the last bit of the time."""
    texts = [
        "😀 é 漢字 \U0010fffd",
        "a\n\tb\n",
        "'\"`\\ %s %(a)s :b ?1 $1 {}",
        " ",
        "\u2028\\u0041",
        "",
    ]
    kept = [
        said(n, text, sender=f"Zoë'{n}", time=NOW + n / 7) for n, text in enumerate(texts, start=1)
    ]
    opened.keep(bursts(*kept), {})
    assert opened.history("tea", None, 9, ALL) == kept


words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
times = st.floats(10**9, 4 * 10**9)


@given(st.lists(st.tuples(words, times), min_size=1, max_size=9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_message_comes_back(opened, base_codec):
    """Texts and times of any kind."""
    last = opened.history("tea", None, 1, ALL)
    first = last[0].id + 1 if last else 1
    kept = [said(n, text, time=time) for n, (text, time) in enumerate(base_codec, start=first)]
    opened.keep(bursts(*kept), {})
    assert opened.history("tea", first - 1, 9, ALL) == kept


def test_messages_name_the_account_of_their_sender(opened):
    """A message comes back with its sender's account, and with None for a guest."""
    batches = [
        MessageBatch("tea", 1, "Ann", ["by a guest"], NOW),
        MessageBatch("tea", 2, "Ann", ["by an account", "twice"], NOW, 7),
        MessageBatch("tea", 4, "Ann", ["by another"], NOW, 10**12),
    ]
    opened.keep(batches, {})
    history = opened.history("tea", None, 9, ALL)
    assert [message.account for message in history] == [None, 7, 7, 10**12]


def test_bursts(opened):
    """Each of their messages is one, whose id is its own; some of one can be read."""
    batch = [burst(1, 70), burst(71, 1), burst(72, 60), burst(140, 3)]
    opened.keep(batch, {})
    kept = [said for each in batch for said in each.messages()]
    assert opened.history("tea", 0, 999, ALL) == opened.history("tea", None, 999, ALL) == kept
    assert opened.history("tea", 30, 5, ALL) == kept[30:35]
    assert opened.history("tea", None, 5, ALL) == kept[-5:]
    assert ids(opened.history("tea", 130, 4, ALL)) == [131, 140, 141, 142]


@pytest.mark.parametrize("length", [1, 16, 100])
def test_keeping_again_changes_nothing(opened, length):
    """A batch that is there is not added again, be it complete or what is left of it later."""
    opened.add_room("cake", "cake")
    before = [burst(n, length, room) for n in range(7, 300, length) for room in ("tea", "cake")]
    batch = [burst(n, length, room) for n in range(400, 900, length) for room in ("tea", "cake")]
    opened.keep(before, {"tea": 20_000})
    opened.keep(batch, {"tea": 20_000})
    kept = [opened.history(room, 0, 9999, ALL) for room in ("tea", "cake")]
    for oldest in range(len(batch)):
        opened.keep(batch[oldest:], {"tea": 20_000})
    for room in ("tea", "cake"):
        opened.keep([each for each in batch if each.room == room], {})
        opened.keep([each for each in batch[5:] if each.room == room], {})
    assert [opened.history(room, 0, 9999, ALL) for room in ("tea", "cake")] == kept
    opened.keep([burst(1000, length)], {})
    assert len(opened.history("tea", 0, 9999, ALL)) == len(kept[0]) + length


def test_what_is_left_of_a_batch_is_kept(opened):
    """Where it was not there, what is given again is added."""
    batch = [burst(n, 16) for n in range(1, 200, 16)]
    opened.keep(batch[3:], {})
    assert ids(opened.history("tea", 0, 999, ALL)) == list(range(49, 209))


def test_rooms_have_their_own_ids(opened):
    """A batch may be for many rooms, by ids in any case; messages have the room's own spelling."""
    opened.add_room("Cake", "cake")
    opened.keep(bursts(said(1, room="TEA"), said(1, room="cake"), said(2, room="tea")), {})
    assert opened.history("CAKE", None, 9, ALL) == [said(1, room="Cake")]
    assert opened.history("Tea", None, 9, ALL) == [said(1), said(2)]


def test_nothing_to_keep(opened):
    """An empty batch is one, too."""
    opened.keep([], {})
    assert opened.history("tea", None, 9, ALL) == []


def test_all_or_none(opened):
    """If ids cannot be reserved, no message is kept."""
    if isinstance(opened.store, MemoryStore):
        pytest.skip("nothing fails in memory")
    with pytest.raises(Exception, match=r"(?i)too large|out of range"):
        opened.keep(bursts(said(1)), {"tea": 10**30})
    assert opened.history("tea", None, 9, ALL) == []
    opened.crash()
    assert opened.open().rooms[0].count == ids_to_reserve(0)


# -- history


def test_the_last_messages(opened):
    """Without `since` it is the last that count, oldest first."""
    talk(opened, 350)
    assert ids(opened.history("tea", None, 3, ALL)) == [348, 349, 350]
    assert ids(opened.history("tea", None, 300, ALL)) == list(range(51, 351))
    assert ids(opened.history("tea", None, 999, ALL)) == list(range(1, 351))


def test_the_messages_since(opened):
    """With `since` it is the first after it."""
    talk(opened, 350)
    assert ids(opened.history("tea", 40, 3, ALL)) == [41, 42, 43]
    assert ids(opened.history("tea", 40, 300, ALL)) == list(range(41, 341))
    assert ids(opened.history("tea", 0, 999, ALL)) == list(range(1, 351))
    assert opened.history("tea", 350, 9, ALL) == opened.history("tea", 999, 9, ALL) == []


def test_the_size_is_that_of_the_json(opened):
    """It counts what JSON escapes and UTF-8 makes longer; as many come as fit exactly."""
    kept = [said(n, 'é"\n😀' * 10, sender="Zoë") for n in range(1, 10)]
    opened.keep(bursts(*kept), {})
    words = json.dumps(kept[0].text, ensure_ascii=False) + json.dumps("Zoë", ensure_ascii=False)
    size = len(words.encode()) + MESSAGE_FRAME
    for since, first, last in ((None, [7, 8, 9], [8, 9]), (0, [1, 2, 3], [1, 2])):
        assert ids(opened.history("tea", since, 9, 3 * size)) == first
        assert ids(opened.history("tea", since, 9, 3 * size - 1)) == last


def test_one_message_at_least(opened):
    """Also if it is longer than what was asked for, but none if there is to be none."""
    talk(opened, 3)
    assert ids(opened.history("tea", None, 9, 1)) == [3]
    assert ids(opened.history("tea", 1, 9, 0)) == [2]
    assert opened.history("tea", None, 0, ALL) == []


def test_the_history_of_no_room(opened):
    """There is none."""
    assert opened.history("cake", None, 9, ALL) == opened.history("cake", 0, 9, ALL) == []


def test_memory_has_an_end():
    """What is kept in memory is bounded, the oldest messages go."""
    store = MemoryStore()
    store.open([RoomRecord("tea", "tea")])
    with pytest.raises(StopIteration):
        store.keep(bursts(*map(said, range(1, HISTORY_LENGTH + 3))), {}).send(None)
    with pytest.raises(StopIteration) as end:
        store.history("tea", 0, 1, ALL).send(None)
    assert ids(end.value.value) == [3]


# -- pruning


def prune(opened, before):
    """Remove what was said before a time; return whether there was any."""
    calls = 0
    while opened.prune(before):
        calls += 1
    return calls > 0


def test_prune(opened):
    """What was said before a time is removed, in all rooms, in a few calls, and nothing else."""
    opened.add_room("cake", "cake")
    old = [burst(n, 1, room, NOW - 2) for n in range(1, 99_999, 64) for room in ("tea", "cake")]
    opened.keep(old, {})
    opened.keep([burst(100_000, 99)], {})
    assert prune(opened, NOW)
    assert ids(opened.history("tea", 0, 999, ALL)) == list(range(100_000, 100_099))
    assert opened.history("cake", 0, 999, ALL) == []


def test_prune_where_the_clock_went_back(opened):
    """A message that is old goes, also behind one that is not."""
    for message in (said(1), said(2, time=NOW - 9), said(3)):
        opened.keep(bursts(message), {})
    assert prune(opened, NOW - 1)
    assert not prune(opened, NOW - 1)
    assert ids(opened.history("tea", None, 9, ALL)) == [1, 3]


def test_prune_removes_nothing_else(opened):
    """Neither what was said at that very time, nor rooms, nor counts."""
    talk(opened, 3)
    assert not prune(opened, NOW)
    assert prune(opened, NOW + 1)
    assert opened.history("tea", None, 9, ALL) == []
    opened.close(tea=3)
    assert opened.open().rooms == [RoomRecord("tea", "tea", 3)]
