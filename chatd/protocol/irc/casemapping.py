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


def mask_pattern(mask: str) -> re.Pattern[str]:
    """Return a pattern for a mask with `*` and `?`, whatever the case of letters.

    Runs of `*` are one, so that a mask cannot make a search slow.
    """
    parts = re.split(r"(\*+|\?)", mask)
    joined = "".join(
        ".*" if part.startswith("*") else "." if part == "?" else re.escape(part) for part in parts
    )
    return re.compile(joined, re.IGNORECASE | re.DOTALL)
