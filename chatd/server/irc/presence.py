"""Tells the clients that watch names (MONITOR) of their users, and remembers users who leave.

It also tells the clients of one user what another client of that user has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeGuard

from chatd.core.events import AwayChanged, ProfileChanged
from chatd.core.rooms import Origin, User
from chatd.core.world.effects import NameChanged, UserChanged
from chatd.core.world.world import World
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.casemapping import folded
from chatd.protocol.irc.line import line
from chatd.protocol.irc.numerics import Numeric
from chatd.server.irc.away import away_answer
from chatd.server.irc.modes import bot_mode
from chatd.server.irc.session import IrcSession
from chatd.server.irc.settings import IrcSettings
from chatd.server.irc.whowas import FormerUser

_NEEDED: Final = {AwayChanged: caps.AWAY_NOTIFY, ProfileChanged: caps.SETNAME}
"""The capability without which a client is not told of an event (IRCv3 extended-monitor)."""


class IrcPresence:
    """Gets the effects that concern the names of users; `now` returns seconds since the epoch."""

    def __init__(self, settings: IrcSettings, world: World, now: Callable[[], float]) -> None:
        self._settings = settings
        self._world = world
        self._now = now

    def on_name_changed(self, changed: NameChanged) -> None:
        """Tell that a name is taken, or given up; and count the users."""
        user, former = changed.user, changed.former
        self._settings.usage.most_users(self._world.names.present)
        if former and user.name and user.account is not None:
            self._tell_of_login(user, former)
        if folded(user.name) == folded(former):
            return
        if former:
            self._remember(user, former)
            self._tell(Numeric.MONOFFLINE, former, former)
        if user.name:
            self._tell(Numeric.MONONLINE, user.name, names.source_of(user.ref))

    def on_user_changed(self, changed: UserChanged) -> None:
        """Tell those who watch a user, and share no room, what a member would read."""
        self._tell_others(changed)
        needed = _NEEDED.get(type(changed.event))
        if needed is None:
            return
        for session in self._watchers(changed.user.name, needed):
            if changed.user is not session.user and not _share_room(changed.user, session.user):
                session.send_unasked(session.base_codec.encode(changed.event).decode())

    def _tell_others(self, changed: UserChanged) -> None:
        """Tell the other clients of the user what they do not read with the members of a room."""
        user, event = changed.user, changed.event
        for session in user.origins:
            if session.session_key == changed.session or not _is_welcomed(session):
                continue
            if isinstance(event, AwayChanged) and not session.has(caps.AWAY_NOTIFY):
                numeric, words = away_answer(event.text)
                session.send_unasked(line(self._settings.name, numeric, user.name, words))
            elif not user.rooms and type(event) in _NEEDED:
                session.send_unasked(session.base_codec.encode(event).decode())
            if isinstance(event, ProfileChanged) and event.profile.is_bot != event.former.is_bot:
                session.send_unasked(bot_mode(user))

    def _tell_of_login(self, user: User, former: str) -> None:
        """Tell that a guest has logged in: such a user is in no room, where others would read it.

        The name of the account, which the user has from now on, is another line.
        """
        source = names.source(former, None, user.profile)
        for session in self._watchers(former, caps.ACCOUNT_NOTIFY):
            tags = session.base_codec.messages.tags(self._now())
            session.send_unasked(line(source, "ACCOUNT", user.name, tags=tags))

    def _watchers(self, name: str, needed: str) -> list[IrcSession]:
        """Return the sessions that watch a name, and have negotiated to read more of its user."""
        return [
            session
            for session in self._settings.monitor.watchers(name)
            if session.has(caps.EXTENDED_MONITOR) and session.has(needed)
        ]

    def _tell(self, numeric: Numeric, name: str, shown: str) -> None:
        for session in self._settings.monitor.watchers(name):
            session.send_unasked(line(self._settings.name, numeric, session.nick, shown))

    def _remember(self, user: User, former: str) -> None:
        # A user who has ended has no account any more; only its own user can have had its name.
        account = self._world.find_account(former)
        number = None if account is None else account.id
        self._settings.whowas.add(FormerUser(former, number, user.profile, self._now()))


def _is_welcomed(session: Origin) -> TypeGuard[IrcSession]:
    return isinstance(session, IrcSession) and session.registration is None


def _share_room(one: User, other: User) -> bool:
    return not one.rooms.keys().isdisjoint(other.rooms)
