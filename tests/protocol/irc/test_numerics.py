"""The numeric replies of IRC."""

import re
from pathlib import Path

from chatd.protocol.irc.numerics import Numeric

ROOT = Path(__file__).parents[3]


def test_numerics():
    """Each is a number of three digits, in their order, and reads as such in a line."""
    values = [each.value for each in Numeric]
    assert all(len(value) == 3 and value.isdigit() for value in values)
    assert values == sorted(set(values))
    assert f"{Numeric.WELCOME}" == "001"


def test_each_numeric_is_sent():
    """No member is there that no part of the server uses."""
    source = "\n".join(path.read_text() for path in (ROOT / "chatd").rglob("*.py"))
    used = set(re.findall(r"\bNumeric\.([A-Z0-9]+)\b", source))
    assert used == set(Numeric.__members__)
