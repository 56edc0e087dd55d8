"""Cutting what is read into lines or frames."""

from hypothesis import given
from hypothesis import strategies as st

from chatd.client.cutting import Cutter


@given(st.lists(st.text("ab\0", max_size=6)))
def test_pieces_make_no_difference(pieces):
    """However it was read, what comes out is the same."""
    cutter = Cutter(b"\0")
    ended = [one for piece in pieces for one in cutter.feed(piece.encode())]
    *whole, rest = "".join(pieces).encode().split(b"\0")
    assert (ended, cutter.rest, cutter.pending) == (whole, rest, len(rest))
