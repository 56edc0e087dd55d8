"""The queue of the messages that wait to be stored."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.core.events import MessageBatch
from chatd.storage import queue
from chatd.storage.queue import WriteQueue, count_messages


def batch(room="1", texts=("x",)):
    """Return a batch."""
    return MessageBatch(room, 1, "Ann", list(texts), 0.0)


def queue_of(*batches):
    """Return a queue with batches, of which the first was added at 0 and each other 1 s later."""
    waiting = WriteQueue()
    for now, each in enumerate(batches):
        waiting.add(each, now)
    return waiting


def contents(waiting):
    """Return the batches of a queue with their times, and its counts."""
    pairs = list(zip(waiting.batches, waiting.times, strict=True))
    return pairs, waiting.messages, waiting.size


def test_a_small_queue_is_one_write():
    """If less waits than is written at once, a write takes all of it."""
    batches = [batch(), batch(room="2")]
    waiting = queue_of(*batches)
    assert not waiting.fills_write
    assert contents(waiting.take_write()) == ([(batches[0], 0), (batches[1], 1)], 2, 2)
    assert contents(waiting) == ([], 0, 0)


def test_a_write_ends_with_the_batch_that_reaches_the_limit(monkeypatch):
    """The limit on messages and the limit on characters both end a write."""
    monkeypatch.setattr(queue, "MAX_WRITE_MESSAGES", 5)
    monkeypatch.setattr(queue, "MAX_WRITE_SIZE", 20)
    for texts, taken in ((["x"] * 3, 2), (["12345678"], 3)):
        waiting = queue_of(*[batch(texts=texts)] * 4)
        assert waiting.fills_write
        assert waiting.take_write().times == list(range(taken))
        assert waiting.times == list(range(taken, 4))


def test_older_batches():
    """Batches are taken by the time at which they were added."""
    batches = [batch("1"), batch("2"), batch("3")]
    waiting = queue_of(*batches)
    assert waiting.take_older(2) == batches[:2]
    assert waiting.take_older(2) == []
    assert waiting.batches == batches[2:]


def test_what_is_taken_stays_as_it_is():
    """A write that is under way does not see what is removed meanwhile."""
    written = queue_of(batch("1"), batch("2")).take_write()
    batches = written.batches
    written.take_room("1")
    written.take_older(9)
    assert [each.room for each in batches] == ["1", "2"]


def test_batches_of_a_room():
    """The batches of a room are taken, and those of others stay in their order."""
    waiting = queue_of(batch("1"), batch("2"), batch("1"), batch("3"))
    assert [each.room for each in waiting.take_room("1")] == ["1", "1"]
    assert contents(waiting) == ([(batch("2"), 1), (batch("3"), 3)], 2, 2)


BATCHES = st.builds(batch, st.sampled_from("12"), st.lists(st.text(max_size=3), min_size=1))
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
    for now, step in enumerate(steps):
        waiting.add(step, now) if isinstance(step, MessageBatch) else step(waiting)
        assert waiting.messages == count_messages(waiting.batches)
        assert waiting.size == sum(len(text) for each in waiting.batches for text in each.texts)
        assert waiting.times == sorted(waiting.times)
        assert len(waiting.times) == len(waiting.batches)
