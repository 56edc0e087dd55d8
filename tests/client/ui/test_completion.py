"""Completion: the words that Tab offers."""

import pytest

from chatd.client.model.state import ClientState
from chatd.client.ui.completion import complete


@pytest.fixture
def state():
    """Return the state of Alice in rooms 1 and sea, who knows Bob, Bert and room 2."""
    state = ClientState()
    state.name = "Alice"
    state.rooms = ["1", "sea"]
    state.known_rooms = {"1": None, "sea": None, "2": None}
    state.known_names = {"Bob": None, "Bert": None, "B\n`quit": None}
    return state


@pytest.mark.parametrize(
    ("before", "word", "candidates"),
    [
        ("`s", "`s", ["`start ", "`switch ", "`secret ", "`search ", "`sessions ", "`say "]),
        ("/con", "/con", ["/connect "]),
        ("`con", "`con", ["`connect "]),
        ("`ren", "`ren", ["`rename "]),
        ("`rename ", "", []),
        ("`rename B", "B", []),
        ("`format", "`format", []),
        ("`re", "`re", ["`register ", "`revoke ", "`rename "]),
        ("`h", "`h", ["`help ", "`history "]),
        ("`lo", "`lo", ["`login ", "`logout "]),
        ("`p", "`p", ["`private ", "`password "]),
        ("`join ", "", ["1 ", "sea ", "2 "]),
        ("`join S", "S", ["sea "]),
        ("`join 1 ", "", ["Alice "]),
        ("`join 1 Alice ", "", []),
        ("`switch ", "", ["1 ", "sea "]),
        ("`switch 1 ", "", []),
        ("`help pe", "pe", ["people "]),
        ("/help ki", "ki", ["kick "]),
        ("/help kick ", "", []),
        ("`end ", "", ["1 ", "sea "]),
        ("`op b", "b", ["Bob ", "Bert "]),
        ("/kick be", "be", ["Bert "]),
        ("/kick Bert as bo", "bo", ["Bob "]),
        ("/ban Bert bo", "bo", []),
        ("`mute be", "be", ["Bert "]),
        ("`invite bo", "bo", ["Bob "]),
        ("`msg bo", "bo", ["Bob "]),
        ("`topic bo", "bo", ["Bob "]),
        ("`moderated ", "", ["on ", "off "]),
        ("/private o", "o", ["on ", "off "]),
        ("`key ", "", ["off "]),
        ("`limit ", "", ["off "]),
        ("`secret b", "b", ["Bob ", "Bert "]),
        ("`secret Bob hi be", "be", ["Bert "]),
        ("`start ", "", []),
        ("`list ", "", ["Bob ", "Bert "]),
        ("`foo x", "x", []),
        ("bo", "bo", ["Bob: "]),
        ("hi bo", "bo", ["Bob "]),
        ("hi ", "", []),
        ("", "", []),
    ],
)
def test_complete(state, before, word, candidates):
    """Commands, their parameters and names are completed, if they can be typed."""
    assert complete(before, state) == (word, candidates)


def test_names_are_forgotten(state):
    """After a lost connection the names are not offered: the users may have left."""
    state.leave_all()
    assert complete("bo", state) == ("bo", [])
