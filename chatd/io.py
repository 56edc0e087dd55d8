"""Descriptors that other processes share: standard streams, and the modes of a terminal.

Another process may have made a terminal or pipe non-blocking. Then a plain write writes a part of
the data, or nothing, and the rest would be lost. All programs of chatd use this module.
"""

from __future__ import annotations

import atexit
import os
import select
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

MAX_WAITING: Final = 1 << 20
"""How many bytes may wait for a `BackgroundWriter`."""

_STUCK_SECONDS: Final = 1.0
"""After how long without progress a `BackgroundWriter` is not waited for at the end."""


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, and wait for a slow reader; raise `OSError` if the write fails."""
    left = memoryview(data)
    while left:
        left = left[_write_some(descriptor, left) :]


def _write_some(descriptor: int, data: memoryview) -> int:
    """Write a part of `data`, and wait for a slow reader; return how many bytes were written."""
    while True:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            select.select([], [descriptor], [])


class BackgroundWriter:
    """Writes lines to a descriptor in a thread: a reader or a disk that hangs blocks no caller.

    The thread begins with `start`; lines before that are written at once, because a process that
    forks loses its threads. Lines are lost while `MAX_WAITING` bytes wait, and while writes fail,
    as on a full disk. `lost` counts them. When lines can be written again, the one that `notice`
    returns for the number of lost lines comes first. `on_error` is called when writes begin to
    fail. Both may be called in the thread.
    """

    def __init__(
        self,
        descriptor: int,
        notice: Callable[[int], bytes],
        on_error: Callable[[OSError], None],
    ) -> None:
        self.lost = 0
        self._descriptor = descriptor
        self._notice = notice
        self._on_error = on_error
        self._thread: threading.Thread | None = None
        self._condition = threading.Condition()
        # Under the condition: what waits, its size, and the lines lost behind it.
        self._waiting: list[bytes] = []
        self._size = 0
        self._overflowed = 0
        self._closing = False
        # Of the thread that writes: the lines lost to errors since the last notice, whether the
        # last line lacks its end, and how many writes were made.
        self._failed = 0
        self._is_failing = False
        self._is_torn = False
        self._progress = 0

    def start(self) -> None:
        """Write in a thread from now on."""
        # It does not keep the process from ending while a write hangs.
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def write(self, data: bytes, *, always: bool = False) -> None:
        """Write whole lines; with `always` they are not lost when too many bytes wait."""
        if self._thread is None:
            self._write_lines(data)
            return
        with self._condition:
            if self._size + len(data) > MAX_WAITING and not always:
                lines = data.count(b"\n")
                self._overflowed += lines
                self.lost += lines
                return
            self._waiting.append(data)
            self._size += len(data)
            self._condition.notify()

    def close(self) -> None:
        """Write what waits, but do not wait for a reader or a disk that hangs; end the thread."""
        atexit.unregister(self.close)
        if self._thread is None:
            return
        with self._condition:
            self._closing = True
            self._condition.notify()
        before = -1
        while self._thread.is_alive() and self._progress != before:
            before = self._progress
            self._thread.join(_STUCK_SECONDS)

    # -- within

    def _run(self) -> None:
        while True:
            with self._condition:
                while not (self._waiting or self._overflowed or self._closing):
                    self._condition.wait()
                data, self._waiting, self._size = b"".join(self._waiting), [], 0
                overflowed, self._overflowed = self._overflowed, 0
                is_last = self._closing
            if data:
                self._write_lines(data)
            if overflowed:
                self._failed += overflowed
                self._write_lines(b"")
            if is_last:
                return

    def _write_lines(self, data: bytes) -> None:
        """Write lines, after the notice of those that were lost to errors before."""
        prefix = b"\n" if self._is_torn else b""
        if self._failed:
            prefix += self._notice(self._failed)
        data = prefix + data
        done = 0
        try:
            while done < len(data):
                done += _write_some(self._descriptor, memoryview(data)[done:])
                self._progress += 1
        except OSError as error:
            if not self._is_failing:
                self._on_error(error)
            self._is_failing = True
            if done >= len(prefix):
                self._failed = 0
            lines = data.count(b"\n", max(done, len(prefix)))
            self._failed += lines
            self.lost += lines
        else:
            self._failed, self._is_failing = 0, False
        if done:
            self._is_torn = not data.endswith(b"\n", 0, done)


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
