"""Terminal windows as an SVG."""

import re
from xml.etree import ElementTree as ET

from docs.picture.svg import CELL_HEIGHT, CELL_WIDTH, Cell, Window, picture

_SVG = "{http://www.w3.org/2000/svg}"


def row(text, **style):
    """Return a row of cells of one style."""
    return [Cell(character, **style) for character in text]


def texts(svg):
    """Return the elements with text, after the title of the window."""
    return ET.fromstring(svg).findall(f".//{_SVG}text")[1:]


def test_text_and_title():
    """Each run of a style is one element; texts of users are escaped."""
    svg = picture("a & b", [Window("<Ann>", [row("hi <b>") + row("bold", bold=True)])])
    root = ET.fromstring(svg)
    assert root.find(f"{_SVG}title").text == "a & b"
    assert root.find(f".//{_SVG}text").text == "<Ann>"
    assert [element.text for element in texts(svg)] == ["hi <b>", "bold"]
    assert texts(svg)[1].get("font-weight") == "bold"


def test_grid():
    """A run starts at the place of its first cell; a wide character takes two."""
    wide = Cell("😄", 2)
    svg = picture("", [Window("", [row("ab"), [wide, *row("c")]])])
    first, smile, after = texts(svg)
    assert float(smile.get("x")) == float(first.get("x"))
    assert float(smile.get("textLength")) == 2 * CELL_WIDTH
    assert float(after.get("x")) == float(first.get("x")) + 2 * CELL_WIDTH
    assert float(after.get("y")) == float(first.get("y")) + CELL_HEIGHT


def test_ground():
    """A cell with a ground of its own has a rectangle, also if it is a blank."""
    svg = picture("", [Window("", [row(" ", ground="#ffffff")])])
    grounds = [rect.get("fill") for rect in ET.fromstring(svg).iter(f"{_SVG}rect")]
    assert grounds[1:] == ["#ffffff"]
    assert texts(svg) == []


def test_size():
    """The picture has room for all windows, at their places."""
    left = Window("", [row("x" * 10)] * 3)
    right = Window("", [row("x" * 10)] * 5, x=left.width, y=7)
    root = ET.fromstring(picture("", [left, right]))
    assert float(root.get("width")) == left.width + right.width
    assert float(root.get("height")) == right.height + 7
    assert re.fullmatch(r"0 0 [\d.]+ [\d.]+", root.get("viewBox"))
