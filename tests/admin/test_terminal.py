"""The server's end of an editor: which messages it sends, and what it does with those it gets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from chatd.admin.console import MAX_LINE
from chatd.admin.terminal import ConsoleTerminal
from chatd.protocol.console_commands import SHUTDOWN_LINES
from chatd.testing import MemoryServer

PROMPT = {"prompt": "Chat administration:> "}
QUESTION = {"question": "Enter password: "}
CANCELLED = {"print": ["Administrator: Cancelled."]}


class TerminalHarness:
    """A console with an editor that a test plays. `closed` counts how often it was closed."""

    def __init__(self, server, **options):
        self._sent = b""
        self.closed = 0
        self.terminal = ConsoleTerminal(
            server.service.consoles, self._write, self._close, **options
        )

    def _write(self, data):
        self._sent += data

    def _close(self):
        self.closed += 1

    def read(self):
        """Return the messages since the last call."""
        sent, self._sent = self._sent, b""
        return [json.loads(line) for line in sent.splitlines()]

    def send(self, **message):
        """Send a message; return what comes back at once."""
        self.terminal.received(json.dumps(message).encode() + b"\n")
        return self.read()


@pytest.fixture
def terminal(server):
    """Return a console whose first prompt has been read."""
    harness = TerminalHarness(server)
    assert harness.read() == [PROMPT]
    return harness


def test_a_command(terminal):
    """A reply is printed, then the console asks for the next line."""
    assert terminal.send(line="start 1 Swimming") == [
        {"print": ["Administrator: Chatroom 1 started!"]},
        PROMPT,
    ]
    assert terminal.send(line="") == [PROMPT]


def test_a_command_that_takes_a_while(terminal, accounts):
    """The console asks for the next line when the command has been carried out."""
    accounts.stored = Deferred()
    assert terminal.send(line="accounts") == []
    accounts.stored.callback(None)
    assert terminal.read() == [
        {"print": ["alice registered 2026-11-20 14:51:16 UTC"]},
        PROMPT,
    ]


def test_a_question(terminal, accounts):
    """A question asks for an answer, which is taken just as it was typed."""
    assert terminal.send(line="passwd alice") == [QUESTION]
    assert terminal.send(line="`correct  horse ") == [
        {"print": ["Administrator: Password of alice changed."]},
        PROMPT,
    ]
    assert accounts.passwords == {"alice": "`correct  horse "}


def test_cancel(terminal, accounts):
    """A question that is cancelled changes nothing, and the console continues."""
    terminal.send(line="passwd alice")
    assert terminal.send(cancel=None) == [CANCELLED, PROMPT]
    assert terminal.send(cancel=None) == []
    assert accounts.passwords == {"alice": "as it was"}


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("ki", {"completion": ["ki", 2, "kick "]}),
        ("st", {"completion": ["st", 2, "sta"]}),
        ("sta", {"print": ["start  stats"]}),
        ("`ki", {"completion": ["`ki", 2, "kick "]}),
        ("kick z", {"completion": ["kick z", 1, "Zoë "]}),
        ("kick Zoë ", {"completion": ["kick Zoë ", 0, "x1 "]}),
    ],
)
def test_completion(terminal, server, before, message):
    """The last word is completed as far as its candidates agree; then they are printed."""
    server.join("x1", "Zoë")
    assert terminal.send(complete=before) == [message]


def test_completion_of_an_unknown_word(terminal):
    """Nothing comes back for a word without candidates."""
    assert terminal.send(complete="foo ") == []


def test_completion_does_not_flood_the_screen(terminal, server):
    """At most a hundred candidates are printed."""
    for number in range(103):
        server.console(f"start {number} x")
    ((key, (line,)),) = terminal.send(complete="end ")[0].items()
    assert key == "print"
    assert line.endswith("98  99  ... and 3 more")


def test_lines_above(terminal):
    """The log is printed as it comes; the console escapes what it prints itself."""
    terminal.terminal.print_above([])
    terminal.terminal.print_above(["one", "two"])
    terminal.terminal.console.print_lines(["\x1b[31mred\x9b\u202e"])
    assert terminal.read() == [{"print": ["one", "two"]}, {"print": ["\\x1b[31mred\\x9b\\u202e"]}]


def test_the_input_ends(terminal, server):
    """The editor is told that the console is closed, once; the server continues."""
    terminal.terminal.ended()
    assert terminal.read() == [{"closed": None}]
    server.service.consoles.shut_down()
    terminal.terminal.ended()
    assert terminal.send(line="start 1 x") == []
    assert terminal.closed == 1
    assert server.console("start 1 x") == ["Administrator: Chatroom 1 started!"]


def test_the_input_ends_during_a_command(terminal, accounts):
    """The question of a command that is carried out then is cancelled."""
    accounts.stored = Deferred()
    terminal.send(line="accounts")
    terminal.send(line="passwd alice")
    terminal.terminal.ended()
    accounts.stored.callback(None)
    assert terminal.read()[-2:] == [CANCELLED, {"closed": None}]


def test_the_server_stops(terminal, accounts, server):
    """The last words are printed, a question gets no answer, and the console is closed."""
    terminal.send(line="passwd alice")
    server.service.consoles.shut_down()
    assert terminal.read() == [{"print": list(SHUTDOWN_LINES)}, {"closed": None}]
    assert accounts.passwords == {"alice": "as it was"}
    assert terminal.closed == 1


def test_a_message_in_pieces(terminal):
    """A message may come in any pieces."""
    for byte in '{"line": "start 1 Zoë"}\n'.encode():
        terminal.terminal.received(bytes([byte]))
    assert terminal.read() == [{"print": ["Administrator: Chatroom 1 started!"]}, PROMPT]


def test_a_line_that_is_too_long(terminal):
    """The console refuses the line and continues."""
    assert terminal.send(line="x" * (MAX_LINE + 1)) == [
        {"print": [f"Administrator: Line too long (at most {MAX_LINE} characters)."]},
        PROMPT,
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"list\n",
        b"[]\n",
        b"{}\n",
        b'{"line": 1}\n',
        b'{"line": "list", "complete": "l"}\n',
        b'{"unknown": null}\n',
        b"\xff\n",
        b"[" * 100_000 + b"\n",
        b"x" * 17 * MAX_LINE,
    ],
)
def test_what_no_editor_sends(terminal, data):
    """A malformed or endless message closes the console."""
    terminal.terminal.received(data)
    assert terminal.read() == [{"closed": None}]
    assert terminal.closed == 1


@given(data=st.binary())
def test_any_bytes(data):
    """No input from an editor raises an exception."""
    TerminalHarness(MemoryServer()).terminal.received(data + b"\n")


def test_a_console_that_is_attached(server):
    """`end` asks first where the editor is that of `chatd-admin`, and `exit` leaves."""
    harness = TerminalHarness(server, attached=True)
    assert harness.read() == [PROMPT]
    harness.send(line="start 1 tea")
    question = {"confirm": "End chatroom tea@1 with 0 members? [y/N] "}
    assert harness.send(line="end 1") == [question]
    assert harness.send(cancel=None) == [CANCELLED, PROMPT]
    assert harness.send(line="end 1") == [question]
    assert harness.send(line="y") == [{"print": ["Administrator: chatroom 1 closed."]}, PROMPT]
    assert harness.send(line="exit") == [{"closed": None}]
    assert harness.closed == 1


def test_exit_at_the_server_s_own_console(terminal):
    """The server's own console stays, and tells how to leave it."""
    text = "`quit` stops the server. Ctrl-D closes this console, and the server goes on."
    assert terminal.send(line="exit") == [{"print": [f"Administrator: {text}"]}, PROMPT]


def test_the_server_s_own_console_never_asks(terminal):
    """`end` takes effect at once at the server's own console."""
    terminal.send(line="start 1 tea")
    assert terminal.send(line="end 1")[0] == {"print": ["Administrator: chatroom 1 closed."]}
