"""The words of `chatd.protocol.people_replies`, for `chatd.protocol.text`.

Programs get names and texts as they are; for people, those from right to left are isolated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from chatd.protocol.people_replies import AwaySet, Ignored, MemberInfo, MemberList, Unignored

Isolate = Callable[[str], str]


def member_list(members: MemberList, isolate: Isolate = str) -> str:
    """Return a list with a line for each member: `Alice (operator)`, or `bob, away: lunch`."""
    return f"\n{_lines(members.members, isolate)}{and_more(members.more)}"


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


def _away(result: AwaySet) -> str:
    return "You are back." if result.away is None else "You are away."


def _ignored(result: Ignored) -> str:
    return f"You ignore {', '.join(result.names) or 'nobody'}."


def _unignored(result: Unignored) -> str:
    return f"You do not ignore {result.name} any more."


RESULT_WORDS: Final[Mapping[type, Callable[[Any], str]]] = MappingProxyType(
    {AwaySet: _away, Ignored: _ignored, MemberList: member_list, Unignored: _unignored}
)
"""For each class of reply the function that returns its words."""
