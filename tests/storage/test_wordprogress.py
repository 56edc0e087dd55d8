"""How far rooms are in the index of words."""

import pytest

from chatd.storage.chunks import Chunk
from chatd.storage.wordblocks import BLOCK_IDS
from chatd.storage.wordprogress import BLOCK_SIZE, Reached, WordProgress


def chunk(last, written=0, room="tea"):
    """Return a chunk, of which only the end and the size matter."""
    return Chunk(room, last, 0, "", written)


@pytest.fixture
def progress():
    """Return the progress of a store without messages."""
    return WordProgress({})


def test_a_room_is_due_when_it_has_enough_for_a_block(progress):
    """It has more messages than fit into one."""
    progress.stored([chunk(BLOCK_IDS)])
    assert progress.next_room() is None
    progress.stored([chunk(BLOCK_IDS + 1)])
    assert progress.next_room() == "tea"


def test_a_room_is_due_when_it_has_enough_bytes(progress):
    """But the newest span is not complete."""
    progress.stored([chunk(63, BLOCK_SIZE)])
    assert progress.next_room() is None
    progress.stored([chunk(64, BLOCK_SIZE + 1)])
    assert progress.next_room() == "tea"


def test_a_room_is_indexed_through_its_last_complete_span(progress):
    """The end of a claim is the first id of the newest span."""
    progress.stored([chunk(5000), chunk(200)])
    assert progress.claim("tea") == 4992


def test_rooms_take_turns(progress):
    """A room that is still due after its block comes after the others."""
    progress.stored([chunk(5000), chunk(5000, room="cake")])
    for expected in ("tea", "cake", "tea", "cake"):
        key = progress.next_room()
        assert key == expected
        progress.claim(key)
        progress.indexed(key, Reached(1023, 0))


def test_a_room_that_is_indexed_is_not_due(progress):
    """It is due again when it has enough new messages."""
    progress.stored([chunk(5000, 100_000)])
    progress.claim("tea")
    progress.indexed("tea", Reached(4991, 99_000))
    assert progress.next_room() is None
    progress.stored([chunk(6100, 110_000)])
    assert progress.next_room() == "tea"


def test_nothing_was_left_to_index(progress):
    """A room whose messages were removed is not due until it has new ones."""
    progress.stored([chunk(5000, BLOCK_SIZE)])
    progress.claim("tea")
    progress.indexed("tea", None)
    assert progress.next_room() is None
    progress.stored([chunk(5100, BLOCK_SIZE + 1)])
    assert progress.next_room() is None


def test_late_chunks(progress):
    """Chunks are late that come before the end of the index, or of what is being indexed."""
    progress.stored([chunk(5000)])
    assert progress.late([chunk(1), chunk(9999)]) == []
    progress.claim("tea")
    assert progress.late([chunk(4991), chunk(4992), chunk(1, room="cake")]) == [chunk(4991)]
    progress.indexed("tea", Reached(1023, 0))
    assert progress.late([chunk(1023), chunk(1024)]) == [chunk(1023)]


def test_the_progress_of_a_store_that_was_opened():
    """Rooms are due that have enough behind the index, by ids or by bytes."""
    progress = WordProgress(
        {
            "tea": (Reached(1023, 50_000), Reached(2000, 100_000)),
            "cake": (Reached(1023, 50_000), Reached(2048, 100_000)),
            "beer": (Reached(1023, 50_000), Reached(1100, 50_000 + BLOCK_SIZE)),
        }
    )
    due = set()
    while (key := progress.next_room()) is not None:
        due.add(key)
        progress.claim(key)
        progress.indexed(key, None)
    assert due == {"cake", "beer"}
