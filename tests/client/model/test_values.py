"""Values in replies of a server that is not trusted."""

import pytest

from chatd.client.model.values import int_or_none, str_or_none


@pytest.mark.parametrize(
    ("value", "number", "text"),
    [(7, 7, None), ("7", None, "7"), (True, None, None), (None, None, None), (7.0, None, None)],
)
def test_values(value, number, text):
    """A value of another type is none."""
    assert (int_or_none(value), str_or_none(value)) == (number, text)
