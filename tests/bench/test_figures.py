"""Medians, ratios within rounds, and the report that shows them."""

import pytest

from bench.figures import Figures
from bench.report import format_json, ratios, table
from bench.rounds import Length


def test_each_figure_has_its_own_median(figures):
    """The median of one figure does not depend on which round has that of another."""
    rounds = [
        figures(p50_ms=1, p99_ms=9),
        figures(p50_ms=2, p99_ms=7),
        figures(p50_ms=3, p99_ms=8),
    ]
    medians = Figures.medians(rounds)
    assert (medians.p50_ms, medians.p99_ms) == (2, 8)


def test_a_ratio_is_taken_within_each_round(result):
    """A server is compared within each round, because the machine's speed changes."""
    measured = result(
        "B",
        "deliveries_per_s",
        {"chatd": 10, "floor": 20},
        {"chatd": 300, "floor": 400},
        {"chatd": 9, "floor": 10},
    )
    assert measured.ratio("chatd", ["floor"]) == 0.75


def test_the_best_of_several_is_that_of_the_round(result):
    """Each round may have another best server; the best latency is the least."""
    rates = result(
        "B",
        "deliveries_per_s",
        {"chatd": 8, "redis": 2, "nats": 4},
        {"chatd": 8, "redis": 1, "nats": 0.5},
    )
    assert rates.ratio("chatd", ["redis", "nats"]) == 5
    times = result("E", "p99_ms", {"chatd": 8, "redis": 2, "nats": 4})
    assert times.ratio("chatd", ["redis", "nats"]) == 4


def test_a_server_that_failed_is_left_out(result):
    """A round with only one of the two servers has no ratio; without rounds it is None."""
    measured = result("B", "deliveries_per_s", {"chatd": 8, "redis": 2}, {"chatd": 100})
    assert measured.ratio("chatd", ["redis"]) == 4
    assert measured.ratio("chatd", ["nats"]) is None
    assert "chatd/floor" not in ratios(measured)


def test_irc_is_compared_with_nul(result):
    """The ratios are those of chatd on IRC; the one to NUL framing is taken with the same store."""
    rates = {"chatd": 8, "chatd-memory": 9, "chatd-irc": 4, "chatd-irc-memory": 3, "ngircd": 2}
    assert ratios(result("K", "deliveries_per_s", rates)) == {
        "IRC/best peer": 2,
        "IRC/NUL": 0.5,
        "IRC/NUL with memory:": pytest.approx(1 / 3),
    }
    times = {"chatd-irc": 3, "chatd-nul": 2}
    assert ratios(result("L", "server_cpu_per_million", times)) == {"IRC/NUL alone, CPU time": 1.5}


def test_errors_are_counted_in_all_rounds(result):
    """A median of 0 does not hide the errors of one round."""
    measured = result("B", "missing", {"chatd": 0}, {"chatd": 3}, {"chatd": 0})
    assert measured.of("chatd").errors == 0
    assert measured.errors == 3
    assert "ERRORS: 3 deliveries" in table(measured)


def test_a_busy_machine_is_reported(result):
    """The table warns if other processes had the generator's core."""
    warning = "The machine was busy"
    assert warning in table(result("B", "withheld", {"chatd": 0, "floor": 0.2}))
    assert warning not in table(result("B", "withheld", {"chatd": 0.01}))


@pytest.mark.parametrize(
    ("scenario", "field", "shown"),
    [
        ("B", "deliveries_per_s", "chatd/floor, deliveries/s: 0.50"),
        ("E", "p99_ms", "chatd/floor, p99: 0.50"),
        ("H", "joins_per_s", "chatd/floor, joins/s: 0.50"),
    ],
)
def test_the_table_has_a_row_for_each_server_and_the_ratios(result, scenario, field, shown):
    """The rows have the titles of the servers, the ratio is of the scenario's figure."""
    lines = table(result(scenario, field, {"chatd": 1, "floor": 2})).splitlines()
    assert [line.split()[0] for line in lines[3:5]] == ["chatd", "floor"]
    assert shown in lines[6]


def test_the_json_has_rounds_medians_and_ratios(result):
    """The JSON document has all values that the table shows."""
    measured = result("B", "deliveries_per_s", {"chatd": 1, "floor": 2})
    scenario = format_json([measured], Length())["scenarios"]["B"]
    assert scenario["rounds"][0]["floor"]["deliveries_per_s"] == 2
    assert scenario["medians"]["chatd"]["deliveries_per_s"] == 1
    assert scenario["ratios"]["chatd/floor"] == 0.5
