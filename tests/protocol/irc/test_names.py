"""How the names of the chat look on IRC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.profiles import NO_PROFILE, Profile, UserRef
from chatd.core.rooms import Role
from chatd.protocol.irc import names


def test_channels():
    """A room is a channel of its id; other names are no channels."""
    assert names.channel("Tea") == "#Tea"
    assert names.room_id("#Tea") == "Tea"
    assert names.room_id("##tea") == "#tea"
    assert names.room_id("tea") is None


@pytest.mark.parametrize(
    ("account", "profile", "expected"),
    [
        (None, NO_PROFILE, "Ann!~u@"),
        (None, Profile("ann", "Ann of chatd"), "Ann!~ann@"),
        (7, Profile("ann"), "Ann!~ann@"),
    ],
)
def test_sources(account, profile, expected):
    """A source has the name, the name on the own machine, and what stands for a host."""
    source = names.source("Ann", account, profile)
    assert source == expected + names.host("Ann", account)
    assert names.source_of(UserRef("Ann", account, profile)) == source
    assert names.host("Ann", None) != names.host("Ann", 7)


@given(st.text())
def test_username(typed):
    """It is short, and has nothing that would end a part of a source."""
    username = names.username(typed)
    assert len(username) <= names.USERNAME_LENGTH
    assert not set("!@ :*?,~\r\n\0") & set(username)


@given(st.text(), st.integers(0, 10**18 - 1))
def test_message_ids(room, number):
    """The id of a message has its room and number."""
    assert names.parse_message_id(names.message_id(room, number)) == (room, number)


@pytest.mark.parametrize("text", ["", "tea", "tea/", "tea/x", "tea/-1", "tea/٣", f"tea/{'9' * 19}"])
def test_what_is_no_message_id(text):
    """Other texts are none."""
    assert names.parse_message_id(text) is None


def test_ban_masks():
    """An account is banned as such, a guest by the name."""
    assert names.ban_mask("Bob", None) == "Bob!*@*"
    assert names.ban_mask("bob", 7) == "$a:bob"


def test_roles():
    """Each role has a prefix, and those of members with rights have modes."""
    assert {role.value for role in Role} == {*names.MODES, "none"}
    assert {names.PREFIXES[role] for role in Role} == {"~", "@", "+", ""}
