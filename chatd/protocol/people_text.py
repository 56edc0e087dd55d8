"""The words of `chatd.protocol.people_replies`, for `chatd.protocol.text`.

Programs get names and texts as they are; for people, those from right to left are isolated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from chatd.protocol.people_replies import (
    AwaySet,
    Ignored,
    MemberInfo,
    MemberList,
    OthersHere,
    Unignored,
)

Isolate = Callable[[str], str]


def people_words(people: MemberList | OthersHere, isolate: Isolate = str) -> str:
    """Return a line with names, or a list with a line for each member.

    As in `Here: Alice, Bob and 3 others.`, and `Alice (operator)` or `bob, away: lunch`.
    """
    if isinstance(people, OthersHere):
        return f"Here: {_names(people, isolate)}."
    return f"\n{_lines(people.members, isolate)}{and_more(people.more)}"


def away_words(name: str, away: str, isolate: Isolate = str) -> str:
    """Return the words for a user who sends a private message to one who is away."""
    return f"{isolate(name)} is away: {indent(isolate(away))}"


def indent(text: str) -> str:
    """Return `text` with two spaces before each line after the first, so that none is forged."""
    return text.replace("\n", "\n  ") if "\n" in text else text


def and_more(count: int) -> str:
    """Return the line after a list that leaves out `count`, "" if it leaves out none."""
    return f"… and {count} more\n" if count else ""


def _lines(members: Iterable[MemberInfo], isolate: Isolate) -> str:
    return "".join(f"{_member(member, isolate)}\n" for member in members)


def _member(member: MemberInfo, isolate: Isolate) -> str:
    role = f" ({member.role})" if member.role is not None else ""
    away = f", away: {indent(isolate(member.away))}" if member.away is not None else ""
    return f"{isolate(member.name)}{role}{away}"


def _names(here: OthersHere, isolate: Isolate) -> str:
    names = [isolate(name) for name in here.names]
    if here.more:
        names.append(f"{here.more} other{'s' if here.more > 1 else ''}")
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _away(result: AwaySet) -> str:
    return "You are back." if result.away is None else "You are away."


def _ignored(result: Ignored) -> str:
    return f"You ignore {', '.join(result.names) or 'nobody'}."


def _unignored(result: Unignored) -> str:
    return f"You do not ignore {result.name} any more."


RESULT_WORDS: Final[Mapping[type, Callable[[Any], str]]] = MappingProxyType(
    {
        AwaySet: _away,
        Ignored: _ignored,
        MemberList: people_words,
        OthersHere: people_words,
        Unignored: _unignored,
    }
)
"""For each class of reply the function that returns its words."""
