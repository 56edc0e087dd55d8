"""The kinds of options, and converters that check their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from twisted.python import usage

Convert = Callable[[str], object]
"""Returns the value of an option; raises `ValueError` with what the value must be."""


MAX_NUMBER: Final = 10**9
"""The largest value of a number that has no smaller maximum: a GB, or thirty years in seconds."""

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
"""A blank at which --help does not break a line."""

_MAX_WORD: Final = 50

_MAX_SHOWN: Final = 100
"""How many characters of a wrong value are shown."""


def number(minimum: int, maximum: int = MAX_NUMBER) -> Convert:
    """Return a converter to whole numbers of a range."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if number < minimum:
            raise ValueError(f"must be {minimum} or more")
        if number > maximum:
            raise ValueError(f"must be {maximum} or less")
        return number

    return convert


def duration(text: str) -> int:
    """Return the seconds of a number of days, hours, minutes or seconds: `30d`, `12h`."""
    found = re.fullmatch(r"([0-9]{1,5})([dhms])", text)
    if found is None:
        raise ValueError("must be a duration such as 30d, 12h, 30m or 60s")
    return int(found[1]) * {"d": 86400, "h": 3600, "m": 60, "s": 1}[found[2]]


def word(text: str) -> str:
    """Return a text without blanks, at most 50 characters, all of them ASCII."""
    if not (text.isascii() and text.isprintable() and 1 <= len(text) <= _MAX_WORD) or " " in text:
        raise ValueError(f"must be one word of at most {_MAX_WORD} ASCII characters")
    return text


def server_name(text: str) -> str:
    """Return the name of a server: it has a dot, so that nobody takes it for that of a user."""
    if "." not in text or set(text) & set("!@*?:#,"):
        raise ValueError("must be the name of a host, with a dot in it")
    return word(text)


def choice(kind: type[StrEnum]) -> Convert:
    """Return a converter to the members of an enumeration."""

    def convert(text: str) -> object:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"must be one of {', '.join(kind)}") from None

    return convert


@dataclass(frozen=True)
class Flag:
    """An option without a value."""

    name: str
    description: str

    @property
    def usage(self) -> str:
        """The option as it is typed."""
        return f"--{self.name}"

    @property
    def help(self) -> str:
        """The text of --help."""
        return self.description


@dataclass(frozen=True)
class Repeated(Flag):
    """An option with a value that may be given several times."""

    metavar: str

    @property
    def usage(self) -> str:
        """The option as it is typed."""
        return f"--{self.name} {self.metavar}"


@dataclass(frozen=True)
class Parameter(Repeated):
    """An option with one value, which `convert` converts; a `default` of None is not shown."""

    default: object
    convert: Convert

    @property
    def help(self) -> str:
        """The text of --help."""
        if self.default is None:
            return self.description
        return f"{self.description} [default:{NO_BREAK}{self.default}]"

    def checked(self, text: str) -> object:
        """Return the value; raise `UsageError` with the option and the reason if it is wrong."""
        try:
            return self.convert(text)
        except ValueError as error:
            shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
            raise usage.UsageError(f"--{self.name} {shown}: {error}") from error


@dataclass(frozen=True)
class OptionGroup:
    """Options under one heading of --help."""

    title: str
    options: tuple[Flag, ...]
