"""Compiles the C programs of the benchmark, when they are first used or have changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_HERE = Path(__file__).parent
_HEADERS = (_HERE / "common.h",)


class BenchError(Exception):
    """What keeps the benchmark from running; the message is the one line that is shown."""


def program(name: str) -> Path:
    """Return the program made from `NAME.c` beside this module, compiled anew if that is younger."""
    binary, source = _HERE / name, _HERE / f"{name}.c"
    newest = max(path.stat().st_mtime for path in (source, *_HEADERS))
    if not binary.exists() or binary.stat().st_mtime < newest:
        _compile(source, binary)
    return binary


def _compile(source: Path, binary: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        raise BenchError(f"a C compiler is needed to build {source.name}, and there is no cc")
    # Made beside and moved: a build that was interrupted leaves nothing that looks finished.
    unfinished = binary.with_suffix(".new")
    command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(unfinished), str(source)]
    try:
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode != 0:
            first = (built.stderr.strip() or f"status {built.returncode}").splitlines()[0]
            raise BenchError(f"cc cannot build {source.name}: {first}")
        unfinished.replace(binary)
    finally:
        unfinished.unlink(missing_ok=True)
