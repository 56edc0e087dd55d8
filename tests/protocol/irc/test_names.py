"""How the names of the chat look on IRC."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.names import new_name
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


def test_the_source_of_a_former_name():
    """It is like no source of a user."""
    assert names.former_source("Ann") == "Ann!~u@chatd/former"
    assert names.former_source("Ann") not in {names.source("Ann"), names.source("Ann", 7)}


# Blanks, what ends a line or a part of a source, what masks and lists are made of, what starts the
# name of a channel, and the prefixes of members and of extended bans.
NOT_IN_NICKS = "\0\a\t\n\r \x7f!@#$*,.:?"
NOT_AT_THE_START = "&~%+-"
SMALL_FORMS = [*map(chr, range(0xFE50, 0xFE70))]


@pytest.mark.parametrize("character", NOT_IN_NICKS + NOT_AT_THE_START)
def test_what_nicks_cannot_have_is_in_no_name(character):
    """No user, and so no account, gets such a name; wide forms count as the plain ones."""
    wide = "" if not "!" <= character <= "~" else chr(ord(character) + 0xFEE0)
    small = [
        each for each in map(chr, range(0xFE50, 0xFE70)) if normalize("NFKC", each) == character
    ]
    for form in filter(None, (character, wide, *small)):
        for name in (f"{form}ann", f"an{form}n", f"ann{form}"):
            if character in NOT_AT_THE_START and not name.startswith(form):
                continue
            with pytest.raises(ChatError) as refused:
                new_name(name)
            assert refused.value.code is ErrorCode.BAD_NAME


@given(st.text(min_size=1, max_size=8))
def test_every_name_is_a_nick(text):
    """Each name of a user can be a parameter of a line, and a part of a source or a mask."""
    try:
        name = new_name(text).text
    except ChatError:
        return
    assert not set(NOT_IN_NICKS) & set(name)
    assert name[0] not in NOT_AT_THE_START
    assert not any(map(str.isspace, name))


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
