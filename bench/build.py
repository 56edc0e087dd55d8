"""Compiles the C programs of the benchmark when they are used first, and after changes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_SOURCES: Final = {
    "floor": ("floor.c",),
    "loadgen": ("loadgen.c", "speaking.c", "receiving.c"),
}


class BenchError(Exception):
    """The benchmark cannot run; the message is one line for the user."""


def program(name: str) -> Path:
    """Return the path of a program; compile it if its sources are newer. Raises `BenchError`."""
    binary = _HERE / name
    sources = [_HERE / source for source in _SOURCES[name]]
    newest = max(path.stat().st_mtime for path in (*sources, *_HERE.glob("*.h")))
    if not binary.exists() or binary.stat().st_mtime < newest:
        _compile(sources, binary)
    return binary


def _compile(sources: Sequence[Path], binary: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        raise BenchError(f"a C compiler is needed to build {binary.name}, and there is no cc")
    # The result is moved into place: an interrupted build leaves no file that looks complete.
    unfinished = binary.with_suffix(".new")
    command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(unfinished), *map(str, sources)]
    try:
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode != 0:
            first = (built.stderr.strip() or f"status {built.returncode}").splitlines()[0]
            raise BenchError(f"cc cannot build {binary.name}: {first}")
        unfinished.replace(binary)
    finally:
        unfinished.unlink(missing_ok=True)
