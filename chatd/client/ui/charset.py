"""Whether a terminal shows characters beyond ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_UTF8: Final = ("utf-8", "utf8")
_COERCED: Final = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
_PLAIN: Final = frozenset({"", "C", "POSIX"})


def shows_unicode(environment: Mapping[str, str]) -> bool:
    """Tell whether the locale in the environment says that the terminal uses UTF-8.

    Where the locale is `C`, Python itself sets `LC_CTYPE` to UTF-8 at its start (PEP 538), which
    says nothing about the terminal.
    """
    every, types, language = (environment.get(key, "") for key in ("LC_ALL", "LC_CTYPE", "LANG"))
    if not every and types in _COERCED and language in _PLAIN:
        return False
    return (every or types or language).lower().endswith(_UTF8)
