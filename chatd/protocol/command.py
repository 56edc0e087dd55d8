"""Commands: their names, parameters and words, and the request that a client makes.

Parsing, usage, help, completion, JSON and the masks of the trace all read the tables of commands,
in commands.py and console_commands.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple

from chatd.core.errors import ChatError, ErrorCode

MASK: Final = "…"
PASSWORD_MASK: Final = "********"  # noqa: S105 -- shown instead of a password

ON: Final = "on"
OFF: Final = "off"
ON_OFF: Final = (ON, OFF)

_NO_ARGUMENTS: Final[Mapping[str, str]] = MappingProxyType({})

_MAX_DIGITS: Final = 15
"""A number with more digits is not exact in every language that reads JSON."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a command; the last one that can be typed takes the rest of the line.

    The trace shows `mask` in place of the value. `choices` are all the values allowed. The value of
    a `number` is a whole number, that of a `word` has no blanks if it is typed. With `or_off` a
    number may be `off` instead. A parameter that is `json_only` cannot be typed. One with a
    `prefix` stands at the end of what is typed, behind that prefix, as in `#before:7394`.
    """

    name: str
    optional: bool = False
    mask: str | None = None
    choices: tuple[str, ...] = ()
    number: bool = False
    word: bool = False
    json_only: bool = False
    or_off: bool = False
    prefix: str = ""

    def allows(self, value: str | None) -> bool:
        """Tell whether `value` is allowed; None if there is no value."""
        if value is None:
            return self.optional
        if self.or_off and value == OFF:
            return True
        if self.number:
            return value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
        return not self.choices or value in self.choices

    def cut(self, words: str) -> tuple[str, str | None]:
        """Return `words` without the value behind the prefix at their end, and the value."""
        found = re.search(rf"(?:^|\s){re.escape(self.prefix)}\s*(\S+)$", words)
        return (words, None) if found is None else (words[: found.start()].rstrip(), found[1])

    def allows_typed(self, value: str | None) -> bool:
        """Tell whether `value` is allowed where it is typed."""
        if self.word and value is not None and len(value.split()) > 1:
            return False
        return self.allows(value)


@dataclass(frozen=True)
class Command:
    """A command: its name, its parameters, and a sentence for help.

    `syntax` is the usage where it differs from what the parameters give. A command that is
    `json_only` cannot be typed. `cost` is how many frames it counts for the rate of a client: more
    than 1 where the server hashes a password, writes to the store or sends much. `aliases` are
    other names for it where it is typed.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    syntax: str = ""
    json_only: bool = False
    cost: int = 1
    aliases: tuple[str, ...] = ()

    @cached_property
    def typed(self) -> tuple[Parameter, ...]:
        """The parameters that can be typed."""
        return tuple(p for p in self.parameters if not p.json_only)

    @cached_property
    def _prefixed(self) -> tuple[Parameter, ...]:
        return tuple(p for p in self.typed if p.prefix)

    @cached_property
    def _placed(self) -> tuple[Parameter, ...]:
        return tuple(p for p in self.typed if not p.prefix)

    @cached_property
    def usage(self) -> str:
        """The command as it is typed: `start <chatroom_id> <chatroom_name>`, for example."""
        shown = (f"[{p.name}]" if p.optional else f"<{p.name}>" for p in self.typed)
        return self.syntax or " ".join((self.name, *shown))

    @property
    def help_line(self) -> str:
        """The line of help on this command."""
        return f"`{self.usage}`: {self.summary}"

    def usage_error(self) -> ChatError:
        """Return the error for missing or wrong parameters."""
        return ChatError(ErrorCode.USAGE, usage=self.usage)

    def split(self, words: str) -> dict[str, str]:
        """Return the parameters in `words`, by name; the last one takes the rest.

        An optional number that others follow is left out where a word is there that is not all
        digits: it belongs to the next parameter.
        """
        values: dict[str, str] = {}
        rest = words.strip()
        for parameter in self._prefixed:
            rest, value = parameter.cut(rest)
            if value is not None:
                values[parameter.name] = value
        for parameter in self._placed:
            if not rest:
                break
            if parameter is self._placed[-1]:
                values[parameter.name] = rest
                break
            word, *after = rest.split(None, 1)
            if parameter.optional and parameter.number and not word.isdecimal():
                continue
            values[parameter.name], rest = word, after[0] if after else ""
        return values

    def mask(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """Return `arguments` as the trace shows them: confidential and unknown ones are masked."""
        masks = {p.name: p.mask for p in self.parameters}
        shown = {name: masks.get(name, MASK) for name in arguments}
        return {
            name: value if shown[name] is None else shown[name] for name, value in arguments.items()
        }

    def check(self, arguments: dict[str, str]) -> dict[str, str]:
        """Return `arguments`; raise `ChatError` if one is missing or not allowed."""
        if not all(p.allows(arguments.get(p.name)) for p in self.parameters):
            raise self.usage_error()
        return arguments

    def check_typed(self, arguments: dict[str, str]) -> dict[str, str]:
        """Return typed `arguments`; raise `ChatError` if one is missing or not allowed."""
        if not all(p.allows_typed(arguments.get(p.name)) for p in self.parameters):
            raise self.usage_error()
        return arguments


class Request(NamedTuple):
    """A request of a client: a command, its arguments, and a tag that the reply repeats.

    A NamedTuple is made in half the time of a frozen dataclass, and every message in JSON is one.
    """

    command: str
    arguments: Mapping[str, str] = _NO_ARGUMENTS
    tag: str | None = None


def help_text(commands: Iterable[Command]) -> str:
    """Return the help on `commands`: a line for each that can be typed."""
    return "".join(f"{command.help_line}\n" for command in commands if not command.json_only)


def table(*commands: Command) -> dict[str, Command]:
    """Return commands by their names."""
    return {command.name: command for command in commands}
