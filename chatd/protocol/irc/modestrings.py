"""The words of a MODE line: which modes it changes, and whom a mask of a ban means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

ROLES: Final = "qov"
"""The modes that a member has; each needs the name of one."""

LISTS: Final = "b"
"""The modes that are lists; without a parameter they are shown."""

_ALWAYS_WITH: Final = frozenset(f"{ROLES}{LISTS}k")
_WITH_IF_ADDED: Final = frozenset("l")
_REPEATED: Final = frozenset(f"{ROLES}{LISTS}")

_ACCOUNT: Final = "$a:"
_ANY_HOST: Final = "!*@*"


class ModeChange(NamedTuple):
    """A change of one mode: its letter, whether it is added, and its parameter, if it has one."""

    is_added: bool
    mode: str
    param: str | None = None


class BanSubject(NamedTuple):
    """Whom a mask means: a user or, if it `is_account`, an account, by the name."""

    name: str
    is_account: bool


def parse_changes(words: Sequence[str], most: int) -> list[ModeChange]:
    """Return the changes that a line asks for: letters with signs, and their parameters.

    Of changes with a parameter there are `most` at most; the others are left out. A setting is
    changed once: of several changes the last one counts.
    """
    changes: dict[object, ModeChange] = {}
    params = list(words[1:])
    with_param, is_added = 0, True
    for letter in words[0] if words else "":
        if letter in "+-":
            is_added = letter == "+"
            continue
        param = None
        if params and (letter in _ALWAYS_WITH or (is_added and letter in _WITH_IF_ADDED)):
            param = params.pop(0)
            with_param += 1
            if with_param > most:
                continue
        change = ModeChange(is_added, letter, param)
        key: object = (letter, param) if letter in _REPEATED else letter
        changes.pop(key, None)
        changes[key] = change
    return list(changes.values())


def ban_subject(mask: str) -> BanSubject | None:
    """Return whom a mask means: `Bob!*@*`, `Bob` or `$a:bob`; None if it is another one."""
    if mask.startswith(_ACCOUNT):
        name, is_account = mask.removeprefix(_ACCOUNT), True
    else:
        name, is_account = mask.removesuffix(_ANY_HOST), False
    if not name or any(character in "!@*?$," for character in name):
        return None
    return BanSubject(name, is_account)
