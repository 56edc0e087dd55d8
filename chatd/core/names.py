"""Which names of users, ids and names of rooms are allowed, and which names count as the same.

Spec section 3. PRECIS comes from precis-i18n. Which characters look alike comes from
confusables.txt (UTS #39), the file that Unicode publishes: a newer one can replace it. Both take
microseconds, so a name is checked when it is reserved, not with each message.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Generic, NamedTuple, TypeVar

from precis_i18n import get_profile

from chatd.core.errors import ChatError, ErrorCode

NAME_LENGTH: Final = 32
ROOM_ID_LENGTH: Final = 32
ROOM_NAME_LENGTH: Final = 64
RESERVED: Final = ("Server", "Administrator", "System", "INFO")

_Value = TypeVar("_Value")
_FORBIDDEN = frozenset(":`@,")
_username = get_profile("UsernameCasePreserved")


class NameKeys(NamedTuple):
    """The keys of a name: names that share either of them count as the same."""

    folded: str
    skeleton: str

    def same_as(self, other: NameKeys) -> bool:
        """Tell whether the two names count as the same."""
        return self.folded == other.folded or self.skeleton == other.skeleton


def user_name(text: str) -> str:
    """Return `text` as a user's name, in the form that PRECIS gives it.

    Raises `ChatError` if it is not allowed. The length is checked first: PRECIS is slow.
    """
    if not 1 <= len(text) <= NAME_LENGTH:
        raise ChatError(ErrorCode.BAD_NAME, name=text)
    try:
        name: str = _username.enforce(text)
    except UnicodeError:
        raise ChatError(ErrorCode.BAD_NAME, name=text) from None
    # PRECIS maps wide forms to plain ones and may compose or decompose: check its result.
    if len(name) > NAME_LENGTH or _FORBIDDEN.intersection(name) or " " in name:
        raise ChatError(ErrorCode.BAD_NAME, name=text)
    if _is_reserved(name):
        raise ChatError(ErrorCode.BAD_NAME, name=text)
    return name


@lru_cache(maxsize=1024)
def name_keys(name: str) -> NameKeys:
    """Return the keys of `name`; a join needs those of one name several times."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    # Skeleton first: that of the Cyrillic capital ve is B, that of the small one is not b.
    return NameKeys(folded, skeleton(name).casefold())


def skeleton(text: str) -> str:
    """Return the skeleton of `text`: equal for texts that look alike (UTS #39, section 4)."""
    prototypes = _prototypes()
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFD", "".join(prototypes.get(c, c) for c in decomposed))


class NameIndex(Generic[_Value]):
    """Values by name, found by any name that counts as the same."""

    def __init__(self) -> None:
        self._by_folded: dict[str, _Value] = {}
        self._by_skeleton: dict[str, _Value] = {}

    def add(self, name: str, value: _Value) -> None:
        """Set the value of `name`."""
        keys = name_keys(name)
        self._by_folded[keys.folded] = self._by_skeleton[keys.skeleton] = value

    def remove(self, name: str) -> None:
        """Remove `name`, if it is there."""
        keys = name_keys(name)
        self._by_folded.pop(keys.folded, None)
        self._by_skeleton.pop(keys.skeleton, None)

    def find(self, name: str) -> _Value | None:
        """Return the value of `name`, or of a name that counts as the same."""
        return next(iter(self.find_all(name)), None)

    def find_all(self, name: str) -> list[_Value]:
        """Return the values of all names that count as the same as `name`: two at most.

        By its folded form a name may be the same as one name, by its skeleton as another.
        """
        if not 1 <= len(name) <= NAME_LENGTH:
            return []
        keys = name_keys(name)
        found = (self._by_folded.get(keys.folded), self._by_skeleton.get(keys.skeleton))
        return [value for value in found if value is not None]


def room_id(text: str) -> str:
    """Return `text` as the id of a room; raise `ChatError` if it is not allowed."""
    fits = 1 <= len(text) <= ROOM_ID_LENGTH
    if not fits or "@" in text or any(map(str.isspace, text)):
        raise ChatError(ErrorCode.BAD_ROOM_ID, room=text)
    return text


def room_key(text: str) -> str:
    """Return the key of a room's id: case does not count."""
    return text.casefold()


def room_name(text: str) -> str:
    """Return `text` as the name of a room, with runs of white space as one space.

    Raises `ChatError` if it is not allowed. A line of the list of rooms starts with the name, and
    must not read as if a user or the server said it.
    """
    name = " ".join(text.split())
    if not 1 <= len(name) <= ROOM_NAME_LENGTH:
        raise ChatError(ErrorCode.BAD_NAME, name=text)
    start, colon, _ = unicodedata.normalize("NFKC", name).partition(":")
    if colon and (": " in unicodedata.normalize("NFKC", f"{name} ") or _is_reserved(start.strip())):
        raise ChatError(ErrorCode.BAD_NAME, name=text)
    return name


def _is_reserved(name: str) -> bool:
    keys = name_keys(name)
    return any(keys.same_as(reserved) for reserved in _reserved())


@cache
def _reserved() -> tuple[NameKeys, ...]:
    return tuple(name_keys(name) for name in RESERVED)


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
