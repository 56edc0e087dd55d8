"""How lines look on a terminal."""

import time

import pytest

from chatd.client.actions import Line
from chatd.client.paint import paint, style_of

SAID_AT = 1795186276.0


@pytest.fixture(autouse=True)
def zone(monkeypatch):
    """Set a local time two hours before UTC's."""
    monkeypatch.setenv("TZ", "XYZ-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_said():
    """A message has its time in local time, its room, a name in its colour, and mentions that stand out."""
    line = Line(
        "[1] Bob: hi al, al!", tag="[1] ", name="Bob", talk=True, mention="al", time=SAID_AT
    )
    assert paint(line, 0.0) == [
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
    """Who comes and goes has his colour; the rest is quiet."""
    assert paint(Line("Server: Bob quitted.", name="Bob", stamped=False), 0.0) == [
        ("class:quiet", "Server: "),
        (style_of("Bob"), "Bob"),
        ("class:quiet", " quitted."),
        ("", "\n"),
    ]


@pytest.mark.parametrize("seconds", [None, 1e300, -1e300, float("inf"), float("nan"), 253402300799])
def test_strange_times(seconds):
    """A time that cannot be shown is now."""
    assert paint(Line("x", time=seconds), SAID_AT)[0] == ("class:time", "[16:51:16] ")


def test_all_of_a_line_is_painted():
    """Whatever is marked, no character is lost."""
    for line in (
        Line("Not connected."),
        Line("\nhelp\n", stamped=False),
        Line("Server: No room exists!", name="Server"),
        Line("[1] Administrator: hear", tag="[1] ", name="Administrator"),
        Line("Bob: bob, Bob", name="Bob", talk=True, mention="bob"),
        Line("Alice: joined us @chatroom 1.", name="Bob"),
    ):
        text = "".join(text for style, text in paint(line, 0.0) if style != "class:time")
        assert text == f"{line.text}\n"


def test_colours_are_stable():
    """A name has always the same colour, whatever its case; not all have the same."""
    assert style_of("Alice") == style_of("ALICE")
    assert style_of("Server") == "class:server"
    assert len({style_of(f"name {number}") for number in range(100)}) == 13
