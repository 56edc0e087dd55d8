"""The log on standard output."""

import os
import threading
from types import SimpleNamespace

import pytest
from twisted.logger import LogLevel

from chatd.admin.stdio import StandardOutputLog


@pytest.fixture
def output():
    """Return a log on a pipe, and a function that ends it and returns what was printed."""
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    printed = []

    def read():
        with os.fdopen(reading, "rb") as source:
            printed.append(source.read())

    reader = threading.Thread(target=read)
    reader.start()

    def end():
        stream.close()
        reader.join()
        return printed[0].decode()

    yield SimpleNamespace(log=StandardOutputLog(stream), stream=stream, end=end)
    end()


def event(words, **fields):
    """Return an event of the log."""
    return {"log_format": words, "log_namespace": "chatd", "log_level": LogLevel.info, **fields}


def test_the_log_is_bare(output):
    """What the contract words, and of others what is a warning."""
    output.log(event("System: hi"))
    output.log(event("chatter of a library", log_namespace="twisted"))
    output.log(event("beware", log_namespace="twisted", log_level=LogLevel.warn))
    bare, warning = output.end().splitlines()
    assert bare == "System: hi"
    assert warning.endswith("beware")


def test_the_log_controls_no_terminal(output):
    """Whoever wrote it, and through whatever fault it got there."""
    output.log(event("{text}", text="a\x1b]0;b\x07\u202e\udc80\nc"))
    assert output.end() == "a\\x1b]0;b\\x07\\u202e\\udc80\nc\n"


def test_the_log_goes_above_a_line_being_typed(output):
    """While there is one."""
    above = []
    output.log.above = above.extend
    output.log(event("one"))
    output.log.above = None
    output.log(event("two"))
    assert above == ["one"]
    assert output.end() == "two\n"


def test_nothing_is_lost_through_a_slow_pipe(output):
    """It stays blocking: who writes waits for who reads."""
    lines = [f"Send to ('127.0.0.1', 47482): {number}" for number in range(20_000)]
    for line in lines:
        output.log(event(line))
    assert os.get_blocking(output.stream.fileno())
    assert output.end().splitlines() == lines


def test_nothing_is_lost_where_another_made_it_non_blocking(monkeypatch):
    """Who shares standard output may do so; then it is waited for."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    printed = []

    def wait_until_writable(_, waiting, __):
        assert waiting == [writing]
        printed.append(os.read(reading, 10_000))

    monkeypatch.setattr("chatd.io.select.select", wait_until_writable)
    with os.fdopen(writing, "w") as stream, os.fdopen(reading, "rb") as source:
        StandardOutputLog(stream)(event("x" * 200_000))
        stream.close()
        printed.append(source.read())
    assert len(printed) > 1
    assert b"".join(printed) == b"x" * 200_000 + b"\n"


def test_nobody_reads():
    """The server does not mind."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        StandardOutputLog(stream)(event("one"))
    StandardOutputLog(None)(event("two"))
