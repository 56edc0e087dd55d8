"""Fixtures that make results of the benchmark, without measuring anything."""

import shutil

import pytest

from bench.figures import Figures, Result
from bench.scenarios import SCENARIOS

_FLAWLESS = dict.fromkeys(("missing", "repeated", "disordered", "own", "strange"), 0)
_JOINING = dict.fromkeys(("connect_s", "memory_per_connection", "joins_cpu_s", "joins_per_s"), 1.0)


@pytest.fixture
def figures():
    """Return a function that makes figures, with defaults for those not given."""
    return lambda **given: Figures(**{**_FLAWLESS, **_JOINING, **given})


@pytest.fixture
def result(figures):
    """Return a function that makes a result of a scenario.

    It takes the name of a figure, and for each round the values of that figure by server.
    """

    def make(scenario, field, *rounds):
        return Result(
            SCENARIOS[scenario],
            [
                {name: figures(**{field: value}) for name, value in values.items()}
                for values in rounds
            ],
            {},
        )

    return make


@pytest.fixture
def compiler():
    """Skip the test if there is no C compiler."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler (cc)")
