"""What every store does with messages, from keeping to removing them: `IStore`, line by line."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from talking import ALL, NOW, ids, said, talk

from chatd.core.records import RoomRecord, lead
from chatd.store.bounds import MESSAGE_FRAME
from chatd.store.memory import HISTORY_LENGTH, MemoryStore

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
    opened.keep(kept, {})
    assert opened.history("tea", None, 9, ALL) == kept


words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
times = st.floats(10**9, 4 * 10**9)


@given(st.lists(st.tuples(words, times), min_size=1, max_size=9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_message_comes_back(opened, spoken):
    """Texts and times of any kind."""
    last = opened.history("tea", None, 1, ALL)
    first = last[0].id + 1 if last else 1
    kept = [said(n, text, time=time) for n, (text, time) in enumerate(spoken, start=first)]
    opened.keep(kept, {})
    assert opened.history("tea", first - 1, 9, ALL) == kept


def test_keeping_again_changes_nothing(opened):
    """A batch of which some is there already adds the rest; what is there stays."""
    opened.keep([said(1), said(3)], {"tea": 20_000})
    opened.keep([said(1, "other"), said(2), said(3, "other")], {"tea": 20_000})
    assert opened.history("tea", 0, 9, ALL) == [said(1), said(2), said(3)]


def test_rooms_have_their_own_ids(opened):
    """A batch may be for many rooms, by ids in any case; messages have the room's own spelling."""
    opened.add_room("Cake", "cake")
    opened.keep([said(1, room="TEA"), said(1, room="cake"), said(2, room="tea")], {})
    assert opened.history("CAKE", None, 9, ALL) == [said(1, room="Cake")]
    assert opened.history("Tea", None, 9, ALL) == [said(1), said(2)]


def test_nothing_to_keep(opened):
    """An empty batch is one, too."""
    opened.keep([], {})
    assert opened.history("tea", None, 9, ALL) == []


def test_all_or_none(opened):
    """If one message of a batch cannot be kept, none is, and nothing is reserved."""
    if isinstance(opened.store, MemoryStore):
        pytest.skip("nothing fails in memory")
    with pytest.raises(Exception, match=r"(?i)null"):
        opened.keep([said(1), said(2, None), said(3)], {"tea": 50_000})
    assert opened.history("tea", None, 9, ALL) == []
    opened.crash()
    assert opened.open().rooms[0].count == lead(0)


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
    opened.keep(kept, {})
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
        store.keep([said(n) for n in range(1, HISTORY_LENGTH + 3)], {}).send(None)
    with pytest.raises(StopIteration) as end:
        store.history("tea", 0, 1, ALL).send(None)
    assert ids(end.value.value) == [3]


# -- pruning


def test_prune(opened):
    """What was said before a time is removed, in all rooms, in a few calls, and nothing else."""
    opened.add_room("cake", "cake")
    old = [said(n, room=room, time=NOW - 1) for n in range(1, 2501) for room in ("tea", "cake")]
    opened.keep(old + [said(n) for n in range(2501, 2600)], {})
    removed = 0
    while count := opened.prune(NOW):
        removed += count
    assert removed == 5000
    assert ids(opened.history("tea", 0, 999, ALL)) == list(range(2501, 2600))
    assert opened.history("cake", 0, 999, ALL) == []


def test_prune_where_the_clock_went_back(opened):
    """A message that is old goes, also behind one that is not."""
    opened.keep([said(1), said(2, time=NOW - 9), said(3)], {})
    assert (opened.prune(NOW - 1), opened.prune(NOW - 1)) == (1, 0)
    assert ids(opened.history("tea", None, 9, ALL)) == [1, 3]


def test_prune_removes_nothing_else(opened):
    """Neither what was said at that very time, nor rooms, nor counts."""
    talk(opened, 3)
    assert opened.prune(NOW) == 0
    assert opened.prune(NOW + 1) == 3
    opened.close(tea=3)
    assert opened.open().rooms == [RoomRecord("tea", "tea", 3)]
