"""The contract of `IStore` for finding messages by their words, whether they are indexed or not."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatd.core.events import MessageBatch, MessageKind
from chatd.core.records import RoomRecord
from chatd.core.searchwords import query_words
from chatd.storage.testing import NO_LIMIT, NOW, batch, ids, message, one_by_one

FILLER = 3000
"""The number of a message with which the messages before it are indexed."""

ROOMS = count(1)


def index_all(store):
    """Index what can be indexed; return in how many steps."""
    steps = 0
    while store.index() is not None:
        steps += 1
    return steps


def fill(store, room="tea", first=FILLER):
    """Add messages to a room, so that all before them get into the index."""
    store.append([batch(first, 64, room), batch(first + 2000, 1, room)], {})
    index_all(store)


def find(store, text, *, rooms=("tea",), before=None, limit=20):
    """Return the ids of the messages that have the words of a text."""
    return ids(store.search(rooms, query_words(text), before, limit))


@pytest.fixture(params=["behind the index", "in the index"])
def said(request, store):
    """Return a function that stores texts in a room, with the ids 1, 2 and so on."""

    def say(*texts, room="tea"):
        store.append(one_by_one(*(message(n, t, room) for n, t in enumerate(texts, 1))), {})
        if request.param == "in the index":
            fill(store, room)

    return say


def test_all_words_are_wanted(store, said):
    """A message is found if it has all words, in any order, and no parts of words."""
    said("tea and cake", "cake", "Cake, then more tea!", "teacake", "and")
    assert find(store, "tea cake") == [3, 1]
    assert find(store, "cake") == [3, 2, 1]
    assert find(store, "ca") == []
    assert find(store, "tea coffee") == []


def test_messages_come_back_whole(store, said):
    """A message that is found has all of its fields, and the spelling of its room."""
    store.add_room(RoomRecord("Cake", "cake"))
    messages = [message(1, "more?", "Cake"), message(2, "more!", "Cake", "Zoë", NOW + 1)]
    store.append(one_by_one(*messages), {})
    store.append(
        [MessageBatch("cake", 3, "Ann", ["wants more"], NOW + 2, 7, MessageKind.ACTION)], {}
    )
    said("none")
    found = store.search(["cAKE"], ["more"], None, 9)
    assert found[1:] == messages[::-1]
    assert (found[0].account, found[0].kind, found[0].text) == (7, MessageKind.ACTION, "wants more")


def test_case_and_accents(store, said):
    """They make no difference, in the message and in the query."""
    said("Café in ŁÓDŹ", "CAFE", "cafe\u0301 Lodz", "Straße", "ΣΟΦΟΣ", "Ёлка", "office")
    assert find(store, "café") == [3, 2, 1]
    assert find(store, "LODZ cafe") == [3, 1]
    assert find(store, "STRASSE") == [4]
    assert find(store, "σοφός") == [5]
    assert find(store, "елка") == [6]
    assert find(store, "o\ufb03ce") == [7]


def test_scripts_without_blanks(store, said):
    """Any part of a row of their characters is found, and nothing that only has its pairs."""
    said("東京都庁へ行く", "京都と東京", "iPhoneを買う", "สวัสดีครับ", "학교에서", "ｶﾞｲﾄﾞ")
    assert find(store, "東") == [2, 1]
    assert find(store, "京都") == [2, 1]
    assert find(store, "東京都") == [1]
    assert find(store, "京都と東京都") == []
    assert find(store, "iphone 買") == [3]
    assert find(store, "สดี") == [4]
    assert find(store, "학교") == [5]
    assert find(store, "ガイド") == [6]


def test_punctuation_separates_words(store, said):
    """So do symbols, but not emoji, which can be found."""
    said("don't/stop—now", "snake_case", "(well)", "nice 👍🏽!", "a+b=c")
    assert find(store, "don t stop now") == [1]
    assert find(store, "case") == [2]
    assert find(store, "'well'") == [3]
    assert find(store, "👍") == [4]
    assert find(store, "c b") == [5]


def test_long_words(store, said):
    """Words are the same if they begin with the same 64 characters."""
    said("x" * 64 + "y", "x" * 64 + "z " + "x" * 65, "x" * 63)
    assert find(store, "x" * 64) == [2, 1]
    assert find(store, "x" * 70 + "!") == [2, 1]
    assert find(store, "x" * 63) == [3]


def test_the_sender_is_not_searched(store, said):
    """Neither the name nor the id of a message is one of its words."""
    said("hello")
    assert find(store, "Ann") == find(store, "1") == []


def test_pages(store, said):
    """The newest messages come first, and `before` goes on where a page ended."""
    said(*(f"tea {n % 3}" for n in range(1, 301)))
    everything = list(range(300, 0, -1))
    assert find(store, "tea", limit=999) == everything
    assert find(store, "tea") == everything[:20]
    assert find(store, "tea", before=281) == everything[20:40]
    assert find(store, "tea 0", before=65, limit=2) == [63, 60]
    assert find(store, "tea", before=1) == []
    assert find(store, "tea", limit=0) == []


def test_several_rooms(store, said):
    """Their messages come by their times; a room that is named twice counts once."""
    store.add_room(RoomRecord("cake", "cake"))
    times = {"tea": (1, 4, 4), "cake": (2, 3, 5)}
    for room, of_room in times.items():
        messages = [
            message(n, "hi", room, time=NOW + time) for n, time in enumerate(of_room, start=4000)
        ]
        store.append(one_by_one(*messages), {})
    said("none")
    found = store.search(["tea", "cake", "TEA", "none"], ["hi"], None, 5)
    assert [(each.room, each.id) for each in found] == [
        ("cake", 4002),
        ("tea", 4002),
        ("tea", 4001),
        ("cake", 4001),
        ("cake", 4000),
    ]
    assert store.search([], ["hi"], None, 5) == []


def test_a_room_that_was_started_again(store, said):
    """Messages from before are not found, and those since then are."""
    said("tea before")
    store.remove_room("tea", 9000)
    assert find(store, "tea") == []
    store.add_room(RoomRecord("tea", "tea"))
    assert find(store, "tea") == []
    store.append(one_by_one(message(9001, "tea since")), {})
    assert find(store, "tea") == [9001]
    fill(store, first=10_000)
    assert find(store, "tea") == [9001]
    assert find(store, "before") == []


def test_removed_messages(store, said):
    """Messages that were pruned or trimmed are not found, before and after their words are gone."""
    old = [MessageBatch("tea", n, "Ann", ["tea " + "x" * 999], NOW - 9) for n in range(1, 640, 64)]
    store.append(old, {})
    new = [MessageBatch("tea", n, "Ann", ["tea " + "x" * 999], NOW) for n in range(641, 1280, 64)]
    store.append(new, {})
    said("none")
    while store.prune(NOW) is not None:
        assert find(store, "tea") == [each.id for each in reversed(new)]
    index_all(store)
    assert find(store, "tea") == [each.id for each in reversed(new)]
    while store.trim("tea", 5000):
        pass
    left = ids(store.history("tea", 640, NO_LIMIT, NO_LIMIT))
    assert find(store, "tea") == [n for n in reversed(left) if n < 1280]
    index_all(store)
    assert find(store, "tea") == [n for n in reversed(left) if n < 1280]


def test_deleted_messages(store, said):
    """They are not found, neither by the words that they had nor by any other."""
    said("tea", "tea and cake", "tea")
    assert store.delete_message("tea", 2) is True
    assert find(store, "tea") == [3, 1]
    assert find(store, "cake") == find(store, "deleted") == []
    fill(store, first=10_000)
    assert find(store, "tea") == [3, 1]


def test_a_repeated_write(store):
    """Messages that are stored again, in part or after they were indexed, are found once."""
    batches = [MessageBatch("tea", n, "Ann", ["tea"] * 10, NOW) for n in range(1, 2000, 10)]
    store.append(batches, {})
    index_all(store)
    for oldest in (0, 7, 190):
        store.append(batches[oldest:], {})
        index_all(store)
        assert find(store, "tea", limit=NO_LIMIT) == list(range(2000, 0, -1))


def test_a_restart(harness):
    """Indexing goes on where it ended, also after a crash."""
    harness.open("tea")
    harness.append([batch(n, 64) for n in range(1, 4000, 64)], {})
    harness.index()
    for end in (harness.crash, lambda: harness.close(tea=4096)):
        end()
        harness.open()
        assert find(harness, "1500") == [1500]
        assert find(harness, "40") == [40]
    index_all(harness)
    assert find(harness, "1500") == [1500]
    assert find(harness, "4000") == [4000]
    assert index_all(harness) == 0


def test_servers_that_share_a_store(new_server):
    """One of them indexes what it appends, and all find the same, whichever removes messages."""
    first, second = new_server(), new_server()
    for server in (first, second):
        server.open("tea", shared=True)
    first.take_over()
    said = [MessageBatch("tea", n, "Ann", [f"tea {n}"] * 64, NOW + n) for n in range(64, 4000, 64)]
    first.append(said[:50], {}, 10)
    assert index_all(second) == 0
    assert find(second, "128") == list(range(191, 171, -1))
    index_all(first)
    assert find(second, "128") == list(range(191, 171, -1))
    assert second.delete_message("tea", 191) is True
    assert find(first, "128") == list(range(190, 170, -1))
    while second.prune(NOW + 66) is not None:
        pass
    index_all(second)
    assert find(first, "64") == []
    second.take_over(force=True)
    second.append(said[50:], {}, 11)
    index_all(second)
    for server in (first, second):
        assert find(server, "3264 tea", limit=2) == [3327, 3326]
        assert find(server, "128", limit=1) == [190]


HAN = ["東京", "京都", "東京都"]
WORDS = ["tea", "cake", *HAN, "é", "x" * 70]


@st.composite
def writes(draw):
    """Return writes of several writers, whose ids interleave, and have gaps."""
    first, batches = draw(st.integers(1, 200)), []
    texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
    for _ in range(draw(st.integers(1, 20))):
        said = draw(st.lists(texts, min_size=1, max_size=9))
        repeated = said * draw(st.sampled_from([1, 1, 40]))
        batches.append(MessageBatch("", first, "Ann", repeated, NOW))
        first = batches[-1].last_id + draw(st.sampled_from([1, 1, 2, 70, 1500, 9000]))
    writers = draw(st.lists(st.integers(0, 3), min_size=len(batches), max_size=len(batches)))
    of_writers = [
        [each for each, number in zip(batches, writers, strict=True) if number == writer]
        for writer in range(4)
    ]
    return draw(st.permutations([write for write in of_writers if write]))


@given(writes(), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_messages(store, written, data):
    """All stores find what has the words, whenever it was stored, indexed or removed."""
    room = f"room {next(ROOMS)}"
    store.add_room(RoomRecord(room, room))
    for n, write in enumerate(written):
        store.append([each._replace(room=room, time=NOW + n) for each in write], {})
        for _ in range(data.draw(st.integers(0, 3))):
            store.index()
    if data.draw(st.booleans()):
        while store.prune(NOW + 1) is not None:
            pass
    data.draw(st.sampled_from([lambda: None, store.index, lambda: index_all(store)]))()
    stored = store.history(room, 0, NO_LIMIT, NO_LIMIT)
    words = query_words(" ".join(data.draw(st.lists(st.sampled_from(WORDS), min_size=1))))
    expected = [said.id for said in reversed(stored) if has(said.text, words)]
    before = data.draw(st.integers(1, 300_000) | st.none())
    end = before or NO_LIMIT
    assert ids(store.search([room], words, before, NO_LIMIT)) == [n for n in expected if n < end]
    assert ids(store.search([room], words, None, 3)) == expected[:3]


def has(text, words):
    """Return whether a text of `WORDS` has all words of a query."""
    written = [word.replace("é", "e")[:64] for word in text.split()]
    return all(word in (" ".join(written) if word in HAN else written) for word in words)
