"""The word that was probably meant, where an unknown one was typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_SHORTEST: Final = 3
"""How many characters a word has that is near another one: shorter ones are near too many."""

_LONG: Final = 8
"""How many characters two words have that may be two edits away from each other."""


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate nearest to `word`, the first of several, None if none is near.

    Near is what one edit makes the same, whatever its case: a character more or less, another
    character, or two neighbours in the other order. Two edits are allowed where both have 8
    characters or more. Words with different digits are never near: `room1` is not `room2`.
    """
    folded = word.casefold()
    best: str | None = None
    fewest = 3
    if len(folded) < _SHORTEST:
        return None
    letters = set(folded)
    for candidate in candidates:
        other = candidate.casefold()
        allowed = 2 if min(len(folded), len(other)) >= _LONG else 1
        if abs(len(folded) - len(other)) > allowed or _digits(folded) != _digits(other):
            continue
        # An edit changes two characters of the sets at most; this takes far less time.
        if len(letters ^ set(other)) > 2 * allowed:
            continue
        edits = _edits(folded, other)
        if edits <= allowed and edits < fewest:
            best, fewest = candidate, edits
    return best


def _digits(word: str) -> str:
    return "".join(filter(str.isnumeric, word))


def _edits(one: str, other: str) -> int:
    """Return the number of edits between two words, no character of which is edited twice."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, b in enumerate(other, 1):
            edits = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if above and j > 1 and a == other[j - 2] and one[i - 2] == b:
                edits = min(edits, above[j - 2] + 1)
            row.append(edits)
    return row[-1]
