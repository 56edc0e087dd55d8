"""Which names an IRC client takes for the same, and masks of names.

CASEMAPPING=ascii: a client knows that `A` and `a` are the same. The chat knows of more (`É`, `é`,
look-alikes), so the server always sends the spelling of the user or room itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

MAX_MASK: Final = 64
MAX_STARS: Final = 8
"""How many characters, and how many `*`, a mask has at most; a longer one matches nothing."""

_NOTHING: Final = re.compile("(?!)")
_FOLD: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def folded(name: str) -> str:
    """Return a name by which those are found that count as the same for clients."""
    return name.translate(_FOLD)


def is_mask(text: str) -> bool:
    """Tell whether a text stands for several names: it has a `*` or a `?`."""
    return "*" in text or "?" in text


@lru_cache(maxsize=256)
def mask_pattern(mask: str) -> re.Pattern[str]:
    """Return a pattern for a mask with `*` and `?`, whatever the case of letters.

    A name is matched as a whole. The text between two `*` is looked for once, from the left, and
    never again further on. The pattern matches nothing if the mask is longer than `MAX_MASK` or has
    more than `MAX_STARS`: each of its characters takes time, as it is made and as it is used.
    """
    if len(mask) > MAX_MASK or mask.count("*") > MAX_STARS:
        return _NOTHING
    first, *others = (
        "".join("." if each == "?" else re.escape(each) for each in part)
        for part in re.split(r"\*+", mask)
    )
    if not others:
        return _compiled(first)
    *middle, last = others
    return _compiled(f"{first}{''.join(f'(?>.*?{part})' for part in middle)}.*{last}")


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})\Z", re.IGNORECASE | re.DOTALL)
