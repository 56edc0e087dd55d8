"""Spec section 3: names that are allowed, and names that count as the same."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core import names
from chatd.core.errors import ChatError
from chatd.core.lookalikes import name_keys
from chatd.protocol.error_text import error_text


@pytest.mark.parametrize("name", ["Alice", "a", "x" * 32, "Zoë", "мария", "美咲", "Bob-2", "a_b"])
def test_allowed(name):
    """Letters of any script, digits and most punctuation make a name."""
    assert names.user_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 33,
        "a b",
        "a:b",
        "a`b",
        "a@b",
        "a,b",
        "a\tb",
        "a\u00a0b",
        "a\u3000b",
        "a\u200bb",
        "\u202ebob",
        "😄",
        "a\uff1ab",  # PRECIS makes a plain colon of it
        "a\uff20b",
    ],
)
def test_not_allowed(name):
    """Characters are forbidden in the result of PRECIS, which maps wide forms to plain ones."""
    with pytest.raises(ChatError) as refused:
        names.user_name(name)
    assert error_text(refused.value).startswith(f"Name {name} is not allowed: ")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Fred Smith", "no blanks, try Fred_Smith."),
        ("Fred\u00a0Smith", "no blanks, try Fred_Smith."),
        ("a:b", "it has a character that is not allowed there, try ab."),
        ("😄", "it has a character that is not allowed there."),
        ("~bob", "it begins with a character that is not allowed there, try bob."),
        ("_", "it needs a letter or a digit."),
        ("12", "it needs a letter, try user12."),
        ("1.2.3.4", "it reads as an address."),
        ("0x7f", "it reads as an address."),
        ("a\u0301\u0302\u0303b", "too many marks on a letter."),
        ("раypal", "it mixes letters of several scripts."),
        ("adm1n", "it is reserved, or looks like a reserved name."),
        ("Ser ver", "no blanks."),
        ("", "1 to 32 characters."),
        ("x" * 33, "1 to 32 characters."),
    ],
)
def test_reasons(name, words):
    """A user reads why a name is not allowed, and one that is, if there is one near."""
    with pytest.raises(ChatError) as refused:
        names.user_name(name)
    assert error_text(refused.value) == f"Name {name} is not allowed: {words}"


@given(st.text(max_size=40) | st.text("ab1 .:!~\u0301", max_size=40))
def test_suggestions_are_allowed(name):
    """A name that is suggested is not refused in its turn."""
    try:
        names.user_name(name)
    except ChatError as error:
        suggestion = error.params.get("suggestion", "ann")
        assert names.user_name(suggestion) == suggestion


@pytest.mark.parametrize(
    ("room_id", "reason", "suggestion"),
    [("a b", "blank", "a_b"), ("[x]", "character", "x"), ("", "length", None)],
)
def test_reasons_of_room_ids(room_id, reason, suggestion):
    """A program reads why an id is not allowed."""
    with pytest.raises(ChatError) as refused:
        names.room_id(room_id)
    assert refused.value.params["reason"] == reason
    assert refused.value.params.get("suggestion") == suggestion


@pytest.mark.parametrize(
    "name",
    ["Server", "server", "SYSTEM", "Administrator", "info", "lNFO", "Sеrver", "Аdministrator"],
)
def test_reserved(name):
    """No user has the name of a part of the server, nor one that looks like it."""
    with pytest.raises(ChatError):
        names.user_name(name)


def test_length_is_checked_first(monkeypatch):
    """PRECIS is not called for a long name."""
    monkeypatch.setattr(names, "_username", None)
    with pytest.raises(ChatError):
        names.user_name("x" * 100_000)


def test_wide_form_becomes_plain():
    """The name has the form that PRECIS gives it."""
    assert names.user_name("\uff21lice") == "Alice"


def table():
    """Yield the rows of the table of hostile and honest names."""
    rows = Path(__file__).with_name("hostile_names.tsv").read_text("utf-8").splitlines()
    for row in rows:
        if not row.startswith("# "):
            name, outcome, _ = row.split("\t")
            name = re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), name)
            yield pytest.param(name, outcome, id=f"{name!a}-{outcome!a}")


@pytest.mark.parametrize(("name", "outcome"), [*table()])
def test_hostile_and_honest_names(name, outcome):
    """The table says of each name whether it is allowed, and which name is the same."""
    if outcome == "refused":
        with pytest.raises(ChatError):
            names.user_name(name)
        return
    assert names.user_name(name) == name
    if outcome != "allowed":
        other = outcome.removeprefix("same as ")
        assert names.user_name(other) == other
        assert name_keys(name).same_as(name_keys(other))


@given(st.text(max_size=40), st.text(max_size=40))
def test_same_is_symmetric(first, second):
    """Two names are the same in either order, and each is the same as itself."""
    keys, others = name_keys(first), name_keys(second)
    assert keys.same_as(keys)
    assert keys.same_as(others) == others.same_as(keys)


@given(st.text(min_size=1, max_size=8))
def test_an_allowed_name_stays_as_it_is(text):
    """A name that is allowed is allowed again, unchanged."""
    try:
        name = names.user_name(text)
    except ChatError:
        return
    assert names.user_name(name) == name
    assert name_keys(name).same_as(name_keys(text))


@pytest.mark.parametrize("room_id", ["1", "Tea", "#chat", "x" * 32, "l1I"])
def test_room_id_allowed(room_id):
    """The id of a room is a word."""
    assert names.room_id(room_id) == room_id


@pytest.mark.parametrize(
    "room_id",
    [
        *("", "x" * 33, "a b", "a@b", " a", "a\n", "a\u2003b", "a]", "[a", "(a)", "\u3010a\u3011"),
        *("a,b", "<a>", "\uff3ba", "\u200b", "a\u200b", "\u2800", "a\u2800", "\u3164", "\u115f"),
        *("\u0301", "a\u0301\u0302\u0303", "a\u202eb", "a\u200fb", "a\x7f", "\u00ad"),
    ],
)
def test_room_id_not_allowed(room_id):
    """White space, brackets and what cannot be seen would break lines that show the id."""
    with pytest.raises(ChatError) as refused:
        names.room_id(room_id)
    assert error_text(refused.value) == f"Chatroom id {room_id} is not allowed."


def test_room_name_spaces():
    """Runs of white space become one space."""
    assert names.room_name("  Tea \n house ") == "Tea house"


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "\u2800", "\u200b", "a:\u2800b"])
def test_room_name_not_allowed(name):
    """A room has a name of 1 to 64 characters."""
    with pytest.raises(ChatError) as refused:
        names.room_name(name)
    assert error_text(refused.value).startswith(f"Name {name} is not allowed: ")
