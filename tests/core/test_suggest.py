"""The word that was probably meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.core.suggest import nearest

LETTERS = st.text("abcdefgh", min_size=4, max_size=12)


@pytest.mark.parametrize(
    ("word", "candidates", "near"),
    [
        ("hlep", ["list", "help"], "help"),
        ("tae", ["1", "tea"], "tea"),
        ("HELPP", ["help"], "help"),
        ("brodcsat", ["broadcast"], "broadcast"),
        ("lits", ["lists", "list"], "lists"),
        ("foo", ["help"], None),
        ("hplee", ["help"], None),
        ("room2", ["room1"], None),
        ("room12", ["room21"], None),
        ("room", ["room1"], None),
        ("a", ["b"], None),
        ("", ["", "a"], None),
        ("abc", [], None),
    ],
)
def test_nearest(word, candidates, near):
    """One edit is near, two in long words, and never another digit."""
    assert nearest(word, candidates) == near


@given(LETTERS, st.data())
def test_one_edit_is_near(word, data):
    """A character added, removed, replaced or exchanged with its neighbour is near."""
    at = data.draw(st.integers(0, len(word) - 2))
    edited = data.draw(
        st.sampled_from(
            [
                word[:at] + "z" + word[at:],
                word[:at] + word[at + 1 :],
                word[:at] + "z" + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )
    )
    assert nearest(edited, [word]) == word


@given(LETTERS, LETTERS)
def test_near_is_mutual(one, other):
    """If a word is near another one, the other one is near it."""
    assert (nearest(one, [other]) is None) == (nearest(other, [one]) is None)


@given(st.text(max_size=12), st.lists(st.text(max_size=12)))
def test_nearest_is_a_candidate(word, candidates):
    """The word is one of the candidates, and has the same digits."""
    near = nearest(word, candidates)
    assert near is None or near in candidates
