"""Removes what a server that was killed leaves beside its UNIX sockets.

The file of the socket stays, and so does Twisted's lock `PATH.lock`: a symbolic link to the process
id. In a container the next server often has the id of the one before, and would take the lock for
its own.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path


def remove_stale_socket(path: Path) -> None:
    """Remove the socket at `path`, and its lock, if no server answers there.

    Raise `OSError` if a server answers, or if there is a file that is no socket.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError("there is a file of that name that is no socket")
    except FileNotFoundError:
        _remove_own_lock(lock)
        return
    with socket.socket(socket.AF_UNIX) as probe:
        # A connection to a busy server would block.
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            lock.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass
    raise FileExistsError("another server answers there")


def _remove_own_lock(lock: Path) -> None:
    """Remove a lock that names this process: a server before it with the same id made it."""
    with suppress(OSError):
        if lock.readlink() == Path(str(os.getpid())):
            lock.unlink()
