"""Tells the clients that watch names (MONITOR) of their users, and remembers users who leave."""

from __future__ import annotations

from collections.abc import Callable

from chatd.core.events import AwayChanged, Event, ProfileChanged
from chatd.core.rooms import User
from chatd.core.world.effects import NameChanged, UserChanged
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.casemapping import folded
from chatd.protocol.irc.line import line
from chatd.protocol.irc.numerics import Numeric
from chatd.server.irc.session import IrcSession
from chatd.server.irc.settings import IrcSettings
from chatd.server.irc.whowas import FormerUser

_NEEDED = {AwayChanged: caps.AWAY_NOTIFY, ProfileChanged: caps.SETNAME}


class IrcPresence:
    """Gets the effects that concern the names of users; `now` returns seconds since the epoch."""

    def __init__(self, settings: IrcSettings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now

    def on_name_changed(self, changed: NameChanged) -> None:
        """Tell that a name is taken, or given up."""
        user, former = changed.user, changed.former
        if folded(user.name) == folded(former):
            return
        monitor = self._settings.monitor
        if former:
            left = FormerUser(former, user.account, user.profile, self._now())
            self._settings.whowas.add(left)
            for session in monitor.watchers(former):
                self._tell(session, Numeric.MONOFFLINE, former)
        if user.name:
            for session in monitor.watchers(user.name):
                self._tell(session, Numeric.MONONLINE, names.source_of(user.ref))

    def on_user_changed(self, changed: UserChanged) -> None:
        """Tell those who watch a user, and share no room, what a member would read."""
        needed = _NEEDED.get(type(changed.event))
        if needed is None:
            return
        for session in self._settings.monitor.watchers(changed.user.name):
            shares = changed.user is session.user or _share_room(changed.user, session.user)
            if session.has(caps.EXTENDED_MONITOR) and session.has(needed) and not shares:
                _send(session, changed.event)

    def _tell(self, session: IrcSession, numeric: Numeric, name: str) -> None:
        session.send_unasked(line(self._settings.name, numeric, session.nick, name))


def _share_room(one: User, other: User) -> bool:
    return not one.rooms.keys().isdisjoint(other.rooms)


def _send(session: IrcSession, event: Event) -> None:
    session.send_unasked(session.base_codec.encode(event).decode())
