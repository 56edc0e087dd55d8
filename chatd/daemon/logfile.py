"""Where the log goes, and the format of its lines.

In the foreground (`twistd -n`) the log goes to standard output, one plain line for each event. A
file has twistd's format, with time and level. `--log-json` makes each event a JSON object in both.

The file is chatd's own, because twistd cannot open its log file again after logrotate has moved it,
does not append to one that logrotate has truncated, and starts a new one by itself after a million
bytes. twistd keeps its syslog and custom loggers.

Once the reactor runs, a thread writes the log: standard output that nobody reads and a disk that
hangs do not stop the server.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from twisted.logger import (
    ILogObserver,
    LogEvent,
    LogLevel,
    formatEvent,
    formatEventAsClassicLogText,
)
from zope.interface import implementer

from chatd.admin.stdio import StandardOutputLog, format_plain, lost_event, report_error
from chatd.io import BackgroundWriter
from chatd.protocol.jsonio import dump

_NEW_MODE: Final = 0o600
"""The mode of a file that chatd makes: the log has the addresses of users."""


class LogError(Exception):
    """The log cannot be opened as the options ask; the message is one line for the operator."""


def format_json(event: LogEvent) -> str:
    """Return an event as a JSON object on one line.

    The fields are `time`, `level`, `namespace`, `text`, then those of the event, of which `event`
    is its name; for a failure, `event` is `failure` and `traceback` is set.
    """
    time = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    fields = {
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": event.get("log_level", LogLevel.info).name,
        "namespace": event.get("log_namespace", "-"),
        "text": formatEvent(event),
    }
    if event.get("log_namespace") == "chatd":
        fields |= event.get("fields", {})
    failure = event.get("log_failure")
    if failure is not None:
        fields["event"] = "failure"
        fields["traceback"] = failure.getTraceback()
    return dump(fields)


@implementer(ILogObserver)
class LogFile:
    """Appends the log to the file `path`; `format_event` returns the lines of an event, or None.

    It is rotated, or opened again, only when the operator asks for it. A file that exists keeps its
    mode, unless it is made private.
    """

    def __init__(self, path: str, format_event: Callable[[LogEvent], str | None]) -> None:
        self._path = Path(path).absolute()
        self._format_event = format_event
        self._is_private = False
        self._descriptor = self._open()
        self.writer = BackgroundWriter(
            self._descriptor, lambda lines: self._encode(lost_event(lines)), report_error
        )

    def __call__(self, event: LogEvent) -> None:
        """Write an event."""
        self.writer.write(self._encode(event))

    def reopen(self) -> None:
        """Open the file by its name again, and close the one that was open.

        If that raises `OSError`, the old file stays open and in use.
        """
        opened = self._open()
        # The writer's thread keeps its descriptor, which becomes that of the new file at once.
        os.dup2(opened, self._descriptor, inheritable=False)
        os.close(opened)

    def rotate(self) -> None:
        """Rename the file to its name and `.1`, older ones to `.2` and so on; open a new file.

        If that raises `OSError`, the old file stays open and in use.
        """
        count = 1
        while self._numbered(count).exists():
            count += 1
        for number in range(count, 1, -1):
            self._numbered(number - 1).rename(self._numbered(number))
        with suppress(FileNotFoundError):
            self._path.rename(self._numbered(1))
        self.reopen()

    def make_private(self) -> None:
        """Take from others the permission to read the file, also when it is opened again."""
        self._is_private = True
        self._restrict(self._descriptor)

    def close(self) -> None:
        """Write what waits, and close the file."""
        self.writer.close()
        os.close(self._descriptor)

    # -- within

    def _encode(self, event: LogEvent) -> bytes:
        return (self._format_event(event) or "").encode(errors="backslashreplace")

    def _open(self) -> int:
        # Appending: after the file was truncated, the next line is its first one.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, _NEW_MODE)
        if self._is_private:
            self._restrict(descriptor)
        return descriptor

    def _restrict(self, descriptor: int) -> None:
        """Take all permissions of others, if this is a file, and of the server's own user."""
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IRWXO:
            with suppress(PermissionError):
                os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~stat.S_IRWXO)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


class Log:
    """The log of the process, as the options of twistd ask for it; raises `LogError`.

    `observer` writes the log, or is None where twistd's own observer does. `stdout` is set where
    the log goes to standard output, `file` where it goes to a file.
    """

    def __init__(self, twistd: Mapping[str, Any], *, in_json: bool) -> None:
        self.observer: ILogObserver | None = None
        self.stdout: StandardOutputLog | None = None
        self.file: LogFile | None = None
        self._writer: BackgroundWriter | None = None
        name = twistd.get("logfile")
        if twistd.get("syslog") or twistd.get("logger"):
            if in_json:
                raise LogError("--log-json: not together with --syslog or --logger of twistd")
        elif twistd.get("nodaemon") and name in (None, "", "-"):
            lines_of = _json_lines if in_json else format_plain
            self.observer = self.stdout = StandardOutputLog(sys.stdout, lines_of)
            self._writer = self.stdout.writer
        elif name != "-":
            format_event = _json_line if in_json else formatEventAsClassicLogText
            self.observer = self.file = _open(name or "twistd.log", format_event)
            self._writer = self.file.writer

    def start(self) -> None:
        """Write in a thread from now on; called once the process forks no more."""
        if self._writer is not None:
            self._writer.start()

    def make_private(self) -> None:
        """Take from others the permission to read the log, if it is a file."""
        if self.file is not None:
            self.file.make_private()

    def lost_lines(self) -> int:
        """Return how many lines could not be written."""
        return 0 if self._writer is None else self._writer.lost


def _open(path: str, format_event: Callable[[LogEvent], str | None]) -> LogFile:
    try:
        return LogFile(path, format_event)
    except OSError as error:
        raise LogError(f"--logfile {path}: {error.strerror}") from error


def _json_lines(event: LogEvent) -> list[str]:
    return [format_json(event)]


def _json_line(event: LogEvent) -> str:
    return f"{format_json(event)}\n"
