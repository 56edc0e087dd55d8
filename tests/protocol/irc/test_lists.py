"""Long lists of words in several lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.protocol.irc.lists import joined_parts


@pytest.mark.parametrize(
    ("words", "size", "parts"),
    [
        ([], 5, []),
        (["ann", "bob"], 7, ["ann,bob"]),
        (["ann", "bob"], 6, ["ann", "bob"]),
        (["long-name", "bob", "ann"], 7, ["long-name", "bob,ann"]),
        (["éé", "é"], 7, ["éé,é"]),
        (["éé", "é"], 6, ["éé", "é"]),
    ],
)
def test_examples(words, size, parts):
    """A part is as long as it may be, in bytes; a word is never cut."""
    assert list(joined_parts(words, ",", size)) == parts


@given(st.lists(st.text("aé", min_size=1, max_size=9)), st.integers(20, 40))
def test_nothing_is_lost(words, size):
    """All words are there, in order, and no part is too long."""
    parts = list(joined_parts(words, " ", size))
    assert " ".join(parts).split() == words
    assert all(len(part.encode()) <= size for part in parts)
