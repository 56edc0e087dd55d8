"""Where the log goes, and the format of its lines.

In the foreground (`twistd -n`) the log goes to standard output, one plain line for each event. A
file has twistd's format, with time and level. `--log-json` makes each event a JSON object in both.

The file is chatd's own, because twistd cannot open its log file again after logrotate has moved it,
and starts a new one by itself after a million bytes. twistd keeps its syslog and custom loggers.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO, Any, cast

from twisted.logger import (
    FileLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    formatEvent,
    textFileLogObserver,
)
from twisted.python.logfile import LogFile as TwistedLogFile

from chatd.admin.stdio import StandardOutputLog, format_plain
from chatd.protocol.jsonio import dump


class LogError(Exception):
    """The log cannot be opened as the options ask; the message is one line for the operator."""


def format_json(event: LogEvent) -> str:
    """Return an event as a JSON object on one line.

    The fields are `time`, `level`, `namespace`, `text`, and for a failure also `traceback`.
    """
    time = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    fields = {
        "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": event.get("log_level", LogLevel.info).name,
        "namespace": event.get("log_namespace", "-"),
        "text": formatEvent(event),
    }
    failure = event.get("log_failure")
    if failure is not None:
        fields["traceback"] = failure.getTraceback()
    return dump(fields)


class LogFile(TwistedLogFile):
    """A log file that is rotated, or opened again, only when the operator asks for it."""

    def __init__(self, name: str, directory: str) -> None:
        super().__init__(name, directory, rotateLength=None)  # type: ignore[no-untyped-call]

    def reopen(self) -> None:
        """Open the file by its name again, and close the one that was open.

        If that raises `OSError`, the old file stays open and in use.
        """
        before = self._file
        self._openFile()  # type: ignore[no-untyped-call]
        before.close()


class Log:
    """The log of the process, as the options of twistd ask for it; raises `LogError`.

    `observer` writes the log, or is None where twistd's own observer does. `stdout` is set where
    the log goes to standard output, `file` where it goes to a file.
    """

    def __init__(self, twistd: Mapping[str, Any], *, in_json: bool) -> None:
        self.observer: ILogObserver | None = None
        self.stdout: StandardOutputLog | None = None
        self.file: LogFile | None = None
        name = twistd.get("logfile")
        if twistd.get("syslog") or twistd.get("logger"):
            if in_json:
                raise LogError("--log-json: not together with --syslog or --logger of twistd")
        elif twistd.get("nodaemon") and name in (None, "", "-"):
            lines_of = _json_lines if in_json else format_plain
            self.observer = self.stdout = StandardOutputLog(sys.stdout, lines_of)
        elif name != "-":
            self.file = _open(name or "twistd.log")
            file = cast("IO[str]", self.file)  # it has the methods that observers use
            self.observer = _json_observer(file) if in_json else textFileLogObserver(file)


def _open(path: str) -> LogFile:
    try:
        return LogFile.fromFullPath(path)  # type: ignore[no-untyped-call, no-any-return]
    except OSError as error:
        raise LogError(f"--logfile {path}: {error.strerror}") from error


def _json_lines(event: LogEvent) -> list[str]:
    return [format_json(event)]


def _json_observer(file: IO[str]) -> FileLogObserver:
    return FileLogObserver(file, lambda event: f"{format_json(event)}\n")
