"""Where the log goes, its lines in JSON, and the file that is opened again."""

import json
import os
import stat
from pathlib import Path

import pytest
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from chatd.daemon.logfile import Log, LogError, format_json


@pytest.fixture
def logged():
    """Return a function that logs an event, and returns it as observers get it."""
    events = []

    def logged(method, *words, **fields):
        log = Logger(namespace="chatd", observer=events.append)
        getattr(log, method)(*words, **fields)
        return events[-1]

    return logged


@pytest.fixture
def open_log(tmp_path):
    """Return a function that opens the log in a file of the given name."""
    logs = []

    def open_log(name, *, in_json=False):
        logs.append(Log({"logfile": str(tmp_path / name)}, in_json=in_json))
        return logs[-1]

    yield open_log
    for log in logs:
        log.file.close()


def test_an_event_in_json(logged):
    """An event has a time, a level, a namespace and a text, in which letters are not escaped."""
    event = {**logged("warn", "{user} joined", user="Zoë"), "log_time": 1_763_000_000.25}
    assert format_json(event) == (
        '{"time":"2025-11-13T02:13:20.250Z","level":"warn","namespace":"chatd","text":"Zoë joined"}'
    )


def test_the_fields_of_an_event_in_json(logged):
    """The fields of an event of chatd are beside its text; the log of a library has none."""
    event = logged("info", "Zoë joined", fields={"event": "joined", "user": "Zoë"})
    shown = json.loads(format_json(event))
    assert (shown["event"], shown["user"], shown["text"]) == ("joined", "Zoë", "Zoë joined")
    assert "user" not in json.loads(format_json({**event, "log_namespace": "library"}))


def test_a_failure_in_json(logged):
    """The traceback has a field of its own."""
    try:
        {}["missing"]
    except KeyError:
        event = logged("failure", "It failed", Failure())
    fields = json.loads(format_json(event))
    assert (fields["level"], fields["text"]) == ("critical", "It failed")
    assert fields["event"] == "failure"
    assert "KeyError: 'missing'" in fields["traceback"]


@pytest.mark.parametrize(
    "forged", ["\n", "\r\n", "\x85", "\u2028", "\x9b", "\x7f", "\u202e", "\ud800"]
)
def test_text_cannot_forge_a_line(logged, forged):
    """Line ends and control characters are escaped, and a JSON parser returns them unchanged."""
    text = f'a{forged}{{"level": "critical"}}'
    line = format_json(logged("info", "{text}", text=text))
    assert line.isprintable()
    assert line.encode().decode().splitlines() == [line]
    assert json.loads(line)["text"] == text


def test_an_incomplete_event():
    """A library may log anything: a format without its fields raises no error."""
    assert json.loads(format_json({"log_format": "{missing}", "log_level": LogLevel.info}))["text"]
    assert json.loads(format_json({}))["namespace"] == "-"


def test_a_file_that_was_moved(open_log, tmp_path, logged):
    """Events go to the moved file until the log is opened again."""
    path = tmp_path / "chatd.log"
    log = open_log("chatd.log", in_json=True)
    log.observer(logged("info", "one"))
    path.rename(tmp_path / "chatd.log.1")
    log.observer(logged("info", "two"))
    log.file.reopen()
    log.observer(logged("info", "three"))
    texts = [
        [json.loads(line)["text"] for line in file.read_text().splitlines()]
        for file in (tmp_path / "chatd.log.1", path)
    ]
    assert texts == [["one", "two"], ["three"]]


def test_a_file_that_cannot_be_opened_again(open_log, tmp_path, logged):
    """The old file stays in use."""
    folder = tmp_path / "log"
    folder.mkdir()
    log = open_log("log/chatd.log")
    folder.rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        log.file.reopen()
    log.observer(logged("info", "still here"))
    assert "[chatd#info] still here\n" in (tmp_path / "away" / "chatd.log").read_text()


def test_a_file_is_not_rotated_by_size(open_log, tmp_path, logged):
    """The log is rotated on demand alone; Twisted's default is after a million bytes."""
    log = open_log("chatd.log")
    log.observer(logged("info", "x" * 1_000_001))
    log.observer(logged("info", "y"))
    assert [file.name for file in tmp_path.iterdir()] == ["chatd.log"]
    log.file.rotate()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["chatd.log", "chatd.log.1"]


def test_errors(tmp_path):
    """An error is one line that names the option."""
    path = tmp_path / "no" / "chatd.log"
    with pytest.raises(LogError, match=f"^--logfile {path}: No such file or directory$"):
        Log({"logfile": str(path)}, in_json=False)
    with pytest.raises(LogError, match=r"^--log-json: not together with --syslog"):
        Log({"syslog": True}, in_json=True)


@pytest.mark.parametrize(
    "twistd", [{"syslog": True}, {"logger": object(), "nodaemon": True}, {"logfile": "-"}]
)
def test_logs_of_twistd(twistd):
    """The log of syslog or a custom logger is left to twistd, which refuses `-` for a daemon."""
    log = Log(twistd, in_json=False)
    assert (log.observer, log.stdout, log.file) == (None, None, None)


@pytest.mark.parametrize("logfile", [None, "", "-"])
def test_on_standard_output(logfile):
    """In the foreground without a file, the log goes to standard output."""
    log = Log({"nodaemon": True, "logfile": logfile}, in_json=False)
    assert log.observer is log.stdout
    assert log.file is None


def mode(path):
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_mode_of_the_file(open_log, tmp_path):
    """A new file is for the server's user alone; an existing one keeps its mode."""
    open_log("new.log")
    assert mode(tmp_path / "new.log") == 0o600
    (tmp_path / "old.log").touch()
    (tmp_path / "old.log").chmod(0o644)
    log = open_log("old.log")
    assert mode(tmp_path / "old.log") == 0o644
    log.make_private()
    assert mode(tmp_path / "old.log") == 0o640
    (tmp_path / "old.log").rename(tmp_path / "old.log.1")
    (tmp_path / "old.log").touch()
    (tmp_path / "old.log").chmod(0o644)
    log.file.reopen()
    assert mode(tmp_path / "old.log") == 0o640


def test_a_file_that_was_truncated(open_log, tmp_path, logged):
    """After logrotate has truncated the file, the next line is its first."""
    path = tmp_path / "chatd.log"
    log = open_log("chatd.log", in_json=True)
    log.observer(logged("info", "one"))
    os.truncate(path, 0)
    log.observer(logged("info", "two"))
    assert json.loads(path.read_bytes())["text"] == "two"


def test_files_are_numbered(open_log, tmp_path, logged):
    """The file that was rotated last is number 1."""
    log = open_log("chatd.log", in_json=True)
    for text in ("one", "two", "three"):
        log.observer(logged("info", text))
        log.file.rotate()
    texts = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert texts.pop("chatd.log") == ""
    assert {name: json.loads(text)["text"] for name, text in texts.items()} == {
        "chatd.log.1": "three",
        "chatd.log.2": "two",
        "chatd.log.3": "one",
    }


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk(capfd, logged):
    """The server goes on; one line on standard error says why, and the lines are counted."""
    log = Log({"logfile": "/dev/full"}, in_json=False)
    log.observer(logged("info", "one"))
    log.observer(logged("info", "two"))
    assert log.lost_lines() == 2
    log.file.close()
    assert capfd.readouterr().err.count("the log cannot be written: No space left on device") <= 1
