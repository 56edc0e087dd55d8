"""The report of a scenario: figures, and checks that hold or fail."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

MEBIBYTE = 1024 * 1024


class Report:
    """Prints figures and checks at once; `failed` has the checks that did not hold."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._began = time.monotonic()

    def figure(self, name: str, value: object) -> None:
        """Print a figure."""
        self._print(f"{name}: {value}")

    def check(self, promise: str, held: bool, value: object = "") -> None:
        """Print whether a promise held, and the value that was measured."""
        if not held:
            self.failed.append(promise)
        details = f" ({value})" if value != "" else ""
        self._print(f"{'ok    ' if held else 'FAILED'} {promise}{details}")

    def _print(self, line: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {line}", flush=True)


def mebibytes(size: float) -> str:
    """Return a number of bytes as text."""
    return f"{size / MEBIBYTE:.1f} MiB"


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which `part` of all values are, or NaN if there are none."""
    if not values:
        return math.nan
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def milliseconds(values: Sequence[float]) -> str:
    """Return median, 99th percentile and maximum of values in seconds, as text."""
    p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
    maximum = max(values, default=math.nan)
    return f"p50 {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms, most {maximum * 1e3:.2f} ms"
