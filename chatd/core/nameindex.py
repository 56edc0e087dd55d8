"""An index of values by the names of users, compared by their keys."""

from __future__ import annotations

from typing import Generic, TypeVar

from chatd.core.lookalikes import NameKeys

_Value = TypeVar("_Value")


class NameIndex(Generic[_Value]):
    """Values by name, found by any name that counts as the same.

    Several names that count as the same may be there, such as those of old accounts. The keys of
    names are arguments, so that the index does not depend on the tables of Unicode.
    """

    def __init__(self) -> None:
        # By each look of a name: the values with the folded forms of their names.
        self._by_look: dict[str, tuple[tuple[str, _Value], ...]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Return the number of names."""
        return self._count

    def add(self, keys: NameKeys, value: _Value) -> None:
        """Set the value of a name."""
        is_new = False
        for look in keys.looks:
            values = self._by_look.get(look, ())
            others = tuple(each for each in values if each[0] != keys.folded)
            is_new = len(others) == len(values)
            self._by_look[look] = (*others, (keys.folded, value))
        self._count += is_new

    def remove(self, keys: NameKeys, value: _Value) -> None:
        """Remove a name, if it is there with that value."""
        is_removed = False
        for look in keys.looks:
            values = self._by_look.get(look, ())
            others = tuple(each for each in values if each != (keys.folded, value))
            is_removed = len(others) < len(values)
            if others:
                self._by_look[look] = others
            else:
                self._by_look.pop(look, None)
        self._count -= is_removed

    def find(self, keys: NameKeys) -> _Value | None:
        """Return the value of a name, or else of one that counts as the same."""
        return next(iter(self.find_all(keys)), None)

    def find_all(self, keys: NameKeys) -> list[_Value]:
        """Return the values of all names that count as the same as a name, its own first."""
        found: dict[str, _Value] = {}
        for look in keys.looks:
            found.update(self._by_look.get(look, ()))
        own = [found.pop(keys.folded)] if keys.folded in found else []
        return [*own, *found.values()]
