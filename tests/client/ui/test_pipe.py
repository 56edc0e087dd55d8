"""The client on a pipe: what comes out, word for word, and when."""

import io
import os
import threading

import pytest
from twisted.internet.defer import Deferred

from chatd.client.ui.frontend import Line
from chatd.client.ui.pipe import CommandReader, InputError, PipeScreen, read_lines, start_reading
from chatd.client.ui.tty import Echo


class Pipe:
    """Lines into a desk's client, as a pipe brings them: the next when the one before is done with."""

    def __init__(self, harness):
        self.harness = harness
        self.reader = CommandReader(harness.client, harness.client.frontend, harness.clock)

    def feed(self, *lines):
        """Feed lines; return what fires when all are done with."""
        return Deferred.fromCoroutine(self._feed(lines))

    async def _feed(self, lines):
        for line in lines:
            await self.reader.take(line)


@pytest.fixture
def pipe(harness):
    """Return a pipe into a client that is connected."""
    return Pipe(harness)


def test_in_order(pipe):
    """What the client says of itself comes after the answers to what was asked before."""
    pipe.feed("`start 3 sea", "`foo", "`join 3 Alice", "`start 1", "`disconnect")
    assert pipe.harness.read() == [
        "Server: Chatroom 3 started!",
        "Server: Unknown command `foo. Type `help for usage.",
        "Server: You join @chatroom 3",
        "Server: Usage: `start <chatroom_id> <chatroom_name>",
        "Disconnected.",
    ]


def test_waits_while_too_much_is_unanswered(pipe):
    """Input is not read faster than the server answers."""
    assert pipe.feed(*["hi"] * 16).called
    waiting = pipe.feed("hi")
    assert not waiting.called
    pipe.harness.read()
    assert waiting.called


def test_waits_no_longer_than_its_patience(pipe):
    """A server that hangs does not stop the input for ever."""
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


def test_waits_in_vain(pipe):
    """Where the server stays away the first line waits a minute and the others not, until it is back."""
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
    """Without a server the input goes on, and it is known that not all was done."""
    pipe = Pipe(make_harness(None))
    pipe.harness.start()
    assert pipe.feed("`list", "`foo", "`exit").called
    assert pipe.harness.read() == [
        "Not connected.",
        "Server: Unknown command `foo. Type `help for usage.",
        "quitting...",
    ]
    assert not pipe.harness.client.complete


def test_end_of_input(pipe):
    """At the end of the input all answers still come; then there is nothing more to say."""
    pipe.feed("`list")
    pipe.harness.client.leave()
    assert pipe.harness.read() == ["Server: \ntea@1: no chatters!\nfood@2: no chatters!\n"]
    assert pipe.harness.client.ended.called
    assert pipe.harness.client.complete


def test_end_of_input_and_a_server_that_hangs(pipe):
    """At the end one does not wait for ever."""
    pipe.harness.client.leave()
    pipe.harness.clock.advance(10)
    assert pipe.harness.client.ended.called
    assert not pipe.harness.client.complete


def test_output_is_the_words_and_a_newline():
    """No time, no colour: the text of the frame, and a newline."""
    output, errors = io.BytesIO(), io.StringIO()
    screen = PipeScreen(output.write, errors, lambda: None)
    screen.show(Line("Bob: hi ü", name="Bob", talk=True, mention="hi", time=0.0))
    screen.show(Line("half \ud800"))
    screen.show_error("Cannot connect.")
    assert output.getvalue() == "Bob: hi ü\nhalf ?\n".encode()
    assert errors.getvalue() == "chatd-client: Cannot connect.\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [(BrokenPipeError(), ""), (OSError("disk full"), "chatd-client: cannot write: disk full\n")],
)
def test_what_is_written_goes_nowhere(error, said):
    """That is told once, and nothing more is written."""

    def write(_):
        raise error

    told, errors = [], io.StringIO()
    screen = PipeScreen(write, errors, lambda: told.append(True))
    screen.show(Line("one"))
    screen.show(Line("two"))
    assert told == [True]
    assert errors.getvalue() == said
    assert screen.broken


def test_what_is_still_due_belongs_to_the_server_left(pipe):
    """One is in no room of the next server, whatever the last one still answers."""
    pipe.feed("`start 3 sea", "`join 3 Alice", "`disconnect")
    pipe.harness.read()
    state = pipe.harness.client.frontend.state
    assert (state.rooms, state.name) == ([], "")


def test_end_of_input_waits_while_it_connects(pipe):
    """Who has no more to say still waits for the connection, to know whether there is a server."""
    harness = pipe.harness
    harness.endpoint.peer.lose()
    harness.read()
    ended = Deferred.fromCoroutine(pipe.reader.end())
    assert not ended.called
    assert harness.wait(1) == ["Connected again."]
    assert harness.client.ended.called


def test_stop(pipe):
    """A signal ends the client without a word, and not all was done."""
    pipe.feed("`list")
    pipe.harness.client.stop()
    pipe.harness.client.stop()
    assert pipe.harness.read() == []
    assert not pipe.harness.client.complete


def test_lines_of():
    """Lines are read as they come, whatever their ends, and the last one needs none."""
    sync, writing = os.pipe()
    os.write(writing, b"one\ntw")
    lines = read_lines(sync)
    assert next(lines) == "one"
    os.write(writing, "o\r\n\n\xff drei ü".encode() + b"\xff")
    os.close(writing)
    assert list(lines) == ["two", "", "\xff drei ü\ufffd"]
    os.close(sync)


def test_errors_that_go_nowhere():
    """Where standard error is closed, troubles are told to nobody, and nothing else happens."""
    PipeScreen(io.BytesIO().write, None, lambda: None).show_error("Cannot connect.")


def test_after_exit(pipe):
    """Lines behind the end are not taken."""
    assert pipe.feed("`exit", "`foo", "`disconnect").called
    assert pipe.harness.read() == ["quitting..."]
    assert pipe.harness.client.ended.called


def test_input_that_does_not_block(monkeypatch):
    """Input that somebody has made non-blocking is waited for."""
    sync, writing = os.pipe()
    os.set_blocking(sync, False)
    is_waiting = []

    def wait(*descriptors):
        is_waiting.append(descriptors)
        os.write(writing, b"one\n")

    monkeypatch.setattr("select.select", wait)
    assert next(read_lines(sync)) == "one"
    assert is_waiting == [([sync], [], [])]
    os.close(sync)
    os.close(writing)


def test_input_that_cannot_be_read(tmp_path):
    """That input is at its end, and it is told why."""
    directory = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(InputError, match="cannot read: Is a directory"):
        next(read_lines(directory))
    os.close(directory)


def test_endless_line(monkeypatch):
    """A line that does not end does not fill the memory."""
    pieces = iter([b"x" * 65536] * 17)
    monkeypatch.setattr("os.read", lambda *_: next(pieces, b""))
    with pytest.raises(InputError, match="longer than 1048576 bytes"):
        next(read_lines(0))


class Reactor:
    """A reactor that calls at once, and an intake that takes note and stumbles where it is told to."""

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
    """Return lines that end with an error."""
    yield "one"
    raise InputError("cannot read: it is broken")


def test_reading_always_ends():
    """Input that breaks off is said to be at its end, and why."""
    reactor = Reactor()
    start_reading(reactor, reactor, broken_input(), Echo(None, None))
    assert reactor.ended.wait(10)
    assert reactor.taken == ["one", "cannot read: it is broken"]


def test_fault_while_reading(monkeypatch):
    """A fault of the client's own does not keep it from ending, and is not hidden."""
    failures, seen = [], threading.Event()
    monkeypatch.setattr(
        threading, "excepthook", lambda failure: (failures.append(failure), seen.set())
    )
    reactor = Reactor()
    reactor.take = None
    start_reading(reactor, reactor, ["one"], Echo(None, None))
    assert seen.wait(10)
    assert reactor.ended.is_set()
    assert reactor.taken == ["ended by a fault of its own"]
    assert failures[0].exc_type is TypeError


def test_trouble_is_not_complete(pipe):
    """Input that broke off was not carried out to its end."""
    Deferred.fromCoroutine(pipe.reader.fail("cannot read: it is broken"))
    assert pipe.harness.read() == ["cannot read: it is broken"]
    assert not pipe.harness.client.complete
