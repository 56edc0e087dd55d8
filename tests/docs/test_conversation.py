"""The replacement of what differs from one picture to the next."""

import pytest

from docs.picture.svg import Cell

pytest.importorskip("pyte", reason="the picture needs pyte")
from docs.picture.conversation import Stable


def replaced(stable, text):
    """Return the text of a row of `text` after the replacements."""
    return "".join(cell.text for cell in stable.replaced([Cell(each) for each in text]))


def test_times():
    """The same words have the same time on all screens; later words have a later one."""
    stable = Stable()
    assert replaced(stable, "[09:13:55] Bob: hi") == "[12:15:01] Bob: hi"
    assert replaced(stable, "[09:13:57] Ann: hi") == "[12:15:05] Ann: hi"
    assert replaced(stable, "[09:13:56] Bob: hi  ") == "[12:15:01] Bob: hi  "
    assert replaced(stable, "Bob: at noon") == "Bob: at noon"


def test_ports():
    """The ports of connections are numbered in the order of their first appearance."""
    stable = Stable()
    assert replaced(stable, "from ('127.0.0.1', 41234)") == "from ('127.0.0.1', 50001)"
    assert replaced(stable, "<127.0.0.1:33333>") == "<127.0.0.1:50002>"
    assert replaced(stable, "<127.0.0.1:41234>") == "<127.0.0.1:50001>"
