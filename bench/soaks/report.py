"""What a scenario found: figures to read, and checks that hold or do not."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

MEBIBYTE = 1024 * 1024


class Report:
    """Prints figures and checks as they come; `failed`: what did not hold."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._began = time.monotonic()

    def figure(self, name: str, value: object) -> None:
        """Print a figure."""
        self._print(f"{name}: {value}")

    def check(self, promise: str, held: bool, found: object = "") -> None:
        """Print whether a promise held, and what was found."""
        if not held:
            self.failed.append(promise)
        about = f" ({found})" if found != "" else ""
        self._print(f"{'ok    ' if held else 'FAILED'} {promise}{about}")

    def _print(self, line: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {line}", flush=True)


def mebibytes(size: float) -> str:
    """Return a number of bytes for people."""
    return f"{size / MEBIBYTE:.1f} MiB"


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which `part` of all are; NaN of none."""
    if not values:
        return math.nan
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def milliseconds(values: Sequence[float]) -> str:
    """Return median, 99th percentile and greatest of some seconds, for people."""
    p50, p99 = percentile(values, 0.5), percentile(values, 0.99)
    most = max(values, default=math.nan)
    return f"p50 {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms, most {most * 1e3:.2f} ms"
