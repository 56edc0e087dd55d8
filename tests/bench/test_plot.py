"""The plot is well-formed XML, and its bars have the right lengths."""

from xml.etree import ElementTree as ET

from bench.plot import latency_groups, plot, rate_groups

_SVG = "{http://www.w3.org/2000/svg}"


def test_a_plot_is_well_formed_and_has_a_bar_for_each_server(result):
    """Both charts have a bar for each server; the background is a rectangle, too."""
    rates = result("B", "deliveries_per_s", {"chatd": 1, "floor": 2, "redis": 0.5})
    times = result("E", "p99_ms", {"chatd": 1, "floor": 2})
    root = ET.fromstring(plot([rates, times]))
    assert root.tag == f"{_SVG}svg"
    assert len(root.findall(f"{_SVG}rect")) == 6
    titles = [text.text for text in root.findall(f"{_SVG}text[@class='title']")]
    assert len(titles) == 2


def test_a_plot_of_nothing_is_well_formed():
    """Without results there is no chart, but still an image."""
    assert ET.fromstring(plot([])).tag == f"{_SVG}svg"


def test_a_rate_is_relative_to_the_floor(result):
    """The floor's bar has the full length, unless another server is faster."""
    [group] = rate_groups([result("B", "deliveries_per_s", {"chatd": 1, "floor": 2})])
    assert [(bar.server, bar.length, bar.value) for bar in group.bars] == [
        ("chatd", 0.5, "0.50"),
        ("floor", 1.0, "1.00"),
    ]


def test_latencies_are_logarithmic(result):
    """The bar of ten times the latency is one step longer."""
    [group] = latency_groups([result("E", "p99_ms", {"chatd": 0.1, "redis": 1})])
    assert [round(bar.length, 3) for bar in group.bars] == [0.5, 1.0]
