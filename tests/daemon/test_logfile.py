"""Where the log goes, what it looks like in JSON, and the file that is opened again."""

import json

import pytest
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from chatd.daemon.logfile import Log, LogError, format_json


@pytest.fixture
def logged():
    """Return a function that logs, and returns what an observer is given."""
    events = []

    def logged(method, *words, **fields):
        log = Logger(namespace="chatd", observer=events.append)
        getattr(log, method)(*words, **fields)
        return events[-1]

    return logged


@pytest.fixture
def open_log(tmp_path):
    """Return a function that opens a log in a file of that name."""
    logs = []

    def open_log(name, *, in_json=False):
        logs.append(Log({"logfile": str(tmp_path / name)}, in_json=in_json))
        return logs[-1]

    yield open_log
    for log in logs:
        log.file.close()


def test_an_event_in_json(logged):
    """Four things that people look for, and names as they are written."""
    event = {**logged("warn", "{who} joined", who="Zoë"), "log_time": 1_763_000_000.25}
    assert format_json(event) == (
        '{"time":"2025-11-13T02:13:20.250Z","level":"warn","namespace":"chatd","text":"Zoë joined"}'
    )


def test_a_failure_in_json(logged):
    """Its traceback stands apart from the words."""
    try:
        {}["of all things"]
    except KeyError:
        event = logged("failure", "A fault", Failure())
    fields = json.loads(format_json(event))
    assert (fields["level"], fields["text"]) == ("critical", "A fault")
    assert "KeyError: 'of all things'" in fields["traceback"]


@pytest.mark.parametrize(
    "forged", ["\n", "\r\n", "\x85", "\u2028", "\x9b", "\x7f", "\u202e", "\ud800"]
)
def test_nobody_forges_a_line(logged, forged):
    """What ends a line or speaks to a terminal is escaped, and is read back as it was."""
    text = f'a{forged}{{"level": "critical"}}'
    line = format_json(logged("info", "{text}", text=text))
    assert line.isprintable()
    assert line.encode().decode().splitlines() == [line]
    assert json.loads(line)["text"] == text


def test_an_event_of_which_little_is_known():
    """A library may log anything; a format that does not fit is shown, not raised."""
    assert json.loads(format_json({"log_format": "{missing}", "log_level": LogLevel.info}))["text"]
    assert json.loads(format_json({}))["namespace"] == "-"


def test_a_file_that_was_moved(open_log, tmp_path, logged):
    """What is logged goes on into the moved one until it is opened again."""
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
    """The old one goes on."""
    folder = tmp_path / "log"
    folder.mkdir()
    log = open_log("log/chatd.log")
    folder.rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        log.file.reopen()
    log.observer(logged("info", "still here"))
    assert "[chatd#info] still here\n" in (tmp_path / "away" / "chatd.log").read_text()


def test_a_file_is_not_cut(open_log, tmp_path):
    """Twisted would begin another after a million bytes."""
    log = open_log("chatd.log")
    log.file.write("x" * 1_000_001)
    log.file.write("y")
    assert [file.name for file in tmp_path.iterdir()] == ["chatd.log"]
    log.file.rotate()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["chatd.log", "chatd.log.1"]


def test_where_it_cannot_be(tmp_path):
    """That is one line for the operator."""
    path = tmp_path / "no" / "chatd.log"
    with pytest.raises(LogError, match=f"^--logfile {path}: No such file or directory$"):
        Log({"logfile": str(path)}, in_json=False)
    with pytest.raises(LogError, match=r"^--log-json: not together with --syslog"):
        Log({"syslog": True}, in_json=True)


@pytest.mark.parametrize(
    "twistd", [{"syslog": True}, {"logger": object(), "nodaemon": True}, {"logfile": "-"}]
)
def test_what_is_left_to_twistd(twistd):
    """A log that is no file and no standard output; and what twistd refuses."""
    log = Log(twistd, in_json=False)
    assert (log.observer, log.stdout, log.file) == (None, None, None)


@pytest.mark.parametrize("logfile", [None, "", "-"])
def test_on_standard_output(logfile):
    """In the foreground, with no file named."""
    log = Log({"nodaemon": True, "logfile": logfile}, in_json=False)
    assert log.observer is log.stdout
    assert log.file is None
