"""The words about users."""

import pytest

from chatd.protocol.people_replies import MemberInfo, MemberList, OthersHere
from chatd.protocol.people_text import people_words


@pytest.mark.parametrize(
    ("here", "words"),
    [
        (OthersHere(("Ann",)), "Here: Ann."),
        (OthersHere(("Ann", "Bob")), "Here: Ann and Bob."),
        (OthersHere(("Ann", "Bob", "Cid")), "Here: Ann, Bob and Cid."),
        (OthersHere(("Ann", "Bob"), 1), "Here: Ann, Bob and 1 other."),
        (OthersHere(("Ann", "Bob"), 3), "Here: Ann, Bob and 3 others."),
    ],
)
def test_others_here(here, words):
    """The names are those of a sentence."""
    assert people_words(here) == words


def test_lists_of_members():
    """A line has the role and the away message of a member, each of whose lines is isolated."""
    ann = MemberInfo("Ann", "operator", "lunch\nhere")
    members = MemberList((ann, MemberInfo("Bob")), 2)
    assert people_words(members) == ("\nAnn (operator), away: lunch\n  here\nBob\n… and 2 more\n")
    assert people_words(MemberList((MemberInfo("Bob"),)), lambda name: f"<{name}>") == "\n<Bob>\n"
