"""Isolation of text from right to left."""

import pytest

from chatd.core.bidi import isolate


@pytest.mark.parametrize("text", ["", "hi", "Zoë", "日本", "a\nb", "😄"])
def test_text_from_left_to_right_is_unchanged(text):
    """Nothing is added where nothing is reordered."""
    assert isolate(text) == text


@pytest.mark.parametrize("text", ["אבג", "hi محمد", "\u200fhi", "\U0001e900"])
def test_text_from_right_to_left_is_isolated(text):
    """The rest of the line keeps its order."""
    assert isolate(text) == f"\u2068{text}\u2069"


def test_each_line_is_isolated():
    """An isolate ends with its line."""
    assert isolate("hi\nאב\nג") == "hi\n\u2068אב\u2069\n\u2068ג\u2069"
