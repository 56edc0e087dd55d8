"""Where the log goes and what a line of it looks like.

With `-n` it goes to standard output, in the bare words of spec section 6; to a file with time and level, as
twistd writes it; in JSON anywhere. The file is ours and not twistd's, as twistd has no way to open it
again after another program has moved it, and cuts it into pieces of its own. What goes to syslog, or to a
logger that the operator brings, is left to twistd.
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

from chatd.admin.stdio import StandardOutputLog, bare_lines
from chatd.protocol.jsonio import dump


def format_json(event: LogEvent) -> str:
    """Return an event as one line: an object with `time`, `level`, `namespace`, `text`, and `traceback` of a failure."""
    moment = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
    fields = {
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": event.get("log_level", LogLevel.info).name,
        "namespace": event.get("log_namespace", "-"),
        "text": formatEvent(event),
    }
    failure = event.get("log_failure")
    if failure is not None:
        fields["traceback"] = failure.getTraceback()
    return dump(fields)


class LogError(Exception):
    """There can be no such log; the message is the one line the operator sees."""


class LogFile(TwistedLogFile):
    """A file for the log, which is begun anew where that is asked for, and never of its own accord."""

    def __init__(self, name: str, directory: str) -> None:
        super().__init__(name, directory, rotateLength=None)  # type: ignore[no-untyped-call]

    def reopen(self) -> None:
        """Open the file of that name anew; raise `OSError`, and go on with the old one, if that cannot be."""
        before = self._file
        self._openFile()  # type: ignore[no-untyped-call]
        before.close()


class Log:
    """The log of the process, as the options of twistd ask for it; raises `LogError` if it cannot be had.

    `observer` takes all that is logged, or is None where that is twistd's business. `screen` is set
    where the log goes to standard output, `file` where it goes to a file.
    """

    def __init__(self, twistd: Mapping[str, Any], *, in_json: bool) -> None:
        self.observer: ILogObserver | None = None
        self.screen: StandardOutputLog | None = None
        self.file: LogFile | None = None
        name = twistd.get("logfile")
        if twistd.get("syslog") or twistd.get("logger"):
            if in_json:
                raise LogError("--log-json: not together with --syslog or --logger of twistd")
        elif twistd.get("nodaemon") and name in (None, "", "-"):
            lines_of = _json_lines if in_json else bare_lines
            self.observer = self.screen = StandardOutputLog(sys.stdout, lines_of)
        elif name != "-":
            self.file = _open(name or "twistd.log")
            file = cast("IO[str]", self.file)  # near enough for who writes to it
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
