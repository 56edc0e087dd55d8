"""The format of messages in a database, and how much of them is read at once."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.core.events import MessageBatch, MessageKind
from chatd.storage.chunks import (
    JSON_OVERHEAD,
    RS,
    SPAN,
    US,
    Chunk,
    in_order,
    pack,
    take_within,
    unpack,
    without_text,
)
from chatd.storage.testing import batch, ids, message

WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=9)


@st.composite
def batches_of_a_room(draw):
    """Return batches with ascending ids."""
    batches, first = [], draw(st.integers(1, 10**9))
    for _ in range(draw(st.integers(1, 9))):
        texts = draw(st.lists(WORDS, min_size=1, max_size=80))
        sender, time = draw(WORDS), draw(st.floats(10**9, 4 * 10**9))
        account, kind = draw(st.none() | st.integers(1, 2**62)), draw(st.sampled_from(MessageKind))
        batches.append(MessageBatch("Tea", first, sender, texts, time, account, kind))
        first += len(texts)
    return batches


@given(batches_of_a_room())
def test_what_was_packed_can_be_unpacked(batches):
    """The messages of all chunks are those of the batches, in their order."""
    unpacked = [each for chunk in pack(batches) for each in unpack("Tea", chunk.body)]
    assert unpacked == [each for batch in batches for each in batch.messages()]


@given(batches_of_a_room())
def test_a_chunk_stays_in_its_span(batches):
    """All ids of a chunk are in the same span, and its key is the last of them."""
    for chunk in pack(batches):
        found = ids(unpack("Tea", chunk.body))
        assert {number // SPAN for number in found} == {chunk.last // SPAN}
        assert found[-1] == chunk.last


def test_the_format():
    """A chunk is as its documentation says; the messages of a guest have no account."""
    batches = [
        MessageBatch("Tea", 70, "Ann", ["hello", "is anybody here?"], 1795.0),
        MessageBatch("Tea", 72, "Zoe", ["waves"], 1796.5, 7, MessageKind.ACTION),
        MessageBatch("Tea", 73, "Bot", ["!", "*"], 1.0, None, MessageKind.NOTICE),
    ]
    (chunk,) = pack(batches)
    text = chunk.body.replace(US, "|").replace(RS, "/")
    first, action, notice = text.split("/")
    assert first == "70|Ann|15057551360|hello|is anybody here?"
    assert action == "72|Zoe|*15070134272:7|waves"
    assert notice == "73|Bot|!8388608|!|*"


def test_the_format_of_a_deleted_message():
    """DEL is in the place of the text, and the rest is as it was."""
    batches = [batch(70, 2, time=1.0), batch(72, time=1.0)]
    (chunk,) = pack(batches)
    changed = without_text(chunk.body, 71)
    assert changed.replace(US, "|").replace(RS, "/") == "70|Ann|8388608|70|\x7f/72|Ann|8388608|72"
    assert [without_text(chunk.body, number) for number in (69, 73)] == [None, None]


@given(batches_of_a_room(), st.data())
def test_a_text_is_deleted(batches, data):
    """Of all messages, the text of one is gone, and nothing else has changed."""
    for chunk in pack(batches):
        before = list(unpack("Tea", chunk.body))
        place = data.draw(st.integers(0, len(before) - 1))
        after = list(unpack("Tea", without_text(chunk.body, before[place].id)))
        before[place] = before[place]._replace(text="", is_deleted=True)
        assert after == before


def test_a_chunk_for_each_room_and_span():
    """Messages of a room whose ids are in the same span are in one chunk."""
    batches = [batch(1), batch(2, 2 * SPAN), batch(2 * SPAN + 2), batch(3, room="Cake")]
    found = [(chunk.room, chunk.last) for chunk in pack(batches)]
    assert found == [("tea", SPAN - 1), ("tea", 2 * SPAN - 1), ("tea", 2 * SPAN + 2), ("cake", 3)]


def test_the_key_of_a_chunk_stays_the_same():
    """A chunk that is packed without its oldest batches has the same key."""
    batches = [batch(n) for n in range(1, 9)]
    keys = {(chunk.room, chunk.last) for n in range(8) for chunk in pack(batches[n:])}
    assert keys == {("tea", 8)}


def test_when_a_chunk_ends():
    """A chunk ends before the next whole second after its last message."""
    for time, second in ((10.0, 11), (10.9, 11)):
        (chunk,) = pack([batch(1, time=time)])
        assert chunk == Chunk("tea", 1, second, chunk.body, len(chunk.body))


def chunks_of(*groups):
    """Return chunks as `in_order` takes them, each with the messages of some ids."""
    return [(max(group), [message(n) for n in group]) for group in groups]


def test_order_of_interleaved_chunks():
    """Messages come by their ids, in both directions."""
    chunks = chunks_of([4, 5, 6, 8], [1, 2, 9])
    assert ids(in_order(chunks, 1)) == [2, 4, 5, 6, 8, 9]
    assert ids(in_order(reversed(chunks), 1, newest_first=True)) == [9, 8, 6, 5, 4, 2]


def test_order_reads_no_further_than_it_must():
    """Messages without a gap need no later chunk, and after a gap no later span is needed."""
    chunks = iter(chunks_of([1, 2], [4], [SPAN + 1], [SPAN + 2]))
    found = in_order(chunks, 0)
    assert (next(found).id, next(found).id) == (1, 2)
    assert next(found).id == 4
    assert next(chunks)[0] == SPAN + 2


def test_reverse_order_reads_no_further_than_it_must():
    """The last message of a chunk needs no further chunk, nor do those before it without a gap."""
    chunks = iter(chunks_of([7, 8], [3, 5], [2]))
    found = in_order(chunks, 0, newest_first=True)
    assert [next(found).id for _ in range(3)] == [8, 7, 5]
    assert next(chunks)[0] == 2


def test_take_within_reads_no_further():
    """The message that does not fit is the last one that is read."""
    size = len('"hello""Ann"') + JSON_OVERHEAD
    messages = iter([message(n) for n in range(1, 10)])
    assert take_within(messages, 2 * size) == [message(1), message(2)]
    assert next(messages) == message(4)
