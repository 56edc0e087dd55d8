"""The console on a terminal: what the screen shows."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatd.admin.terminal import ConsoleTerminal
from chatd.core.sanitize import sanitize

UP, DOWN, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[D"


def test_the_prompt(terminal):
    """The words of the contract, with the cursor behind them."""
    assert terminal.screen.lines == ["Chat administration:> "]
    assert terminal.screen.column == 22


def test_a_command(terminal):
    """What was typed stays on the screen, the answer follows, then the prompt."""
    terminal.type("start 1 Swimming\r")
    assert terminal.screen.lines == [
        "Chat administration:> start 1 Swimming",
        "Administrator: Chatroom 1 started!",
        "Chat administration:> ",
    ]


def test_any_language(terminal, server):
    """Characters of any width, however they are split between reads."""
    for byte in "kick Zoë 日本".encode():
        terminal.type(bytes([byte]))
    assert terminal.typed == "kick Zoë 日本"
    assert terminal.cursor == 13
    terminal.type(LEFT)
    assert terminal.cursor == 11
    zoe = server.join("日本", "Zoë")
    terminal.type("\x05\r")
    assert zoe.read() == [
        "Server: You were kicked out from chatroom 日本@日本 by the Administrator!"
    ]


def test_lines_appear_above_the_one_being_typed(terminal):
    """The line and the cursor are where they were."""
    terminal.type("list", LEFT)
    terminal.console.print_lines(["one", "two"])
    assert terminal.screen.lines == ["one", "two", "Chat administration:> list"]
    assert terminal.cursor == 3


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        ("\x01no \x05!", "no start 1 x!", 13),
        ("\x01\x06\x06\x0b", "st", 2),
        ("\x02\x02\x15", " x", 0),
        ("\x17y", "start 1 y", 9),
        ("\x1b[H\x1b[3~\x1b[1~\x04", "art 1 x", 0),
        ("\x08\x7fz", "start 1z", 8),
        ("\x1bOH\x1b[C\x1b[4~\x1b[D|", "start 1 |x", 9),
        ("\x1b[200~\x1b[15~\x1b[1;5D\x1b[Z\x1bq\x1b\x00\x1a\x13", "start 1 x", 9),
        ("\u202e\u2028\u0085", "start 1 x", 9),
    ],
)
def test_keys(terminal, keys, text, cursor):
    """Each edits the line; those unknown do nothing."""
    terminal.type("start 1 x", keys)
    assert (terminal.typed, terminal.cursor) == (text, cursor)


def test_a_long_line_scrolls_within_one_row(terminal):
    """The cursor is always to be seen, and the last column stays free."""
    text = "say 1 " + "0123456789" * 20
    terminal.type(text)
    assert terminal.screen.lines == ["Chat administration:> " + text[-57:]]
    assert terminal.screen.column == 79
    terminal.type(b"\x01")
    assert terminal.typed == text[:57]
    assert terminal.cursor == 0


def test_a_long_line_is_shown_whole_once_entered(terminal):
    """It is what will be read later."""
    text = "x" * 200
    terminal.type(f"{text}\r")
    assert terminal.screen.lines[0] == f"Chat administration:> {text}"


def test_wide_characters_scroll(terminal):
    """They take two columns each."""
    terminal.type("日" * 100)
    assert terminal.typed == "日" * 28
    assert terminal.cursor == 56


def test_resize(terminal):
    """The row is drawn anew; where there is little room the prompt is short."""
    terminal.type("0123456789" * 10)
    terminal.console.resize(60)
    assert len(terminal.screen.line) == 59
    terminal.console.resize(20)
    assert terminal.screen.line == ":> 4567890123456789"
    terminal.console.resize(0)
    assert len(terminal.screen.line) == 79


def test_history(terminal):
    """Arrows go through it, and an unfinished line is kept."""
    terminal.type("list\r", "stats\r", "unfin", UP)
    assert terminal.typed == "stats"
    terminal.type(UP)
    assert terminal.typed == "list"
    terminal.type(DOWN, DOWN)
    assert (terminal.typed, terminal.cursor) == ("unfin", 5)


def test_completion(terminal, server):
    """What can be only one thing is completed, in its own spelling."""
    server.join("x1", "Zoë")
    terminal.type("ki\tz\tX\t")
    assert terminal.typed == "kick Zoë x1 "


def test_completion_in_the_middle(terminal):
    """What is behind the cursor stays."""
    terminal.type("`sta 1 x", b"\x01\x06\x06\x06\x06", "r\t")
    assert terminal.typed == "`start  1 x"
    assert terminal.cursor == 7


def test_completion_shows_what_can_be(terminal):
    """As far as all agree it completes, and then lists them above."""
    terminal.type("st\t")
    assert terminal.screen.lines == ["Chat administration:> sta"]
    terminal.type("\t")
    assert terminal.screen.lines == ["start  stats", "Chat administration:> sta"]
    terminal.type("x\t")
    assert terminal.screen.lines == ["start  stats", "Chat administration:> stax"]


def test_completion_does_not_flood_the_screen(terminal, server):
    """Of very many only some are listed."""
    for number in range(103):
        server.console(f"start {number} x")
    terminal.type("end \t")
    assert terminal.screen.lines[0].endswith("98  99  ... and 3 more")


def test_pasted_lines(terminal):
    """Each is carried out, with its answer below it, and the rest can be edited."""
    terminal.type("start 1 x\nstart 2 y\r\nli")
    assert terminal.screen.lines == [
        "Chat administration:> start 1 x",
        "Administrator: Chatroom 1 started!",
        "Chat administration:> start 2 y",
        "Administrator: Chatroom 2 started!",
        "Chat administration:> ",
        "Chat administration:> li",
    ]


def test_clear_screen(terminal):
    """Ctrl-L leaves the line alone, at the top."""
    terminal.type("list\r", "abc\x0c")
    assert terminal.screen.lines == ["Chat administration:> abc"]


def test_nothing_that_is_printed_controls_the_terminal(terminal):
    """Whatever is in a line, it is shown as escapes."""
    terminal.console.console.print_lines(["\x1b[31mred\x9b\u202e"])
    assert terminal.screen.lines[0] == "\\x1b[31mred\\x9b\\u202e"


def test_ctrl_d(terminal, server):
    """It closes the console if there is nothing to delete; the server goes on."""
    terminal.type("x", LEFT, "\x04")
    assert terminal.let_go == 0
    terminal.type("\x04", "list\r")
    assert terminal.let_go == 1
    assert terminal.screen.lines == [""]
    server.service.consoles.shut_down()
    assert terminal.screen.lines == [""]


def test_ctrl_c_closes_the_console(terminal):
    """The line being typed is gone, and what is typed after it ignored."""
    terminal.type("end 1\x03start 1 x\r")
    assert terminal.let_go == 1
    assert terminal.screen.lines == [""]


def test_ctrl_c_on_standard_input(server):
    """There it is another's business."""
    interrupts = []
    screen = []
    on_terminal = ConsoleTerminal(
        server.service.consoles, screen.append, screen.clear, lambda: interrupts.append(1)
    )
    on_terminal.received(b"\x03")
    assert interrupts == [1]
    assert not on_terminal.closed


def test_shut_down(terminal, server):
    """The last words stay on the screen, the prompt does not."""
    terminal.type("abc")
    server.service.consoles.shut_down()
    assert terminal.screen.lines[-2:] == ["System: Shutting down server...", ""]
    assert terminal.let_go == 1


TYPED = "kick Zoë 日\x1b[D\x1b[A\x1b[1;5C\x1bOH\x1bx\x1b[[A\x00120 40\n😄\x7f".encode()


@given(cuts=st.lists(st.integers(0, len(TYPED)), max_size=6).map(sorted))
def test_keys_may_be_split_anywhere(new_terminal, cuts):
    """Characters, escape sequences and sizes are the same however they are cut into reads."""
    whole, cut = new_terminal(), new_terminal()
    whole.type(TYPED)
    cut.type(*(TYPED[start:end] for start, end in itertools.pairwise([0, *cuts, len(TYPED)])))
    assert cut.typed == whole.typed
    assert (cut.cursor, cut.console.width) == (whole.cursor, 120)


@example(reads=["日֑".encode()])
@given(reads=st.lists(st.binary()))
def test_anything_can_be_typed(new_terminal, reads):
    """Whatever comes, the screen gets nothing that is not for it, and the line is clean."""
    terminal = new_terminal()
    terminal.type(*reads)
    assert terminal.console.closed or sanitize(terminal.screen.line) == terminal.screen.line
