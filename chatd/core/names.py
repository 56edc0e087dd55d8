"""Which names of users, ids and names of rooms are allowed.

Spec section 3. PRECIS comes from precis-i18n; lookalikes.py says which names count as the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final, NamedTuple

from precis_i18n import get_profile

from chatd.core.errors import ChatError, ErrorCode, NameFlaw
from chatd.core.lookalikes import (
    NameKeys,
    bare_keys,
    name_keys,
    room_key,
    without_ignorable,
)
from chatd.core.network import parse_network
from chatd.core.scripts import is_generic_mark, is_of_few_scripts

NAME_LENGTH: Final = 32
ROOM_ID_LENGTH: Final = 32
ROOM_NAME_LENGTH: Final = 64
SPEAKERS: Final = ("Server", "Administrator", "System", "INFO")
"""The names under which the server itself speaks."""

SERVICES: Final = (
    *("NickServ", "ChanServ", "HostServ", "MemoServ", "BotServ", "OperServ", "SaslServ"),
    *("AuthServ", "Services", "Q", "X", "root", "admin"),
)
"""The names of services that clients send passwords to."""

_FORBIDDEN: Final = frozenset(" :`@,!?*.$#")
_FORBIDDEN_AT_START: Final = frozenset("&~@%+-")
# Programs read these as IPv4 addresses or networks. All others have a dot or a colon.
_ADDRESS: Final = re.compile(r"(0x[0-9a-f]+|[0-9]+)(/[0-9]+)?", re.IGNORECASE)
# Zero-width characters that spelling needs, and the variation selectors of emoji.
_ALLOWED_IGNORABLE: Final = frozenset("\u200c\u200d\ufe0e\ufe0f")
_BLANK: Final = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")
_MAX_MARKS: Final = 4
_MAX_GENERIC_MARKS: Final = 2
_username = get_profile("UsernameCasePreserved")


class Name(NamedTuple):
    """A name of a user and the keys by which it is compared with others."""

    text: str
    keys: NameKeys


def prepare(text: str) -> str:
    """Return `text` as PRECIS prepares a user's name; raise `ChatError` if it refuses it.

    The length is checked first: PRECIS is slow.
    """
    name, flaw = _prepare(text)
    if flaw is not None:
        raise _refusal(ErrorCode.BAD_NAME, flaw, None, name=text, limit=NAME_LENGTH)
    return name


def user_name(text: str) -> str:
    """Return `text` as a new name of a user, in the form that PRECIS gives it.

    Raises `ChatError` if it is not allowed, with the reason and a name that is, if one is near.
    """
    name, flaw = _checked_user_name(text)
    if flaw is not None:
        is_near = flaw not in {NameFlaw.LENGTH, NameFlaw.ADDRESS}
        near, near_flaw = _checked_user_name(_without_flaws(text) if is_near else "")
        suggestion = near if near_flaw is None else None
        raise _refusal(ErrorCode.BAD_NAME, flaw, suggestion, name=text, limit=NAME_LENGTH)
    return name


def new_name(text: str) -> Name:
    """Return `text` as a new name of a user, with its keys; raise as `user_name` does."""
    name = user_name(text)
    return Name(name, name_keys(name))


def typed_name(text: str) -> Name:
    """Return a name as somebody typed it, to look for; one that is too long is that of nobody."""
    is_possible = 1 <= len(text) <= NAME_LENGTH  # computing the keys of a long text takes long
    return Name(text, name_keys(text) if is_possible else NameKeys("", ()))


def _prepare(text: str) -> tuple[str, NameFlaw | None]:
    if not 1 <= len(text) <= NAME_LENGTH:
        return text, NameFlaw.LENGTH
    try:
        name: str = _username.enforce(text)
    except UnicodeError:
        has_blank = any(map(str.isspace, text)) or _BLANK.search(text) is not None
        return text, NameFlaw.BLANK if has_blank else NameFlaw.CHARACTER
    # PRECIS may compose or decompose.
    return name, NameFlaw.LENGTH if len(name) > NAME_LENGTH else None


def _checked_user_name(text: str) -> tuple[str, NameFlaw | None]:
    """Return a name as PRECIS prepares it, and why it is not allowed, if it is not."""
    name, flaw = _prepare(text)
    if flaw is not None:
        return name, flaw
    # PRECIS maps wide forms to plain ones: its result is checked.
    return name, next((flaw for flaw, has_flaw in _USER_NAME_FLAWS.items() if has_flaw(name)), None)


def _is_address(name: str) -> bool:
    is_number = _ADDRESS.fullmatch(name) is not None
    return is_number or (("." in name or ":" in name) and parse_network(name) is not None)


def _without_flaws(text: str) -> str:
    """Return what is left of a name that was refused, without what names cannot have.

    It need not be allowed.
    """
    words = text[: 4 * NAME_LENGTH].split()
    name = "".join(c for c in "_".join(words) if c not in _FORBIDDEN)
    name = name.lstrip("".join(_FORBIDDEN_AT_START))[:NAME_LENGTH]
    return f"user{name}"[:NAME_LENGTH] if name.isdecimal() else name


def _refusal(
    code: ErrorCode, flaw: NameFlaw, suggestion: str | None, **params: object
) -> ChatError:
    if suggestion is not None:
        params["suggestion"] = suggestion
    return ChatError(code, reason=flaw, **params)


def room_id(text: str) -> str:
    """Return `text` as the id of a room.

    Raises `ChatError` if it is not allowed, with the reason and an id that is, if one is near.
    """
    flaw = _room_id_flaw(text)
    if flaw is not None:
        words = text[: 4 * ROOM_ID_LENGTH].split()
        near = "".join(c for c in "_".join(words) if not _is_unfit_for_room_id(c))
        suggestion = near if _room_id_flaw(near) is None else None
        raise _refusal(ErrorCode.BAD_ROOM_ID, flaw, suggestion, room=text, limit=ROOM_ID_LENGTH)
    return text


def room_name(text: str) -> str:
    """Return `text` as the name of a room, with runs of white space as one space.

    Raises `ChatError` if it is not allowed. A line of the list of rooms starts with the name, and
    must not read as if a user or the server said it.
    """
    name = " ".join(text.split())
    if not 1 <= len(name) <= ROOM_NAME_LENGTH:
        raise _refusal(ErrorCode.BAD_NAME, NameFlaw.LENGTH, None, name=text, limit=ROOM_NAME_LENGTH)
    shown = without_ignorable(_BLANK.sub(" ", unicodedata.normalize("NFKC", name)))
    start, colon, _ = shown.partition(":")
    if not shown.strip():
        raise ChatError(ErrorCode.BAD_NAME, name=text, reason=NameFlaw.NO_LETTER)
    if colon and (": " in f"{shown} " or _is_like(start.strip(), SPEAKERS)):
        raise ChatError(ErrorCode.BAD_NAME, name=text, reason=NameFlaw.COLON)
    return name


def _room_id_flaw(text: str) -> NameFlaw | None:
    """Return why a text is no id that a line can show in brackets; None if it is one."""
    if not 1 <= len(text) <= ROOM_ID_LENGTH:
        return NameFlaw.LENGTH
    text = unicodedata.normalize("NFKC", text)
    if any(map(str.isspace, text)) or _BLANK.search(text) is not None:
        return NameFlaw.BLANK
    if not room_key(text) or any(map(_is_unfit_for_room_id, text)):
        return NameFlaw.CHARACTER
    return NameFlaw.MARKS if _has_too_many_marks(text) else None


def _is_unfit_for_room_id(character: str) -> bool:
    """Tell whether a character separates words, encloses, controls, or cannot be seen."""
    if character in "@,<>" or character.isspace():
        return True
    if character in _ALLOWED_IGNORABLE:
        return False
    is_bracket_or_control = unicodedata.category(character) in {"Ps", "Pe", "Cc", "Cf", "Cs"}
    return is_bracket_or_control or not without_ignorable(character)


def _has_too_many_marks(text: str) -> bool:
    """Tell whether a character of `text` has more marks than languages need, or a mark none.

    Two are enough where every script can use the mark, as in Vietnamese; Hebrew, Tibetan and
    Burmese write up to four marks of their own.
    """
    if text.isascii():
        return False
    marks = generic = 0
    has_base = False
    for character in unicodedata.normalize("NFD", without_ignorable(text)):
        if not unicodedata.category(character).startswith("M"):
            marks = generic = 0
            has_base = True
            continue
        marks += 1
        generic += is_generic_mark(character)
        if not has_base or marks > _MAX_MARKS or generic > _MAX_GENERIC_MARKS:
            return True
    return False


def _is_like(name: str, words: tuple[str, ...]) -> bool:
    """Tell whether `name` is taken for one of `words`."""
    return not bare_keys(name).isdisjoint(_bare_keys_of(words))


@cache
def _bare_keys_of(words: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*map(bare_keys, words))


_USER_NAME_FLAWS: Final[dict[NameFlaw, Callable[[str], object]]] = {
    NameFlaw.BLANK: lambda name: " " in name,
    NameFlaw.DIGITS: lambda name: all(map(str.isdecimal, name)),
    NameFlaw.ADDRESS: _is_address,
    NameFlaw.CHARACTER: _FORBIDDEN.intersection,
    NameFlaw.START: lambda name: name[0] in _FORBIDDEN_AT_START,
    NameFlaw.NO_LETTER: lambda name: not any(map(str.isalnum, name)),
    NameFlaw.MARKS: _has_too_many_marks,
    NameFlaw.SCRIPTS: lambda name: not is_of_few_scripts(name),
    NameFlaw.RESERVED: lambda name: _is_like(name, SPEAKERS + SERVICES),
}
"""The flaws of a name that PRECIS allows, in the order in which they are told."""
