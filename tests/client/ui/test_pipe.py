"""The client on a pipe: its output word for word, and when it takes the next line."""

import io
import os
import threading

import pytest
from twisted.internet.defer import Deferred

from chatd.client.ui.frontend import Line
from chatd.client.ui.pipe import CommandReader, InputError, PipeScreen, read_lines, start_reading
from chatd.client.ui.tty import Echo


class PipeHarness:
    """Gives lines to a client as a pipe does: the next when the client is done with the last."""

    def __init__(self, harness):
        self.harness = harness
        self.reader = CommandReader(harness.client, harness.client.frontend, harness.clock)

    def feed(self, *lines):
        """Feed lines; return a Deferred that fires when the client is done with all."""
        return Deferred.fromCoroutine(self._feed(lines))

    async def _feed(self, lines):
        for line in lines:
            await self.reader.take(line)


@pytest.fixture
def pipe(harness):
    """Return a pipe to a client that is connected."""
    return PipeHarness(harness)


def test_in_order(pipe):
    """The client's own lines come after the replies to the lines before."""
    pipe.feed("`start 3 sea", "`foo", "`join 3 Alice", "`start 1", "`disconnect")
    assert pipe.harness.read() == [
        "Server: Chatroom 3 started!",
        "Server: Unknown command `foo. Type `help for usage.",
        "Server: You join @chatroom 3",
        "Server: Usage: `start <chatroom_id> <chatroom_name>",
        "Disconnected.",
    ]


def test_waits_while_too_much_is_unanswered(pipe):
    """The client reads no input while 16 requests are unanswered."""
    assert pipe.feed(*["hi"] * 16).called
    waiting = pipe.feed("hi")
    assert not waiting.called
    pipe.harness.read()
    assert waiting.called


def test_waits_for_a_silent_server(pipe):
    """The client reads on when the server has sent nothing for 10 seconds."""
    waiting = pipe.feed(*["hi"] * 17)
    pipe.harness.clock.advance(9)
    assert not waiting.called
    pipe.harness.clock.advance(1)
    assert waiting.called


def test_waits_while_it_connects(pipe):
    """Input waits for the connection, and for the rooms."""
    harness = pipe.harness
    pipe.feed("`join 1 Alice")
    harness.endpoint.peer.lose()
    harness.read()
    waiting = pipe.feed("`list")
    assert harness.read() == []
    assert not waiting.called
    assert harness.wait(1) == [
        "Connected again.",
        "Server: Welcome back, Alice.",
        "Server: You join @chatroom 1",
        "Server: \ntea@1: Alice@('127.0.0.1', 50002) \nfood@2: no chatters!\n",
    ]
    assert waiting.called


def test_connection_timeout(pipe):
    """The first line waits a minute for a server, the next ones not until it is back."""
    harness = pipe.harness
    server, harness.endpoint.server = harness.endpoint.server, None
    harness.endpoint.peer.lose()
    harness.read()
    waiting = pipe.feed("`list")
    assert harness.wait(59) == []
    assert harness.wait(1) == ["Not connected."]
    assert waiting.called
    assert pipe.feed("`list").called
    assert harness.read() == ["Not connected."]
    harness.endpoint.server = server
    assert harness.wait(60) == ["Connected again."]
    assert pipe.feed("hi").called
    harness.endpoint.peer.lose()
    harness.read()
    assert not pipe.feed("hi").called


def test_without_a_server(make_harness):
    """Without a server the client reads on, and is not complete."""
    pipe = PipeHarness(make_harness(None))
    pipe.harness.start()
    assert pipe.feed("`list", "`foo", "`exit").called
    assert pipe.harness.read() == [
        "Not connected.",
        "Server: Unknown command `foo. Type `help for usage.",
        "quitting...",
    ]
    assert not pipe.harness.client.complete


def test_end_of_input(pipe):
    """At the end of the input the client shows all replies, then it ends."""
    pipe.feed("`list")
    pipe.harness.client.leave()
    assert pipe.harness.read() == ["Server: \ntea@1: no chatters!\nfood@2: no chatters!\n"]
    assert pipe.harness.client.ended.called
    assert pipe.harness.client.complete


def test_end_of_input_with_a_silent_server(pipe):
    """At the end of the input the client waits 10 seconds for a silent server."""
    pipe.harness.client.leave()
    pipe.harness.clock.advance(10)
    assert pipe.harness.client.ended.called
    assert not pipe.harness.client.complete


def test_output():
    """The output is the text of a line and a newline, without time and colour."""
    output, errors = io.BytesIO(), io.StringIO()
    screen = PipeScreen(output.write, errors, lambda: None)
    screen.show(Line("Bob: hi ü", name="Bob", talk=True, mention="hi", time=0.0))
    screen.show(Line("half \ud800"))
    screen.show_error("Cannot connect.")
    assert output.getvalue() == "Bob: hi ü\nhalf ?\n".encode()
    assert errors.getvalue() == "chatd-client: Cannot connect.\n"


@pytest.mark.parametrize(
    ("error", "reported"),
    [(BrokenPipeError(), ""), (OSError("disk full"), "chatd-client: cannot write: disk full\n")],
)
def test_output_cannot_be_written(error, reported):
    """An output that cannot be written is reported once, and not used again."""

    def write(_):
        raise error

    calls, errors = [], io.StringIO()
    screen = PipeScreen(write, errors, lambda: calls.append(True))
    screen.show(Line("one"))
    screen.show(Line("two"))
    assert calls == [True]
    assert errors.getvalue() == reported
    assert screen.broken


def test_replies_of_the_server_left(pipe):
    """Replies that a server still sends after `disconnect` change nothing."""
    pipe.feed("`start 3 sea", "`join 3 Alice", "`disconnect")
    pipe.harness.read()
    state = pipe.harness.client.frontend.state
    assert (state.rooms, state.name) == ([], "")


def test_end_of_input_waits_while_it_connects(pipe):
    """At the end of the input the client still waits for the connection."""
    harness = pipe.harness
    harness.endpoint.peer.lose()
    harness.read()
    ended = Deferred.fromCoroutine(pipe.reader.end())
    assert not ended.called
    assert harness.wait(1) == ["Connected again."]
    assert harness.client.ended.called


def test_stop(pipe):
    """A signal ends the client at once, and it is not complete."""
    pipe.feed("`list")
    pipe.harness.client.stop()
    pipe.harness.client.stop()
    assert pipe.harness.read() == []
    assert not pipe.harness.client.complete


def test_read_lines():
    """Lines are read as they arrive, whatever their ends; the last one needs none."""
    reading, writing = os.pipe()
    os.write(writing, b"one\ntw")
    lines = read_lines(reading)
    assert next(lines) == "one"
    os.write(writing, "o\r\n\n\xff drei ü".encode() + b"\xff")
    os.close(writing)
    assert list(lines) == ["two", "", "\xff drei ü\ufffd"]
    os.close(reading)


def test_no_standard_error():
    """Errors are dropped where standard error is closed."""
    PipeScreen(io.BytesIO().write, None, lambda: None).show_error("Cannot connect.")


def test_after_exit(pipe):
    """Lines after `exit` are not handled."""
    assert pipe.feed("`exit", "`foo", "`disconnect").called
    assert pipe.harness.read() == ["quitting..."]
    assert pipe.harness.client.ended.called


def test_non_blocking_input(monkeypatch):
    """The client waits for input that another process made non-blocking."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    is_waiting = []

    def wait(*descriptors):
        is_waiting.append(descriptors)
        os.write(writing, b"one\n")

    monkeypatch.setattr("select.select", wait)
    assert next(read_lines(reading)) == "one"
    assert is_waiting == [([reading], [], [])]
    os.close(reading)
    os.close(writing)


def test_input_that_cannot_be_read(tmp_path):
    """Input that cannot be read ends with the reason."""
    directory = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(InputError, match="cannot read: Is a directory"):
        next(read_lines(directory))
    os.close(directory)


def test_endless_line(monkeypatch):
    """A line longer than 1 MiB ends the input."""
    parts = iter([b"x" * 65536] * 17)
    monkeypatch.setattr("os.read", lambda *_: next(parts, b""))
    with pytest.raises(InputError, match="longer than 1048576 bytes"):
        next(read_lines(0))


class FakeReactor:
    """A reactor that calls at once, and a reader that records the lines."""

    def __init__(self):
        self.taken = []
        self.prompt = None
        self.ended = threading.Event()

    def callFromThread(self, function, *arguments):
        function(*arguments)

    async def take(self, line):
        self.taken.append(line)

    async def fail(self, words):
        self.taken.append(words)

    async def end(self):
        self.ended.set()


def broken_input():
    """Yield a line, then raise an error."""
    yield "one"
    raise InputError("cannot read: it is broken")


def test_reading_always_ends():
    """Input that breaks off is ended with the reason."""
    reactor = FakeReactor()
    start_reading(reactor, reactor, broken_input(), Echo(None, None))
    assert reactor.ended.wait(10)
    assert reactor.taken == ["one", "cannot read: it is broken"]


def test_exception_while_reading(monkeypatch):
    """An exception in the reader ends the client and is not hidden."""
    failures, seen = [], threading.Event()
    monkeypatch.setattr(
        threading, "excepthook", lambda failure: (failures.append(failure), seen.set())
    )
    reactor = FakeReactor()
    reactor.take = None
    start_reading(reactor, reactor, ["one"], Echo(None, None))
    assert seen.wait(10)
    assert reactor.ended.is_set()
    assert reactor.taken == ["ended by a fault of its own"]
    assert failures[0].exc_type is TypeError


def test_failed_input_is_not_complete(pipe):
    """A client whose input failed is not complete."""
    Deferred.fromCoroutine(pipe.reader.fail("cannot read: it is broken"))
    assert pipe.harness.read() == ["cannot read: it is broken"]
    assert not pipe.harness.client.complete
