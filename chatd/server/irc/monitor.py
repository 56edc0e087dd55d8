"""MONITOR: which sessions watch which names, and are told when their users come and go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chatd.core.lookalikes import NameKeys
from chatd.core.names import typed_name

if TYPE_CHECKING:
    from chatd.server.irc.session import IrcSession


class Monitor:
    """The watched names; a name is found in any spelling that counts as the same."""

    def __init__(self) -> None:
        self._names: dict[IrcSession, dict[str, str]] = {}
        self._sessions: dict[str, dict[IrcSession, None]] = {}

    def names(self, session: IrcSession) -> Iterable[str]:
        """Return the names that a session watches, as it has typed them."""
        return tuple(self._names.get(session, {}).values())

    def add(self, session: IrcSession, name: str) -> None:
        """Watch a name."""
        key = _key(typed_name(name).keys) or name
        self._names.setdefault(session, {})[key] = name
        self._sessions.setdefault(key, {})[session] = None

    def remove(self, session: IrcSession, name: str) -> None:
        """Watch a name no more."""
        self._remove(session, _key(typed_name(name).keys) or name)

    def clear(self, session: IrcSession) -> None:
        """Watch no name any more."""
        for key in list(self._names.get(session, {})):
            self._remove(session, key)

    def watchers(self, name: str) -> Iterable[IrcSession]:
        """Return the sessions that watch a name."""
        return tuple(self._sessions.get(_key(typed_name(name).keys) or name, ()))

    def _remove(self, session: IrcSession, key: str) -> None:
        names = self._names.get(session, {})
        if names.pop(key, None) is None:
            return
        if not names:
            del self._names[session]
        del self._sessions[key][session]
        if not self._sessions[key]:
            del self._sessions[key]


def _key(keys: NameKeys) -> str:
    """Return the key under which a name is watched: names that count as the same share it."""
    return keys[0]
