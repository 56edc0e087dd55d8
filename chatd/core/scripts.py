"""The scripts of a text, and which mixtures of scripts are allowed (UTS #39, section 5.2).

`scripts.txt` has Unicode's property Script_Extensions, which Python's unicodedata lacks.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from importlib.resources import files
from typing import Final

_INHERITED: Final = frozenset({"Zinh"})
# Japanese, Chinese with Bopomofo, and Korean are written with Han, and often with Latin.
_MIXTURES: Final = (
    frozenset({"Latn", "Hani", "Hira", "Kana"}),
    frozenset({"Latn", "Hani", "Bopo"}),
    frozenset({"Latn", "Hani", "Hang"}),
)


def is_of_few_scripts(text: str) -> bool:
    """Tell whether `text` keeps the level "highly restrictive": one script, or a usual mixture.

    Characters of all scripts, such as digits, fit everywhere. A character that is newer than the
    table does as well.
    """
    if text.isascii():
        return True
    used = {scripts for scripts in map(scripts_of, text) if scripts and scripts != _INHERITED}
    if not used or frozenset.intersection(*used):
        return True
    return any(all(scripts & mixture for scripts in used) for mixture in _MIXTURES)


def is_generic_mark(mark: str) -> bool:
    """Tell whether a combining mark belongs to no script, such as U+0301."""
    return scripts_of(mark) == _INHERITED


def scripts_of(character: str) -> frozenset[str]:
    """Return the codes (ISO 15924) of the scripts of a character; none if it fits to all."""
    if character.isascii():
        return frozenset({"Latn"}) if character.isalpha() else frozenset()
    starts, ends, scripts = _table()
    at = bisect_right(starts, ord(character)) - 1
    return scripts[at] if at >= 0 and ord(character) <= ends[at] else frozenset()


@cache
def _table() -> tuple[list[int], list[int], list[frozenset[str]]]:
    """Read Unicode's table: each line is `first..last ; scripts`, in hexadecimal, in order."""
    starts, ends, scripts = [], [], []
    known: dict[str, frozenset[str]] = {}
    for line in files("chatd.core").joinpath("scripts.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        characters, _, codes = line.partition(" ; ")
        first, _, last = characters.partition("..")
        starts.append(int(first, 16))
        ends.append(int(last or first, 16))
        scripts.append(known.setdefault(codes, frozenset(codes.split())))
    return starts, ends, scripts
