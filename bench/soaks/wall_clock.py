"""A wall clock that is set while a program in Python runs: `time.time` is replaced at its start.

libfaketime would do this to every program, but it also disturbs the timed waits of threads.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

_SITECUSTOMIZE = """\
import mmap, struct, time
with open({path!r}, "rb") as file:
    offset = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
real = time.time
time.time = lambda: real() + struct.unpack_from("d", offset)[0]
"""


class WallClock:
    """The wall clock of programs that are started with the variables in `environment`.

    It is some seconds ahead of the real one. The files that do this are in `directory`.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / "offset"
        self._file.write_bytes(struct.pack("d", 0))
        # Python imports this module at its start.
        (directory / "sitecustomize.py").write_text(_SITECUSTOMIZE.format(path=str(self._file)))
        paths = [str(directory), str(Path(__file__).parents[2])]
        self.environment = {"PYTHONPATH": os.pathsep.join(paths)}

    def set(self, offset: float) -> None:
        """Let the clock be `offset` seconds ahead."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("d", offset))
