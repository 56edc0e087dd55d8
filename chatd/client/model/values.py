"""Values in the replies of a server, which is not trusted."""

from __future__ import annotations


def int_or_none(value: object) -> int | None:
    """Return a value if it is a whole number, else None."""
    return value if type(value) is int else None


def str_or_none(value: object) -> str | None:
    """Return a value if it is a string, else None."""
    return value if isinstance(value, str) else None
