"""The pid file that twistd makes: `twistd.pid` in the working directory, or its option --pidfile.

twistd refuses to start while a process has the id in that file. After a crash that may be any
process: in a container it is often the new server itself.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def prepare_pid_file(path: str) -> None:
    """Remove the pid file at `path` if it is left from a server that is gone.

    Raise `OSError` if twistd cannot write the file. An empty path stands for no file.
    """
    if not path:
        return
    file = Path(path)
    with suppress(FileNotFoundError, ValueError):
        if not _is_twistd(int(file.read_text())):
            file.unlink()
    # twistd reports this with a traceback.
    is_new = not file.exists()
    with file.open("ab"):
        pass
    if is_new:
        file.unlink()


def _is_twistd(pid: int) -> bool:
    """Return whether another process has the id and may be a twistd."""
    if pid == os.getpid():
        return False
    try:
        return b"twistd" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        # No such process, or a system without /proc: twistd decides.
        return True
