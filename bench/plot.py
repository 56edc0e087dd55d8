"""The plot: bars in an SVG, readable on a light and on a dark background.

There are two charts, with a group of bars for each scenario: deliveries a second as a part of the
floor's, and the 99th percentile of the latency. The bars of the second chart are logarithmic: next
to a server that is overloaded the other bars could not be seen otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from bench.figures import Result
from bench.scenarios import Kind
from bench.servers import FLOOR, SERVERS

WIDTH: Final = 960
_MARGIN: Final = 24
_BAR: Final = 12
_GAP: Final = 28
_LABELS: Final = 130
_VALUES: Final = 70
_LEAST_MS: Final = 0.01

_STYLE: Final = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.value, .server { font-size: 10px; }
.ground { fill: #ffffff; }
.other { fill: #8c959f; }
.chatd { fill: #0969da; }
.floor { fill: #1a7f37; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.ground { fill: #0d1117; }
.other { fill: #6e7681; }
.chatd { fill: #58a6ff; }
.floor { fill: #3fb950; }
}
"""


@dataclass(frozen=True)
class Bar:
    """A server in a scenario: `length` is a part of the width, `value` the text beside the bar."""

    server: str
    length: float
    value: str


@dataclass(frozen=True)
class Group:
    """The bars of a scenario."""

    title: str
    bars: Sequence[Bar]


def plot(results: Sequence[Result]) -> str:
    """Return the plot as an SVG document."""
    charts = (
        ("Deliveries a second, as a part of the floor's (longer is better)", rate_groups(results)),
        ("99th percentile of the latency (shorter is better)", latency_groups(results)),
    )
    parts: list[str] = []
    y = float(_MARGIN)
    for title, groups in charts:
        if groups:
            y = _chart(parts, y, title, groups)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:g}" '
        f'width="{WIDTH}" height="{y:g}" role="img">'
    )
    ground = '<rect class="ground" width="100%" height="100%"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", ground, *parts, "</svg>", ""])


def rate_groups(results: Sequence[Result]) -> list[Group]:
    """Return the bars of deliveries a second, as a part of the floor's.

    Without the floor they are a part of the best server's.
    """
    groups = []
    for result in _of_kind(results, Kind.RATE):
        base = [FLOOR] if FLOOR in result.servers else result.servers
        parts = {name: result.ratio(name, base) or 0 for name in result.servers}
        longest = max(1.0, *parts.values())
        bars = [Bar(name, part / longest, f"{part:.2f}") for name, part in parts.items()]
        groups.append(Group(str(result.scenario), bars))
    return groups


def latency_groups(results: Sequence[Result]) -> list[Group]:
    """Return the bars of the latency, on a logarithmic scale."""
    measured = _of_kind(results, Kind.LATENCY)
    values = {
        (result.scenario.name, name): result.value(name)
        for result in measured
        for name in result.servers
    }
    longest = max((_decades(value) for value in values.values()), default=1) or 1
    return [
        Group(
            str(result.scenario),
            [
                Bar(name, _decades(value) / longest, f"{value:.2f} ms")
                for name in result.servers
                for value in (values[result.scenario.name, name],)
            ],
        )
        for result in measured
    ]


def _of_kind(results: Sequence[Result], kind: Kind) -> list[Result]:
    return [result for result in results if result.scenario.kind is kind and result.servers]


def _decades(ms: float) -> float:
    return math.log10(max(ms, _LEAST_MS) / _LEAST_MS)


def _chart(parts: list[str], y: float, title: str, groups: Sequence[Group]) -> float:
    """Append the elements of a chart that starts at `y`; return the `y` of its end."""
    write: Callable[[str], None] = parts.append
    write(f'<text class="title" x="{_MARGIN}" y="{y + 12:g}">{escape(title)}</text>')
    y += _GAP
    for group in groups:
        write(f'<text x="{_MARGIN}" y="{y + 10:g}">{escape(group.title)}</text>')
        y += 18
        for bar in group.bars:
            write(_bar(bar, y))
            y += _BAR + 3
        y += _GAP / 2
    return y + _GAP / 2


def _bar(bar: Bar, y: float) -> str:
    left = _MARGIN + _LABELS
    width = max(1.0, (WIDTH - left - _MARGIN - _VALUES) * bar.length)
    kind = "floor" if bar.server == FLOOR else "other"
    kind = "chatd" if bar.server.startswith("chatd") else kind
    title = escape(SERVERS[bar.server].title)
    base = y + _BAR - 2
    return (
        f'<text class="server" x="{left - 6}" y="{base:g}" text-anchor="end">{title}</text>'
        f'<rect class="{kind}" x="{left}" y="{y:g}" width="{width:.1f}" height="{_BAR}" rx="2"/>'
        f'<text class="value" x="{left + width + 5:.1f}" y="{base:g}">{escape(bar.value)}</text>'
    )
