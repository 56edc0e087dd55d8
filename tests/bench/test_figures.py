"""The arithmetic of the report: medians, and ratios within rounds."""

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
    """Weather that changes between rounds does not matter: each is compared with its own."""
    found = result(
        "B",
        "deliveries_per_s",
        {"chatd": 10, "floor": 20},
        {"chatd": 300, "floor": 400},
        {"chatd": 9, "floor": 10},
    )
    assert found.ratio("chatd", ["floor"]) == 0.75


def test_the_best_of_several_is_that_of_the_round(result):
    """The best peer may be another in every round, and for latency the best is the least."""
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
    """A round without one of the two gives no ratio, and none at all is no number."""
    found = result("B", "deliveries_per_s", {"chatd": 8, "redis": 2}, {"chatd": 100})
    assert found.ratio("chatd", ["redis"]) == 4
    assert found.ratio("chatd", ["nats"]) is None
    assert "chatd/floor" not in ratios(found)


def test_errors_are_counted_in_all_rounds(result):
    """What was lost in one round is not hidden by a median of 0."""
    found = result("B", "missing", {"chatd": 0}, {"chatd": 3}, {"chatd": 0})
    assert found.of("chatd").errors == 0
    assert found.errors == 3
    assert "ERRORS: 3 deliveries" in table(found)


def test_a_busy_machine_is_told_of(result):
    """Figures are in doubt where others had the generator's core."""
    words = "The machine was busy"
    assert words in table(result("B", "withheld", {"chatd": 0, "floor": 0.2}))
    assert words not in table(result("B", "withheld", {"chatd": 0.01}))


@pytest.mark.parametrize(
    ("scenario", "field", "shown"),
    [
        ("B", "deliveries_per_s", "chatd/floor, deliveries/s: 0.50"),
        ("E", "p99_ms", "chatd/floor, p99: 0.50"),
        ("H", "joins_per_s", "chatd/floor, joins/s: 0.50"),
    ],
)
def test_the_table_has_a_row_for_each_server_and_the_ratios(result, scenario, field, shown):
    """What a scenario is about is compared, by the titles of the servers."""
    lines = table(result(scenario, field, {"chatd": 1, "floor": 2})).splitlines()
    assert [line.split()[0] for line in lines[3:5]] == ["chatd", "floor"]
    assert shown in lines[6]


def test_the_json_has_rounds_medians_and_ratios(result):
    """Programs find everything that the table is made of."""
    found = result("B", "deliveries_per_s", {"chatd": 1, "floor": 2})
    scenario = format_json([found], Length())["scenarios"]["B"]
    assert scenario["rounds"][0]["floor"]["deliveries_per_s"] == 2
    assert scenario["medians"]["chatd"]["deliveries_per_s"] == 1
    assert scenario["ratios"]["chatd/floor"] == 0.5
