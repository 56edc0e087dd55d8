"""Events as values."""

from dataclasses import is_dataclass
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from chatd.core import room_events
from chatd.core.events import Event, Message, MessageBatch


@given(first=st.integers(1, 10**9), texts=st.lists(st.text(), min_size=1, max_size=20))
def test_messages_of_a_batch(first, texts):
    """The messages of a batch have rising ids without gaps, and the fields of the batch."""
    batch = MessageBatch("1", first, "Ann", texts, 7.0, 3)
    messages = batch.messages()
    assert [message.id for message in messages] == list(range(first, first + len(texts)))
    assert [message.text for message in messages] == texts
    assert messages[0] == Message("1", first, "Ann", texts[0], 7.0, 3)


def test_a_guest_has_no_account():
    """The messages of a guest carry no account."""
    assert MessageBatch("1", 1, "Ann", ["hi"], 0.0).messages()[0].account is None


def test_the_events_of_another_module():
    """All of them are in the union."""
    kinds = set(filter(is_dataclass, vars(room_events).values()))
    assert kinds
    assert kinds <= {*get_args(Event)}
