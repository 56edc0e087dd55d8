"""Commands: usage, parsing, checks and masks derived from parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ChatError
from chatd.protocol.command import MASK, PASSWORD_MASK, Command, Parameter, help_text
from chatd.protocol.commands import CLIENT_COMMANDS

SEND = Command(
    "send",
    "Send it.",
    (
        Parameter("to", word=True),
        Parameter("count", optional=True, number=True),
        Parameter("id", optional=True, json_only=True),
    ),
)


BAN = Command(
    "ban",
    "Ban somebody.",
    (
        Parameter("name"),
        Parameter("minutes", optional=True, number=True),
        Parameter("reason", optional=True),
    ),
)


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("Bob", {}),
        ("Bob 60", {"minutes": "60"}),
        ("Bob  60  two  words ", {"minutes": "60", "reason": "two  words"}),
        ("Bob two words", {"reason": "two words"}),
        ("Bob 60s", {"reason": "60s"}),
        ("Bob -1", {"reason": "-1"}),
        ("Bob two 60", {"reason": "two 60"}),
        ("Bob ٣ x", {"minutes": "٣", "reason": "x"}),
    ],
)
def test_an_optional_number_before_others(words, arguments):
    """A word that is not all digits belongs to the next parameter."""
    assert BAN.split(words) == {"name": "Bob"} | arguments


@given(
    st.from_regex(r"[A-Za-z]{1,9}", fullmatch=True),
    st.one_of(st.just(""), st.from_regex(r"[0-9]{1,20}", fullmatch=True)),
    st.text(st.characters(codec="utf-8"), max_size=20).map(str.strip),
)
def test_minutes_and_reason_are_told_apart(name, minutes, reason):
    """Minutes are read where the second word is all digits; the rest is the reason, unchanged."""
    typed = f"{name} {minutes} {reason}" if minutes else f"{name} {reason}"
    arguments = BAN.split(typed)
    begins_with_digits = bool(reason) and reason.split()[0].isdecimal()
    if minutes or not begins_with_digits:
        assert arguments.get("minutes", "") == minutes
        assert arguments.get("reason", "") == reason
    assert arguments["name"] == name


def test_usage_is_derived():
    """The usage names the parameters that can be typed, optional ones in brackets."""
    assert SEND.usage == "send <to> [count]"
    assert SEND.help_line == "`send <to> [count]`: Send it."
    assert Command("send", "Send it.", syntax="send it").usage == "send it"


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("", {}),
        ("Bob", {"to": "Bob"}),
        (" Bob  3 ", {"to": "Bob", "count": "3"}),
        ("Bob 3 4", {"to": "Bob", "count": "3 4"}),
    ],
)
def test_split(words, arguments):
    """Each word is a parameter, and the last one takes the rest."""
    assert SEND.split(words) == arguments


@pytest.mark.parametrize(
    "arguments",
    [{"to": "Bob"}, {"to": "Bob", "count": "3"}, {"to": "Bob", "count": "0" * 15, "id": "x"}],
)
def test_allowed(arguments):
    """Optional parameters may be missing."""
    assert SEND.check(arguments) == SEND.check_typed(arguments) == arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"count": "3"},
        {"to": "Bob", "count": "x"},
        {"to": "Bob", "count": "-1"},
        {"to": "Bob", "count": "١"},
        {"to": "Bob", "count": "1" * 16},
        {"to": "Bob", "count": ""},
    ],
)
def test_refused(arguments):
    """A parameter that is missing or is no number of at most 15 digits gets the usage."""
    for check in (SEND.check, SEND.check_typed):
        with pytest.raises(ChatError) as refused:
            check(arguments)
        assert refused.value.params == {"usage": "send <to> [count]"}


def test_a_word_has_blanks_only_in_json():
    """A password with blanks, for example, cannot be typed, but a program can send it."""
    assert SEND.check({"to": "Bob Dan"}) == {"to": "Bob Dan"}
    with pytest.raises(ChatError):
        SEND.check_typed({"to": "Bob Dan"})


def test_choices():
    """Only the words of the table are allowed."""
    command = CLIENT_COMMANDS["format"]
    assert command.check({"format": "json"}) == {"format": "json"}
    with pytest.raises(ChatError):
        command.check({"format": "xml"})


def test_mask():
    """The trace shows neither passwords nor private messages nor parameters that are unknown."""
    command = CLIENT_COMMANDS["login"]
    arguments = {"username": "al", "password": "pass-word", "passwort": "pass-word"}
    shown = {"username": "al", "password": PASSWORD_MASK, "passwort": MASK}
    assert command.mask(arguments) == shown


def test_help_has_no_commands_for_programs():
    """Help lists the commands that can be typed, in the order of the table."""
    lines = help_text(CLIENT_COMMANDS.values()).splitlines()
    names = [name for name, command in CLIENT_COMMANDS.items() if not command.json_only]
    assert [line.removeprefix("`").split("`")[0].split(" ")[0] for line in lines] == names
    assert "ping" not in names


FIND = Command(
    "find",
    "Find it.",
    (
        Parameter("words"),
        Parameter("room", optional=True, json_only=True),
        Parameter("before", optional=True, number=True, prefix="#before:"),
    ),
    syntax="find <words> [#before:<id>]",
)


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("tea", {"words": "tea"}),
        ("green tea #before:7", {"words": "green tea", "before": "7"}),
        ("tea  #before: 7 ", {"words": "tea", "before": "7"}),
        ("#before:7", {"before": "7"}),
        ("#before:7 tea", {"words": "#before:7 tea"}),
        ("tea#before:7", {"words": "tea#before:7"}),
        ("tea #before:", {"words": "tea #before:"}),
        ("tea #before:7 #before:8", {"words": "tea #before:7", "before": "8"}),
        ("tea #before:x", {"words": "tea", "before": "x"}),
    ],
)
def test_a_prefix(words, arguments):
    """A parameter with a prefix stands at the end, as a word of its own; the rest is as ever."""
    assert FIND.split(words) == arguments


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("", {}),
        ("50", {"limit": "50"}),
        ("before 7", {"before": "7"}),
        ("50 before 7", {"limit": "50", "before": "7"}),
        ("50  before  7", {"limit": "50", "before": "7"}),
        ("before", {"limit": "before"}),
    ],
)
def test_a_prefix_of_letters(words, arguments):
    """The prefix may be a word, behind which the value is the next word."""
    assert CLIENT_COMMANDS["history"].split(words) == arguments


def test_a_prefix_in_json():
    """A program gives the value alone."""
    assert FIND.check({"words": "x", "before": "7"}) == {"words": "x", "before": "7"}
    with pytest.raises(ChatError):
        FIND.check({"words": "x", "before": "#before:7"})


@given(st.text(max_size=20))
def test_a_prefix_takes_anything(words):
    """Each line is split; without the prefix nothing is cut."""
    arguments = FIND.split(words)
    if "#before:" not in words:
        assert arguments.get("words", "") == words.strip()
        assert "before" not in arguments


@pytest.mark.parametrize(
    ("value", "is_allowed"), [("5", True), ("off", True), ("on", False), ("-1", False), ("", False)]
)
def test_a_number_or_off(value, is_allowed):
    """A number may be off where the parameter tells so, and only there."""
    assert Parameter("limit", number=True, or_off=True).allows(value) is is_allowed
    assert Parameter("limit", number=True).allows("off") is False
