"""MONITOR: which sessions watch which names, and are told when their users come and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatd.core.names import Name, typed_name

if TYPE_CHECKING:
    from chatd.server.irc.session import IrcSession


class Monitor:
    """The watched names; a name is found in any spelling that counts as the same."""

    def __init__(self) -> None:
        self._names: dict[IrcSession, list[Name]] = {}
        # By each look of a name, as names are compared (`NameKeys`).
        self._sessions: dict[str, dict[IrcSession, None]] = {}

    def names(self, session: IrcSession) -> Sequence[str]:
        """Return the names that a session watches, as it has typed them."""
        return [name.text for name in self._names.get(session, ())]

    def add(self, session: IrcSession, name: str, most: int) -> bool:
        """Watch a name; one that counts as the same is watched no more.

        Return whether there was room for it: a session watches `most` names.
        """
        added = typed_name(name)
        looks = _looks(added)
        if any(session in self._sessions.get(look, ()) for look in looks):
            self._remove(session, looks)
        elif len(self._names.get(session, ())) >= most:
            return False
        self._names.setdefault(session, []).append(added)
        for look in looks:
            self._sessions.setdefault(look, {})[session] = None
        return True

    def remove(self, session: IrcSession, name: str) -> None:
        """Watch a name no more, in whatever spelling."""
        self._remove(session, _looks(typed_name(name)))

    def clear(self, session: IrcSession) -> None:
        """Watch no name any more."""
        self._set(session, self._names.get(session, []), [])

    def watchers(self, name: str) -> Sequence[IrcSession]:
        """Return the sessions that watch a name."""
        found: dict[IrcSession, None] = {}
        for look in _looks(typed_name(name)) if self._sessions else ():
            found |= self._sessions.get(look, {})
        return tuple(found)

    def _remove(self, session: IrcSession, removed: Sequence[str]) -> None:
        """Let a session watch no name any more that has one of some looks."""
        looks = set(removed)
        watched = self._names.get(session, [])
        left = [each for each in watched if looks.isdisjoint(_looks(each))]
        if len(left) < len(watched):
            self._set(session, watched, left)

    def _set(self, session: IrcSession, former: Sequence[Name], left: list[Name]) -> None:
        """Let a session watch the names that are `left` of the `former` ones."""
        kept = {look for name in left for look in _looks(name)}
        for look in {look for name in former for look in _looks(name)} - kept:
            del self._sessions[look][session]
            if not self._sessions[look]:
                del self._sessions[look]
        if left:
            self._names[session] = left
        else:
            self._names.pop(session, None)


def _looks(name: Name) -> Sequence[str]:
    """Return what names that count as the same have in common; a text that is no name has one."""
    return name.keys.looks or (name.text,)
