"""The bell and the title of the terminal."""

import io

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.output.vt100 import Vt100_Output
from twisted.internet.task import Clock

from chatd.client.ui.attention import Attention

SAVED, RESTORED = "\x1b[22;2t", "\x1b[23;2t"


@pytest.fixture
def make():
    """Return a function that makes an `Attention`; it returns that, its output and its clock."""

    def make(*, rings=True, term="xterm"):
        written, clock = io.StringIO(), Clock()
        output = Vt100_Output(written, lambda: Size(24, 80), term=term)
        return Attention(output, clock.seconds, rings=rings), written, clock

    return make


def test_title(make):
    """The title counts, and is the former one again when a key is pressed."""
    attention, written, _ = make(rings=False)
    attention.draw()
    attention.draw()
    assert written.getvalue() == f"{SAVED}\x1b]2;(1) chatd\x07\x1b]2;(2) chatd\x07"
    attention.answered()
    assert written.getvalue().endswith(f"\x1b]2;chatd\x07{RESTORED}")
    attention.draw()
    assert written.getvalue().endswith(f"{SAVED}\x1b]2;(1) chatd\x07")


def test_nothing_to_answer(make):
    """A key changes nothing where the title was not changed."""
    attention, written, _ = make()
    attention.answered()
    assert written.getvalue() == ""


def test_bell(make):
    """The bell rings once for lines that arrive together."""
    # The console of Linux has no title, whose sequence has the same character in it.
    attention, written, clock = make(term="linux")
    for seconds, bells in ((0.0, 1), (0.5, 1), (0.5, 2), (10.0, 3)):
        clock.advance(seconds)
        attention.draw()
        assert written.getvalue().count("\x07") == bells
