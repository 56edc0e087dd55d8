"""The styles and times of lines and prompts on a terminal."""

import pytest

from chatd.client.model.effects import Incoming
from chatd.client.model.state import ClientState
from chatd.client.ui.colours import NameColours
from chatd.client.ui.frontend import Line, Prompt
from chatd.client.ui.guided_text import info, people_lines, update_lines
from chatd.client.ui.render import backfill_line, rows, style_line, style_prompt
from chatd.core.events import Message
from chatd.protocol.received import RoomInfo, RoomList

SAID_AT = 1795186276.0

style_of = NameColours().style


pytestmark = pytest.mark.usefixtures("zone")


def test_message():
    """A message has its local time, its room, a coloured name and highlighted mentions."""
    line = Line(
        "[1] Bob: hi al, al!", tag="[1] ", name="Bob", talk=True, mention="al", time=SAID_AT
    )
    assert style_line(line, SAID_AT) == [
        ("class:time", "[16:51:16] "),
        ("class:tag", "[1] "),
        (style_of("Bob"), "Bob"),
        ("", ": hi "),
        ("class:mention", "al"),
        ("", ", "),
        ("class:mention", "al"),
        ("", "!"),
        ("", "\n"),
    ]


def test_left():
    """The name of a user who leaves has its colour; the rest of the line is grey."""
    assert style_line(Line("Server: Bob quitted.", name="Bob", stamped=False), 0.0) == [
        ("class:quiet", "Server: "),
        (style_of("Bob"), "Bob"),
        ("class:quiet", " quitted."),
        ("", "\n"),
    ]


@pytest.mark.parametrize("seconds", [None, 1e300, -1e300, float("inf"), float("nan"), 253402300799])
def test_strange_times(seconds):
    """A time that cannot be shown is replaced by the current one."""
    assert style_line(Line("x", time=seconds), SAID_AT)[0] == ("class:time", "[16:51:16] ")


def test_no_character_is_lost():
    """The fragments of a line together are its text."""
    for line in (
        Line("Not connected."),
        Line("\nhelp\n", stamped=False),
        Line("Server: No room exists!", name="Server"),
        Line("[1] Administrator: hear", tag="[1] ", name="Administrator"),
        Line("Bob: bob, Bob", name="Bob", talk=True, mention="bob"),
        Line("Alice: joined us @chatroom 1.", name="Bob"),
    ):
        text = "".join(text for style, text in style_line(line, 0.0) if style != "class:time")
        assert text == f"{line.text}\n"


def test_missed_message():
    """A missed message has its date, and a style of its own except for the name."""
    line = backfill_line(Message("1", 1, "Bob", "hi", SAID_AT))
    assert style_line(line, 0.0) == [
        ("class:tag", "[2026-11-20 14:51:16] "),
        (style_of("Bob"), "Bob"),
        ("class:missed", ": hi"),
        ("", "\n"),
    ]


def test_guided():
    """In guided mode notices are yellow, the user's own name is green, other names have colours."""
    assert style_line(info("Connection lost."), 0.0)[0] == ("class:info", "INFO> Connection lost.")
    said = Incoming(Message("1", 1, "Bob", "hi", SAID_AT), 1)
    (line,) = update_lines(said, ClientState(), 0.0)
    assert style_line(line, 0.0) == [
        (style_of("Bob"), "Bob"),
        ("", "> [16:51:16] hi"),
        ("", "\n"),
    ]
    room = RoomList((RoomInfo("1", "tea", (("Al", None),)),))
    state = ClientState()
    state.name, state.current = "Al", "1"
    assert style_line(people_lines(room, state)[1], 0.0)[1] == ("class:own", "Al")


def test_prompts():
    """A prompt is a text, or the user's name and the time; there is none during a request."""
    assert style_prompt(Prompt("Command: "), SAID_AT) == [("", "Command: ")]
    assert style_prompt(Prompt(speaker="Al"), SAID_AT) == [
        ("class:own", "Al"),
        ("", "> "),
        ("class:time", "[16:51:16] "),
    ]
    assert style_prompt(None, SAID_AT) == []


def test_rows():
    """The rows of a message are indented to its text, and its lines like them."""
    line = Line("Bob: one two three\n  four", name="Bob", talk=True, time=SAID_AT)
    shown = "".join(words for _, words in rows(line, SAID_AT, 25, style_of))
    assert shown == "[16:51:16] Bob: one two \n        three\n        four\n"


def test_rows_of_other_lines():
    """Other lines have a small indent."""
    line = Line("Server: one two three four", name="Server", stamped=False)
    assert "".join(words for _, words in rows(line, 0.0, 20, style_of)) == (
        "Server: one two \n  three four\n"
    )
