"""The numeric replies of IRC."""

from chatd.protocol.irc.numerics import Numeric


def test_numerics():
    """Each is a number of three digits, in their order, and reads as such in a line."""
    values = [each.value for each in Numeric]
    assert all(len(value) == 3 and value.isdigit() for value in values)
    assert values == sorted(set(values))
    assert f"{Numeric.WELCOME}" == "001"
