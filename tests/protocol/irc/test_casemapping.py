"""Names that count as the same for IRC clients, and masks."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.protocol.irc.casemapping import MAX_MASK, MAX_STARS, folded, is_mask, mask_pattern


@pytest.mark.parametrize(
    ("name", "expected"), [("AnnZ", "annz"), ("[Ann]", "[ann]"), ("É", "É"), ("{a}", "{a}")]
)
def test_only_the_letters_of_ascii_are_folded(name, expected):
    """CASEMAPPING=ascii: brackets and braces differ, as they do in the chat."""
    assert folded(name) == expected


@pytest.mark.parametrize(
    ("mask", "name", "matches"),
    [
        ("ann", "ANN", True),
        ("ann", "anna", False),
        ("an?", "ann", True),
        ("an?", "an", False),
        ("*", "", True),
        ("a*", "Ann", True),
        ("*n", "ann", True),
        ("a*n*a", "anna", True),
        ("a*n*a", "ana\n", False),
        ("a***a", "anna", True),
        ("?.?", "a.b", True),
        ("?.?", "a-b", False),
        ("[a]*", "[A]nn", True),
        ("*ab", "aab", True),
        ("a*a", "a", False),
    ],
)
def test_masks(mask, name, matches):
    """`*` stands for any text, `?` for one character, and the case of letters for nothing."""
    assert (mask_pattern(mask).fullmatch(name) is not None) is matches
    assert (mask_pattern(mask).match(name) is not None) is matches


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=12))
def test_masks_match_as_those_of_files(mask, name):
    """The standard library agrees on every mask of `*` and `?`."""
    assert (mask_pattern(mask).fullmatch(name) is not None) == fnmatchcase(name, mask)


@pytest.mark.parametrize("part", ["*a", "*a?a?a?", "*???????"])
def test_no_mask_takes_long(part):
    """A pattern that goes back for each `*` would try billions of ways, and not end here."""
    pattern = mask_pattern(f"{part * (MAX_STARS - 1)}*b")
    assert pattern.fullmatch("a" * 100) is None


@pytest.mark.parametrize(
    ("mask", "matches"),
    [
        ("*" * MAX_STARS, True),
        ("*" * (MAX_STARS + 1), False),
        (f"{'a' * (MAX_MASK - 1)}*", True),
        (f"{'a' * MAX_MASK}*", False),
    ],
)
def test_a_mask_that_is_too_long(mask, matches):
    """It matches nothing."""
    assert (mask_pattern(mask).fullmatch("a" * 100) is not None) is matches


@pytest.mark.parametrize(("text", "expected"), [("ann", False), ("a*", True), ("a?n", True)])
def test_is_mask(text, expected):
    """A text with `*` or `?` is a mask, any other a name."""
    assert is_mask(text) is expected
