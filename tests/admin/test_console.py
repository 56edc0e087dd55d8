"""The console: lines are executed one at a time, and a line may answer a question."""

import gc

import pytest
from twisted.internet.defer import Deferred

from chatd.admin import console as console_module
from chatd.admin.answer import Answer
from chatd.admin.console import MAX_LINE
from chatd.protocol.console_commands import SHUTDOWN_LINES

TOO_LONG = "Administrator: Line too long (at most 16384 characters)."
CHANGED = "Administrator: Password of alice changed."
CANCELLED = "Administrator: Cancelled."
UNCHANGED = {"alice": "as it was"}


def test_lines_come_in_any_pieces(pipe):
    """A line ends in a newline, with or without a carriage return."""
    for piece in (b"sta", b"rt 1 Zo\xc3", b"\xab\r\nstart 2 x\nli", b"st\n"):
        pipe.lines.received(piece)
    assert pipe.printed == [
        "Administrator: Chatroom 1 started!",
        "Administrator: Chatroom 2 started!",
        "",
        "Administrator: Zoë@1: no chatters!",
        "x@2: no chatters!",
        "",
    ]


def test_the_end_of_input_closes_the_console_only(pipe, server):
    """The last line may lack its newline; after it the console prints nothing more."""
    pipe.lines.received(b"start 1 x")
    pipe.lines.ended()
    assert pipe.printed == ["Administrator: Chatroom 1 started!", "closed"]
    pipe.lines.received(b"start 2 x\n")
    pipe.lines.ended()
    server.service.consoles.shut_down()
    assert pipe.printed == ["Administrator: Chatroom 1 started!", "closed"]
    assert server.console("start 2 x") == ["Administrator: Chatroom 2 started!"]


@pytest.mark.parametrize("character", ["x", "日", "😄"])
def test_a_line_that_is_too_long(pipe, character):
    """A line that is too long is dropped up to its end, and not kept whole."""
    pipe.lines.received(f"say 1 {character * (MAX_LINE - 6)}\n".encode())
    assert pipe.printed == ["Administrator: Chatroom 1 NOT exist!"]
    for _ in range(10):
        pipe.lines.received((character * MAX_LINE).encode())
    assert len(pipe.lines._pending) <= 4 * MAX_LINE + 1
    pipe.lines.received(b"\nlist\n")
    assert pipe.printed[1:] == [TOO_LONG, "Administrator: No chatroom exists!"]


def test_one_line_at_a_time(pipe, monkeypatch):
    """The lines after a command that takes a while wait, and the end of input waits, too."""
    waiting = []

    async def execute(_, line, *__):
        waiting.append(Deferred())
        await waiting[-1]
        return Answer([line])

    monkeypatch.setattr(console_module, "execute", execute)
    pipe.lines.received(b"one\ntwo\n")
    pipe.lines.ended()
    assert len(waiting) == 1
    waiting[0].callback(None)
    assert pipe.printed == ["one"]
    waiting[1].callback(None)
    assert pipe.printed == ["one", "two", "closed"]


def test_the_input_ends_behind_quit(pipe, server, accounts):
    """After `quit`, the server closes the console with its last lines, not the end of input."""
    server.reactor.stop = lambda: None
    accounts.stored = Deferred()
    pipe.lines.received(b"accounts\nquit\nstart 1 x\n")
    pipe.lines.ended()
    accounts.stored.callback(None)
    assert pipe.printed == ["alice registered 2026-11-20 14:51:16 UTC"]
    server.service.stopService()
    assert pipe.printed[1:] == [*SHUTDOWN_LINES, "closed"]


def test_an_exception_in_a_command(pipe, monkeypatch, capture_log):
    """An exception in a command is logged, the administrator is told, and the console continues."""

    async def execute(_, line, *__):
        if line == "fail":
            raise ZeroDivisionError
        return Answer([line])

    monkeypatch.setattr(console_module, "execute", execute)
    pipe.lines.received(b"fail\nnext\n")
    assert pipe.printed == ["Administrator: that failed; the log says why.", "next"]
    assert "ZeroDivisionError" in capture_log()[0]


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
def test_the_next_line_is_the_answer(pipe, answer, password, accounts):
    """The line is the answer without its newline and without control characters."""
    pipe.lines.received(b"passwd alice\n" + answer + b"list\n")
    assert pipe.printed == [CHANGED, "Administrator: No chatroom exists!"]
    assert accounts.passwords == {"alice": password}


def test_the_last_line_is_the_answer(pipe, accounts):
    """The last line may lack its newline, and may come in pieces."""
    for piece in (b"passwd al", b"ice\ncorrect ", b"horse"):
        pipe.lines.received(piece)
    pipe.lines.ended()
    assert pipe.printed == [CHANGED, "closed"]
    assert accounts.passwords == {"alice": "correct horse"}


def test_the_input_ends_instead(pipe, accounts):
    """The end of input cancels the question and closes the console."""
    pipe.lines.received(b"passwd alice\n")
    pipe.lines.ended()
    assert pipe.printed == [CANCELLED, "closed"]
    assert accounts.passwords == UNCHANGED


def test_an_answer_that_is_too_long(pipe, accounts):
    """An answer that is too long is refused, and the next line is not taken instead."""
    pipe.lines.received(b"passwd alice\n" + b"x" * 5 * MAX_LINE + b"\nlist\n")
    assert pipe.printed == [
        f"Administrator: Line too long (at most {MAX_LINE} characters).",
        CANCELLED,
        "Administrator: No chatroom exists!",
    ]
    assert accounts.passwords == UNCHANGED


def test_lines_that_come_early_keep_their_order(pipe, accounts):
    """Each line is a command or an answer, whichever is due at its turn."""
    accounts.stored = Deferred()
    pipe.lines.received(b"accounts\npasswd alice\ncorrect horse\n" + b"trace off\n" * 1000)
    pipe.lines.ended()
    assert pipe.printed == []
    accounts.stored.callback(None)
    assert pipe.printed[1] == CHANGED
    assert pipe.printed[2:] == ["Administrator: Trace is off."] * 1000 + ["closed"]


def test_a_password_in_a_command_that_fails(pipe, monkeypatch, capture_log, accounts):
    """The password is neither printed nor logged when a command fails, even with the trace on."""

    async def set_password(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(accounts, "set_password", set_password)
    pipe.lines.received(b"trace on\npasswd alice\ncorrect horse\n")
    assert pipe.printed[1:] == ["Administrator: that failed; the log says why."]
    assert "ZeroDivisionError" in capture_log()[-1]
    assert "horse" not in "".join(capture_log())


def test_closed_before_the_question(pipe, server, accounts):
    """A console that is closed before a question asks nothing and prints nothing."""
    accounts.stored = Deferred()
    pipe.lines.received(b"accounts\npasswd alice\n")
    server.service.consoles.shut_down()
    accounts.stored.callback(None)
    assert pipe.printed == [*SHUTDOWN_LINES, "closed"]
    gc.collect()
