"""Records of the store."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.core.records import ids_to_reserve


@given(st.integers(0, 2**53))
def test_reserved_ids_grow_with_the_room(last_id):
    """At least 16,384 ids are reserved, and never more than a busy room would skip."""
    assert 16384 <= ids_to_reserve(last_id) <= 16384 + last_id
    assert ids_to_reserve(last_id + 64) > ids_to_reserve(last_id)
