"""Editing a line, its history, and which part of it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcwidth

from chatd.admin.lineedit import LineBuffer, visible_part


@pytest.fixture
def line():
    """Return a line with three words and the cursor at its end."""
    line = LineBuffer()
    line.insert("kick Zoë 1")
    return line


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        ("left left backspace", "kick Zo 1", 7),
        ("home delete delete", "ck Zoë 1", 0),
        ("home left", "kick Zoë 1", 0),
        ("right", "kick Zoë 1", 10),
        ("delete", "kick Zoë 1", 10),
        ("home backspace", "kick Zoë 1", 0),
        ("left left delete_to_end", "kick Zoë", 8),
        ("left left delete_to_start", " 1", 0),
        ("home right right end", "kick Zoë 1", 10),
        ("delete_word", "kick Zoë ", 9),
        ("delete_word delete_word", "kick ", 5),
        ("delete_word delete_word delete_word delete_word", "", 0),
    ],
)
def test_editing(line, keys, text, cursor):
    """Each key does its work, and none goes over an end."""
    for key in keys.split():
        getattr(line, key)()
    assert (line.text, line.cursor) == (text, cursor)


def test_insert_in_the_middle(line):
    """The cursor stays behind what was inserted."""
    line.home()
    line.insert("no ")
    assert (line.text, line.before) == ("no kick Zoë 1", "no ")


@pytest.mark.parametrize("character", ["e\u0301", "☺\ufe0f", "👩\u200d👧"])
def test_a_character_of_several_is_one(character):
    """Accents and joined emoji go with what they belong to."""
    line = LineBuffer()
    line.insert(f"a{character}b")
    line.left()
    line.left()
    assert line.cursor == 1
    line.right()
    line.backspace()
    assert line.text == "ab"
    line.insert(character)
    line.left()
    line.delete()
    assert line.text == "ab"


def test_history_keeps_an_unfinished_line(line):
    """Up and down come back to what was being typed."""
    line.enter()
    line.insert("list")
    line.enter()
    line.insert("unfin")
    shown = []
    for key in (line.older, line.older, line.older, line.newer, line.newer, line.newer):
        key()
        shown.append(line.text)
    assert shown == ["list", "kick Zoë 1", "kick Zoë 1", "list", "unfin", "unfin"]
    assert line.cursor == len("unfin")


def test_history_has_no_empty_and_no_repeated_lines(line):
    """Such lines would only be in the way."""
    line.enter()
    for text in ("", " ", "kick Zoë 1"):
        line.insert(text)
        line.enter()
    line.older()
    line.older()
    line.newer()
    assert line.text == ""


def test_a_line_of_the_history_can_be_used_again(line):
    """Edited and entered it becomes the last one; the old one stays."""
    line.enter()
    line.older()
    line.backspace()
    line.insert("2")
    assert line.enter() == "kick Zoë 2"
    line.older()
    line.older()
    assert line.text == "kick Zoë 1"


@given(st.text("ab日😄\u0301", max_size=60), st.data(), st.integers(2, 20))
def test_the_visible_part(text, data, columns):
    """It has the cursor in it, fits, and leaves no room that could be used."""
    cursor = data.draw(st.integers(0, len(text)))
    before = data.draw(st.integers(0, len(text)))
    first, last = visible_part(text, cursor, before, columns)
    assert first <= cursor <= last
    assert sum(map(wcwidth, text[first:last])) <= columns
    assert last == len(text) or sum(map(wcwidth, text[first : last + 1])) > columns
    assert last < len(text) or first == 0 or sum(map(wcwidth, text[first - 1 : last])) > columns


def test_the_visible_part_stays_where_it_is():
    """As long as the cursor is in it, the row does not move."""
    assert visible_part("a" * 100, 60, 50, 20) == (50, 70)
    assert visible_part("a" * 100, 50, 50, 20) == (50, 70)
    assert visible_part("a" * 100, 49, 50, 20) == (49, 69)
    assert visible_part("a" * 100, 71, 50, 20) == (51, 71)
