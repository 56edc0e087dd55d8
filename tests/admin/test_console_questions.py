"""What the console asks for: a password is taken just as it was typed, and shown nowhere."""

import gc
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chatd.admin.console import MAX_LINE, LineConsole
from chatd.admin.terminal import ConsoleTerminal
from chatd.admin.unixsocket import ConsoleFactory
from chatd.protocol.commands import SHUTDOWN_LINES

UP = b"\x1b[A"
CHANGED = "Administrator: Password of alice changed."
CANCELLED = "Administrator: Cancelled."
UNCHANGED = {"alice": "as it was"}


# -- on a terminal


@pytest.fixture
def asked(people, terminal):
    """Return a terminal on which a password is asked for."""
    terminal.people = people
    terminal.type("passwd alice\r")
    return terminal


def test_the_question(asked):
    """It takes the place of the prompt, and of what is typed nothing is seen."""
    asked.type("correct", " horse")
    assert asked.screen.lines == ["Chat administration:> passwd alice", "Enter password: "]
    assert asked.screen.column == 16
    asked.type("\r")
    assert asked.screen.lines == [
        "Chat administration:> passwd alice",
        "Enter password: ",
        CHANGED,
        "Chat administration:> ",
    ]
    assert asked.people.passwords == {"alice": "correct horse"}


def test_an_answer_can_be_edited(asked):
    """The keys are those of any line, apart from the ones that would show something."""
    asked.type("wrong\x15", UP, "\tcorrect hors!", b"\x1b[D", "e\x0b", UP, "\r")
    assert asked.people.passwords == {"alice": "correct horse"}
    assert len(asked.screen.lines) == 4


def test_an_answer_is_not_kept(asked):
    """Neither the history of commands nor that of the next answer has it."""
    asked.type("correct horse\r", UP)
    assert asked.typed == "passwd alice"
    asked.type("\r", UP, "\r", UP, UP, UP)
    assert asked.people.passwords == {"alice": ""}
    assert asked.typed == "passwd alice"


def test_lines_appear_above_a_question(asked):
    """It is drawn anew, without what was typed, and the answer goes on."""
    asked.type("correct ")
    asked.console.print_lines(["one", "two"])
    assert asked.screen.lines[1:] == ["one", "two", "Enter password: "]
    asked.type("horse\r")
    assert asked.people.passwords == {"alice": "correct horse"}


def test_a_question_where_there_is_little_room(asked):
    """It keeps to one row."""
    asked.console.resize(10)
    assert asked.screen.line == "Enter pas"


@pytest.mark.parametrize("keys", ["\x03", "\x04", "half of it\x03", "half of it\x04"])
def test_cancelling(asked, keys):
    """Nothing is changed, and the console goes on."""
    asked.type(keys, "list\r")
    assert asked.people.passwords == UNCHANGED
    assert asked.screen.lines[1:4] == [
        "Enter password: ",
        CANCELLED,
        "Chat administration:> list",
    ]


@pytest.mark.usefixtures("people")
def test_ctrl_c_on_standard_input(server):
    """The first one cancels the question, only the next one ends the server."""
    interrupts = []
    on_terminal = ConsoleTerminal(
        server.service.consoles, lambda _: None, lambda: None, lambda: interrupts.append(1)
    )
    on_terminal.received(b"passwd alice\r\x03")
    assert interrupts == []
    on_terminal.received(b"\x03")
    assert interrupts == [1]


def test_who_has_no_account_is_not_asked_for(people, terminal):
    """What follows is the next command."""
    terminal.type("passwd bob\r", "list\r")
    assert terminal.screen.lines[1:4] == [
        "Administrator: Account bob NOT found!",
        "Chat administration:> list",
        "Administrator: No chatroom exists!",
    ]
    assert people.passwords == UNCHANGED


def test_keys_typed_ahead(people, terminal):
    """They wait for their turn, so that an answer among them is not seen either."""
    people.stored = Deferred()
    terminal.type("accounts\rpasswd alice\rcorrect", " horse\rlist\rst")
    assert terminal.screen.lines == ["Chat administration:> accounts", "Chat administration:> "]
    people.stored.callback(None)
    assert terminal.screen.lines == [
        "Chat administration:> accounts",
        "alice registered 2026-11-20 14:51:16 UTC",
        "Chat administration:> passwd alice",
        "Enter password: ",
        CHANGED,
        "Chat administration:> list",
        "Administrator: No chatroom exists!",
        "Chat administration:> st",
    ]
    assert people.passwords == {"alice": "correct horse"}
    assert "horse" not in terminal.screen.written


def test_very_many_lines_typed_ahead(people, terminal):
    """However many there are, one comes after the other."""
    people.stored = Deferred()
    terminal.type("accounts\r" + "trace off\r" * 1000)
    people.stored.callback(None)
    assert terminal.screen.lines.count("Administrator: Trace is off.") == 1000


def test_ctrl_c_does_not_wait(people, terminal):
    """It closes the console while a command is carried out; what waits is forgotten."""
    people.stored = Deferred()
    terminal.type("passwd alice\rcorrect horse\rstart 1 x\r", "\x03", "start 2 x\r")
    assert terminal.let_go == 1
    people.stored.callback(None)
    terminal.type("start 3 x\r")
    assert terminal.screen.lines[-1] == ""
    assert not any("Administrator" in line for line in terminal.screen.lines)


def test_a_terminal_goes_while_a_command_is_carried_out(people, terminal):
    """What was typed before is carried out, as on a pipe; then the console is closed."""
    people.stored = Deferred()
    terminal.type("accounts\rpasswd alice\rcorrect horse\rpasswd alice\r")
    terminal.console.ended()
    people.stored.callback(None)
    assert people.passwords == {"alice": "correct horse"}
    assert terminal.screen.lines[-2:] == [CANCELLED, ""]
    assert terminal.let_go == 1


@given(secret=st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_nothing_depends_on_the_secret(new_terminal, secret):
    """Whatever it is, the terminal gets the same bytes."""
    shown = []
    for answer in ("", secret):
        terminal = new_terminal()
        terminal.type("passwd alice\r", answer)
        terminal.console.print_lines(["one"])
        terminal.type("\r", UP)
        shown.append(terminal.screen.written)
    assert shown[0] == shown[1]


# -- without one


@pytest.fixture
def pipe(server, people):
    """Return a console on a pipe, with what it printed."""
    printed = []
    console = server.service.consoles.open(printed.extend, lambda: printed.append("closed"))
    return SimpleNamespace(lines=LineConsole(console), printed=printed, people=people)


@pytest.mark.parametrize(
    ("answer", "password"),
    [
        (b"correct horse\n", "correct horse"),
        (b"  two  blanks  \n", "  two  blanks  "),
        (b"\ttabs\t\r\n", "\ttabs\t"),
        (b"`list\n", "`list"),
        (b"\n", ""),
        ("Zoë\u202e\0 日本\n".encode(), "Zoë 日本"),
    ],
)
def test_the_next_line_is_the_answer(pipe, answer, password):
    """All of it but its end, and what no client could send; there is no prompt."""
    pipe.lines.received(b"passwd alice\n" + answer + b"list\n")
    assert pipe.printed == [CHANGED, "Administrator: No chatroom exists!"]
    assert pipe.people.passwords == {"alice": password}


def test_the_last_line_is_the_answer(pipe):
    """Also without a newline, and in pieces."""
    for piece in (b"passwd al", b"ice\ncorrect ", b"horse"):
        pipe.lines.received(piece)
    pipe.lines.ended()
    assert pipe.printed == [CHANGED, "closed"]
    assert pipe.people.passwords == {"alice": "correct horse"}


def test_the_input_ends_instead(pipe):
    """Then nothing is changed, and the console is closed."""
    pipe.lines.received(b"passwd alice\n")
    pipe.lines.ended()
    assert pipe.printed == [CANCELLED, "closed"]
    assert pipe.people.passwords == UNCHANGED


def test_an_answer_that_is_too_long(pipe):
    """It is not taken, and neither is what follows it."""
    pipe.lines.received(b"passwd alice\n" + b"x" * 5 * MAX_LINE + b"\nlist\n")
    assert pipe.printed == [
        f"Administrator: Line too long (at most {MAX_LINE} characters).",
        CANCELLED,
        "Administrator: No chatroom exists!",
    ]
    assert pipe.people.passwords == UNCHANGED


def test_lines_that_come_early_keep_their_order(pipe):
    """Each is a command or an answer, whichever it is when its turn comes."""
    pipe.people.stored = Deferred()
    pipe.lines.received(b"accounts\npasswd alice\ncorrect horse\n" + b"trace off\n" * 1000)
    pipe.lines.ended()
    assert pipe.printed == []
    pipe.people.stored.callback(None)
    assert pipe.printed[1] == CHANGED
    assert pipe.printed[2:] == ["Administrator: Trace is off."] * 1000 + ["closed"]


def test_a_password_that_meets_a_fault(pipe, monkeypatch, capture_log):
    """Nobody is told what it was, not even the log, with the trace on neither."""

    async def set_password(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(pipe.people, "set_password", set_password)
    pipe.lines.received(b"trace on\npasswd alice\ncorrect horse\n")
    assert pipe.printed[1:] == ["Administrator: that failed; the log says why."]
    assert "ZeroDivisionError" in capture_log()[-1]
    assert "horse" not in "".join(capture_log())


# -- closed while it asks


def test_the_server_stops(asked, server):
    """Nothing is left that waits, and nothing is printed behind the last words."""
    asked.type("half of it")
    server.service.consoles.shut_down()
    assert asked.screen.lines[-2:] == [SHUTDOWN_LINES[-1], ""]
    assert asked.let_go == 1
    assert asked.people.passwords == UNCHANGED
    console = asked.console.console
    assert (console.question, console.listens) == (None, True)
    gc.collect()


@pytest.mark.parametrize("typed", [b"passwd alice\n", b"\x00100 40\npasswd alice\rhalf"])
def test_a_connection_is_lost(server, people, capture_log, typed):
    """The console is closed, and what was typed of a password is no answer."""
    peer = ConsoleFactory(server.service.consoles).buildProtocol(None)
    peer.makeConnection(StringTransport())
    peer.dataReceived(typed)
    peer.connectionLost(Failure(ConnectionDone()))
    peer.transport.clear()
    server.service.consoles.shut_down()
    assert peer.transport.value() == b""
    assert people.passwords == UNCHANGED
    gc.collect()
    assert capture_log() == []


def test_it_is_closed_before_it_asks(pipe, server):
    """Then nobody is asked, and nothing is printed."""
    pipe.people.stored = Deferred()
    pipe.lines.received(b"accounts\npasswd alice\n")
    server.service.consoles.shut_down()
    pipe.people.stored.callback(None)
    assert pipe.printed == [*SHUTDOWN_LINES, "closed"]
    gc.collect()
