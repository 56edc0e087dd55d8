"""The queue of the messages that wait to be stored."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.core.events import MessageBatch
from chatd.storage import queue
from chatd.storage.queue import WriteQueue, count_messages, count_older


def batch(room="1", texts=("x",), time=0.0):
    """Return a batch."""
    return MessageBatch(room, 1, "Ann", list(texts), time)


def queue_of(*batches):
    """Return a queue with batches."""
    waiting = WriteQueue()
    for each in batches:
        waiting.add(each)
    return waiting


def test_a_small_queue_is_one_write():
    """If less waits than is written at once, a write takes all of it."""
    batches = [batch(), batch(room="2")]
    waiting = queue_of(*batches)
    assert not waiting.fills_write
    assert waiting.take_write() == batches
    assert (waiting.batches, waiting.messages, waiting.size) == ([], 0, 0)


def test_a_write_ends_with_the_batch_that_reaches_the_limit(monkeypatch):
    """The limit on messages and the limit on characters both end a write."""
    monkeypatch.setattr(queue, "MAX_WRITE_MESSAGES", 5)
    monkeypatch.setattr(queue, "MAX_WRITE_SIZE", 20)
    for texts, taken in ((["x"] * 3, 2), (["12345678"], 3)):
        waiting = queue_of(*[batch(texts=texts)] * 4)
        assert waiting.fills_write
        assert len(waiting.take_write()) == taken


def test_older_batches():
    """Batches are taken as far as they are older, even if a later one is older, too."""
    batches = [batch(time=1), batch(time=2), batch(time=3), batch(time=1)]
    assert count_older(batches, 3) == 2
    waiting = queue_of(*batches)
    assert waiting.take_older(3) == batches[:2]
    assert waiting.take_older(1) == []


def test_batches_of_a_room():
    """The batches of a room are taken, and those of others stay in their order."""
    waiting = queue_of(batch("1"), batch("2"), batch("1"), batch("3"))
    assert [each.room for each in waiting.take_room("1")] == ["1", "1"]
    assert [each.room for each in waiting.batches] == ["2", "3"]


BATCHES = st.builds(
    batch, st.sampled_from("12"), st.lists(st.text(max_size=3), min_size=1), st.floats(0, 9)
)
TAKES = st.sampled_from(
    [
        WriteQueue.take_write,
        WriteQueue.take_all,
        lambda waiting: waiting.take_room("1"),
        lambda waiting: waiting.take_older(4.5),
    ]
)


@given(st.lists(BATCHES | TAKES))
def test_the_counts_are_right(steps):
    """`messages` and `size` are those of the batches that wait, whatever is added and taken."""
    waiting = WriteQueue()
    for step in steps:
        waiting.add(step) if isinstance(step, MessageBatch) else step(waiting)
        assert waiting.messages == count_messages(waiting.batches)
        assert waiting.size == sum(len(text) for each in waiting.batches for text in each.texts)
