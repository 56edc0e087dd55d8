"""Which texts count as the same: by case, by compatible forms, and by their looks (UTS #39).

`confusables.txt` has the characters that look alike; it is the file that Unicode publishes, and a
newer one can replace it. All of this takes microseconds, so it is done when a name is reserved or a
room is looked for, not with each message.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

# Default_Ignorable_Code_Point: a reader does not see these, so they make no difference.
_IGNORABLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# One class of look-alikes, which case folding divides: a small l looks like a capital I.
_STROKES: Final = str.maketrans("i1|", "lll")
# Digits that are read as letters, as in `Adm1n` and `S3rver`.
_LETTERS: Final = str.maketrans("0134578|", "oleastbl")


class NameKeys(NamedTuple):
    """The keys of a name. Names that share one of their `looks` count as the same.

    `folded` is equal for names that differ by case or compatible forms alone. The keys depend on
    the Unicode tables of the Python that computes them; their order does not.
    """

    folded: str
    looks: tuple[str, ...]

    def same_as(self, other: NameKeys) -> bool:
        """Tell whether the two names count as the same."""
        return any(look in other.looks for look in self.looks)


@lru_cache(maxsize=1024)
def name_keys(name: str) -> NameKeys:
    """Return the keys of `name`; a join needs those of one name several times."""
    folded = fold(name)
    # A capital may look like another letter than its small form does: the Cyrillic capital ve looks
    # like B, the small one does not look like b. So there is a key of the text as it is, and one of
    # its folded form. Names are the same if they share either, which is not transitive: a caller
    # that compares a name with many has to look for both keys.
    skeletons = (skeleton(name), skeleton(folded))
    looks = dict.fromkeys(fold(each).translate(_STROKES) for each in skeletons)
    return NameKeys(folded, tuple(looks))


def subject_key(name: str, account: int | None) -> int | str:
    """Return the key of an account, its id, or of a guest: equal for names that differ by case."""
    return name_keys(name).folded if account is None else account


@lru_cache(maxsize=256)
def bare_keys(name: str) -> frozenset[str]:
    """Return the keys of `name` without marks and punctuation, digits read as letters.

    Names that share one are taken for each other: `S.erver`, `Sërver` and `S3rver`.
    """
    bare = ("".join(filter(str.isalnum, look)) for look in map(_decompose, name_keys(name).looks))
    return frozenset(look.translate(_LETTERS).translate(_STROKES) for look in bare)


def room_key(text: str) -> str:
    """Return the key of a room's id: ids with the same key are the same room.

    Case, compatible forms and characters that nobody sees make no difference, nor do look-alikes
    from beyond ASCII: digits of all scripts count by their value, letters by what they look like.
    Characters of ASCII look like nothing else, because `1` and `l`, or `corn` and `com`, are rooms
    that users tell apart.
    """
    return text.casefold() if text.isascii() else _room_key(text)


def room_name_key(name: str) -> str:
    """Return the key of a room's name: equal for names that differ by case or white space alone."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@lru_cache(maxsize=1024)
def _room_key(text: str) -> str:
    key = "".join(map(_prototype_in_room_id, _decompose(fold(text))))
    return unicodedata.normalize("NFC", key.casefold())


def _prototype_in_room_id(character: str) -> str:
    if character.isascii():
        return character
    value = unicodedata.decimal(character, None)
    return _prototypes().get(character, character) if value is None else str(value)


def fold(text: str) -> str:
    """Return the folded form of `text`: equal for texts that differ by case or compatible forms."""
    visible = unicodedata.normalize("NFKC", without_ignorable(text))
    return unicodedata.normalize("NFKC", without_ignorable(visible.casefold()))


def skeleton(text: str) -> str:
    """Return the skeleton of `text`: equal for texts that look alike (UTS #39, section 4)."""
    prototypes = _prototypes()
    decomposed = _decompose(without_ignorable(text))
    return _decompose("".join(prototypes.get(each, each) for each in decomposed))


def without_ignorable(text: str) -> str:
    """Return `text` without the characters that a reader does not see (default-ignorables)."""
    return text if text.isascii() else _IGNORABLE.sub("", text)


def _decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@cache
def _prototypes() -> dict[str, str]:
    """Read Unicode's table: each line is `source ; prototype ; type`, in hexadecimal."""
    table = files("chatd.core").joinpath("confusables.txt").read_text("utf-8-sig")
    prototypes = {}
    for line in table.splitlines():
        source, _, rest = line.partition(";")
        if rest and not line.startswith("#"):
            target = rest.partition(";")[0]
            prototypes[chr(int(source, 16))] = "".join(chr(int(c, 16)) for c in target.split())
    return prototypes
