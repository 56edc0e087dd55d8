"""Which names an IRC client takes for the same, and masks of names.

CASEMAPPING=ascii: a client knows that `A` and `a` are the same. The chat knows of more (`É`, `é`,
look-alikes), so the server always sends the spelling of the user or room itself.
"""

from __future__ import annotations

import re
from typing import Final

_FOLD: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def folded(name: str) -> str:
    """Return a name by which those are found that count as the same for clients."""
    return name.translate(_FOLD)


def is_mask(text: str) -> bool:
    """Tell whether a text stands for several names: it has a `*` or a `?`."""
    return "*" in text or "?" in text


def mask_pattern(mask: str) -> re.Pattern[str]:
    """Return a pattern for a mask with `*` and `?`, whatever the case of letters.

    A name is matched as a whole, in a time that does not grow with the number of `*`: what stands
    between two of them is looked for once, from the left, and never again further on.
    """
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
