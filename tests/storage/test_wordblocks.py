"""The format of the blocks of words."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.core.events import MessageBatch, MessageKind
from chatd.storage.chunks import pack
from chatd.storage.testing import NOW
from chatd.storage.wordblocks import (
    BLOCK_IDS,
    BUCKETS,
    bucket,
    characters_of,
    id_of,
    pack_words,
    texts_of,
)

WORDS = st.sampled_from(["tea", "cake", "te", "東", "é", "x" * 80, "x" * 81])
MESSAGES = st.dictionaries(st.integers(0, BLOCK_IDS - 1), st.lists(WORDS).map(" ".join))


def found(first, packed, word):
    """Return the ids of the messages that have a word."""
    characters = characters_of(packed[bucket(word)], word)
    return {id_of(first, character) for character in characters}


def test_the_texts_of_chunks():
    """Ids and texts come from all batches of all chunks, without senders and times."""
    batches = [
        MessageBatch("tea", 60, "Ann", ["a", "b"], NOW, 7, MessageKind.ACTION),
        MessageBatch("tea", 62, "Bob", ["c", "", "d"], NOW),
    ]
    ids, texts = texts_of(chunk.body for chunk in pack(batches))
    assert dict(zip(ids, texts, strict=True)) == {60: "a", 61: "b", 62: "c", 63: "", 64: "d"}


def test_a_block_is_text():
    """A word and a character for each message that has it, in the text of its bucket."""
    packed = pack_words(64, [64, 65, 66], ["Cup of tea", "", "cup, cup"])
    assert len(packed) == BUCKETS
    assert "\ncup\t\u0100\u0102\n" in packed[bucket("cup")]
    assert "\ntea\t\u0100\n" in packed[bucket("tea")]
    assert found(64, packed, "cup") == {64, 66}
    assert found(64, packed, "cu") == found(64, packed, "up") == set()


def test_an_empty_block():
    """A block without words has a text for each bucket all the same."""
    assert [found(0, pack_words(0, [], []), word) for word in ("a", "b")] == [set(), set()]


def test_each_character_takes_two_bytes():
    """The last message of a block takes no more space than the first one."""
    packed = pack_words(0, [BLOCK_IDS - 1], ["tea"])
    assert len(packed[bucket("tea")].encode()) == len("\ntea\t") + 2 + len("\n")


@given(st.integers(0, 10**9), MESSAGES)
def test_words_come_back(first, messages):
    """Each word leads to the messages that have it, and to no others."""
    texts = list(messages.values())
    packed = pack_words(first, [first + number for number in messages], texts)
    for word in ("tea", "cake", "te", "東", "e", "x" * 64):
        expected = {
            first + number
            for number, text in messages.items()
            if word in [each.replace("é", "e")[:64] for each in text.split()]
        }
        assert found(first, packed, word) == expected
