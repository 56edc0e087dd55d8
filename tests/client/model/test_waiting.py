"""Messages that wait for a connection."""

from chatd.client.model.waiting import MAX_WAITING, WaitingMessages


def test_order_and_end():
    """Messages come back once, in the order of typing."""
    waiting = WaitingMessages()
    assert waiting.add("tea", "one")
    assert waiting.add("food", "two")
    assert len(waiting) == 2
    assert waiting.take() == [("tea", "one"), ("food", "two")]
    assert waiting.take() == []


def test_bound():
    """No more than the limit wait."""
    waiting = WaitingMessages()
    assert all(waiting.add("tea", str(n)) for n in range(MAX_WAITING))
    assert not waiting.add("tea", "too many")
    assert len(waiting) == MAX_WAITING
