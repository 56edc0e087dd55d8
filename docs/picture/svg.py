"""Terminal windows as an SVG: a grid of text on a dark ground, readable on any page.

The letters of a run are stretched to the width of their cells, so that the grid stays a grid
whatever fixed-width font the reader has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

CELL_WIDTH: Final = 7.8
CELL_HEIGHT: Final = 17
_FONT_SIZE: Final = 13
_BASELINE: Final = 13
_MARGIN: Final = 12
_BAR: Final = 26

_GROUND: Final = "#0d1117"
_TEXT: Final = "#e6edf3"
_FRAME: Final = "#30363d"
_BAR_GROUND: Final = "#161b22"
_BUTTONS: Final = ("#ff5f57", "#febc2e", "#28c840")
_FONTS: Final = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


@dataclass(frozen=True, slots=True)
class Cell:
    """A character of a terminal: `width` is 1 or 2 cells; the colours are those of CSS."""

    text: str = " "
    width: int = 1
    colour: str = _TEXT
    ground: str = _GROUND
    bold: bool = False
    italic: bool = False


Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Window:
    """A terminal with a title; its upper left corner is at `x` and `y`, in units of the SVG."""

    title: str
    rows: Sequence[Row]
    x: float = 0
    y: float = 0

    @property
    def width(self) -> float:
        """The width with the margins."""
        columns = max((sum(cell.width for cell in row) for row in self.rows), default=0)
        return columns * CELL_WIDTH + 2 * _MARGIN

    @property
    def height(self) -> float:
        """The height with the bar and the margins."""
        return len(self.rows) * CELL_HEIGHT + _BAR + 2 * _MARGIN


def picture(title: str, windows: Sequence[Window]) -> str:
    """Return the SVG of windows; `title` is for readers who do not see it."""
    width = max(window.x + window.width for window in windows)
    height = max(window.y + window.height for window in windows)
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" xml:space="preserve">',
        f"<title>{escape(title)}</title>",
        f'<g font-family="{_FONTS}" font-size="{_FONT_SIZE}" fill="{_TEXT}">',
        *(line for window in windows for line in _window(window)),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _window(window: Window) -> Iterable[str]:
    width, height = window.width, window.height
    yield f'<g transform="translate({window.x:g} {window.y:g})">'
    frame = f'x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="8"'
    yield f'<rect {frame} fill="{_GROUND}" stroke="{_FRAME}"/>'
    bar = f"M1 {_BAR}V9a8 8 0 0 1 8-8H{width - 9:g}a8 8 0 0 1 8 8V{_BAR}z"
    yield f'<path d="{bar}" fill="{_BAR_GROUND}"/>'
    for at, colour in enumerate(_BUTTONS):
        yield f'<circle cx="{16 + 18 * at}" cy="{_BAR / 2:g}" r="5" fill="{colour}"/>'
    middle = f'x="{width / 2:g}" y="{_BAR / 2 + 4:g}" text-anchor="middle"'
    yield f'<text {middle} font-size="12" fill="#8b949e">{escape(window.title)}</text>'
    for number, row in enumerate(window.rows):
        yield from _row(row, _BAR + _MARGIN + number * CELL_HEIGHT)
    yield "</g>"


def _row(row: Row, y: float) -> Iterable[str]:
    """Yield the runs of cells of one style, each at the place of its first cell."""
    column = 0
    for _, run in groupby(row, key=_style):
        cells = list(run)
        columns = sum(cell.width for cell in cells)
        words = "".join(cell.text for cell in cells)
        yield from _run(cells[0], words, columns, _MARGIN + column * CELL_WIDTH, y)
        column += columns


def _style(cell: Cell) -> tuple[object, ...]:
    """Return the key of a run: the style, and the width, as wide characters stand by themselves."""
    return cell.colour, cell.ground, cell.bold, cell.italic, cell.width


def _run(first: Cell, words: str, columns: int, x: float, y: float) -> Iterable[str]:
    width = columns * CELL_WIDTH
    if first.ground != _GROUND:
        place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{CELL_HEIGHT}"'
        yield f'<rect {place} fill="{first.ground}"/>'
    if not words.strip():
        return
    shown = words.strip()
    x += (len(words) - len(words.lstrip())) * CELL_WIDTH
    width -= (len(words) - len(shown)) * CELL_WIDTH
    place = f'x="{x:g}" y="{y + _BASELINE:g}" textLength="{width:g}"'
    looks = ' lengthAdjust="spacingAndGlyphs"'
    looks += f' fill="{first.colour}"' if first.colour != _TEXT else ""
    looks += ' font-weight="bold"' if first.bold else ""
    looks += ' font-style="italic"' if first.italic else ""
    yield f"<text {place}{looks}>{escape(shown)}</text>"
