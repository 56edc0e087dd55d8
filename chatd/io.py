"""Descriptors that other processes share: standard streams, and the modes of a terminal.

Another process may have made a terminal or pipe non-blocking. Then a plain write writes a part of
the data, or nothing, and the rest would be lost. All programs of chatd use this module.
"""

from __future__ import annotations

import atexit
import os
import select
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, and wait for a slow reader; raise `OSError` if the write fails."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


def in_foreground(descriptor: int) -> bool:
    """Return whether this process may use the terminal.

    A background process that reads the terminal or changes its mode is stopped by the kernel.
    """
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def quiet_mode(descriptor: int, *, signals: bool) -> Iterator[None]:
    """Turn off echo and the kernel's line editing; restore the mode at the end or at exit.

    Input between two prompts then waits, unseen, for the next prompt. Ctrl-C waits, too,
    unless `signals` is set: then it sends SIGINT.
    """
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:  # no terminal
        yield
        return
    mode = [*before]
    mode[tty.IFLAG] &= ~(termios.IXON | termios.ICRNL)
    mode[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    if not signals:
        mode[tty.LFLAG] &= ~termios.ISIG

    def restore() -> None:
        if in_foreground(descriptor):
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(descriptor, termios.TCSANOW, before)

    # The editor of the server runs in a thread, which the interpreter does not unwind at exit.
    atexit.register(restore)
    try:
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
        yield
    finally:
        atexit.unregister(restore)
        restore()
