"""The log on standard output, and the console on standard input."""

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
    """The lines of chatd are printed bare; of libraries, only warnings are printed."""
    output.log(event("System: hi"))
    output.log(event("chatter of a library", log_namespace="twisted"))
    output.log(event("beware", log_namespace="twisted", log_level=LogLevel.warn))
    bare, warning = output.end().splitlines()
    assert bare == "System: hi"
    assert warning.endswith("beware")


def test_the_log_controls_no_terminal(output):
    """Control characters are escaped, also those that only a bug can put there."""
    output.log(event("{text}", text="a\x1b]0;b\x07\u202e\udc80\nc"))
    assert output.end() == "a\\x1b]0;b\\x07\\u202e\\udc80\nc\n"


def test_the_log_goes_above_a_line_being_typed(output):
    """The log is printed above the line being typed, while there is one."""
    above = []
    output.log.print_above = above.extend
    output.log(event("one"))
    output.log.print_above = None
    output.log(event("two"))
    assert above == ["one"]
    assert output.end() == "two\n"


def test_nothing_is_lost_through_a_slow_pipe(output):
    """Standard output stays blocking: the log waits for a slow reader."""
    lines = [f"Send to ('127.0.0.1', 47482): {number}" for number in range(20_000)]
    for line in lines:
        output.log(event(line))
    assert os.get_blocking(output.stream.fileno())
    assert output.end().splitlines() == lines


def test_an_output_without_a_reader():
    """A reader that is gone, or an output that is closed, raises no exception."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        StandardOutputLog(stream)(event("one"))
    StandardOutputLog(None)(event("two"))
