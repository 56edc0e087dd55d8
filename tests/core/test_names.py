"""Spec section 3: names that are allowed, and names that count as the same."""

import pytest

from chatd.core import names
from chatd.core.errors import ChatError
from chatd.protocol.text import error_text


@pytest.mark.parametrize("name", ["Alice", "a", "x" * 32, "Zoë", "мария", "美咲", "Bob-2", "a.b"])
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
    assert error_text(refused.value) == f"Name {name} is not allowed."


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


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Alice", "alice"),
        ("Alice", "Аlice"),  # Cyrillic A
        ("Bob", "Воb"),  # Cyrillic Ve and o
        ("bill", "biII"),
        ("modern", "rnodern"),
        ("straße", "STRASSE"),
        ("ﬁn", "fin"),
    ],
)
def test_same(first, second):
    """Names are the same if folding or their skeletons make them equal."""
    assert names.name_keys(first).same_as(names.name_keys(second))


@pytest.mark.parametrize(("first", "second"), [("Alice", "Alicia"), ("m1", "m2"), ("Bob", "Rob")])
def test_not_same(first, second):
    """Names that look different are different."""
    assert not names.name_keys(first).same_as(names.name_keys(second))


@pytest.mark.parametrize("room_id", ["1", "Tea", "#chat", "x" * 32, "l1I"])
def test_room_id_allowed(room_id):
    """The id of a room is a word."""
    assert names.room_id(room_id) == room_id


@pytest.mark.parametrize("room_id", ["", "x" * 33, "a b", "a@b", " a", "a\n", "a\u2003b"])
def test_room_id_not_allowed(room_id):
    """White space and `@` would break the list."""
    with pytest.raises(ChatError) as refused:
        names.room_id(room_id)
    assert error_text(refused.value) == f"Chatroom id {room_id} is not allowed."


def test_room_ids_do_not_fold_lookalikes():
    """Case does not count, but 1, l and I are different rooms."""
    assert names.room_key("TEA") == names.room_key("tea")
    assert len({names.room_key(room_id) for room_id in "1lI"}) == 3


def test_room_name_spaces():
    """Runs of white space become one space."""
    assert names.room_name("  Tea \n house ") == "Tea house"


@pytest.mark.parametrize("name", ["", "   ", "x" * 65])
def test_room_name_not_allowed(name):
    """A room has a name of 1 to 64 characters."""
    with pytest.raises(ChatError) as refused:
        names.room_name(name)
    assert error_text(refused.value) == f"Name {name} is not allowed."
