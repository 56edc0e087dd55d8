"""Which names, and which ids of rooms, count as the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.lookalikes import bare_keys, fold, name_keys, room_key, skeleton


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Alice", "alice"),
        ("Alice", "Аlice"),  # Cyrillic A
        ("Bob", "Воb"),  # Cyrillic Ve and o
        ("bill", "biII"),
        ("ian", "lan"),
        ("Administrator", "ADMlNISTRATOR"),
        ("modern", "rnodern"),
        ("straße", "STRASSE"),
        ("ﬁn", "fin"),
        ("പ്രവീണ്", "പ്രവീണ്\u200d"),
    ],
)
def test_same(first, second):
    """Names are the same if the skeletons, before or after folding, are equal."""
    assert name_keys(first).same_as(name_keys(second))


@pytest.mark.parametrize(("first", "second"), [("Alice", "Alicia"), ("m1", "m2"), ("Bob", "Rob")])
def test_not_same(first, second):
    """Names that look different are different."""
    assert not name_keys(first).same_as(name_keys(second))


@pytest.mark.parametrize("name", ["S3rver", "Ser-ver", "_Server_", "Sërver", "SERVER"])
def test_bare(name):
    """Marks, punctuation and digits for letters do not hide a word."""
    assert not bare_keys(name).isdisjoint(bare_keys("Server"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("TEA", "tea"),
        ("1", "\uff11"),
        ("1", "\u0661"),
        ("é", "e\u0301"),
        ("☕", "☕\ufe0f"),
        ("аре", "ape"),
        ("tea", "tеа"),
    ],
)
def test_same_room(first, second):
    """Case, forms of a character, digits of other scripts and look-alikes are the same room."""
    assert room_key(first) == room_key(second)


@given(st.sets(st.text(st.characters(max_codepoint=0x7F), min_size=1), min_size=2))
def test_rooms_in_ascii_differ_unless_by_case(room_ids):
    """`1`, `l` and `I` are three rooms, and so are `corn` and `com`."""
    assert len({room_key(each) for each in room_ids}) == len({each.lower() for each in room_ids})


@given(st.text(max_size=32))
def test_keys_are_stable(text):
    """Folding twice is folding once, for text that folding keeps within one form."""
    assert fold(fold(text)) == fold(text)
    assert skeleton(skeleton(text)) == skeleton(text)
