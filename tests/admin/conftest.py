"""Doubles for the console: accounts whose passwords a test can read, and a console on a pipe."""

from dataclasses import replace

import pytest
from twisted.internet.defer import succeed

from chatd.admin.console import LineConsole
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.moderation import Banned
from chatd.core.records import Account, AccountRef, Ban, BanKind


class FakeAccounts:
    """Accounts and bans. Every operation that needs the store waits for `stored`."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.passwords = {"alice": "as it was"}
        self.disconnected = []
        self.stored = succeed(None)
        self._bans = []

    async def ban(self, subject, minutes, present, now, author, reason):
        await self.stored
        until = None if minutes is None else now + 60 * minutes
        kind = BanKind.NAME if subject.isalpha() else BanKind.ADDRESS
        self._bans.append(Ban(kind, subject.title(), until, author, now, reason))
        names = [session.user.name for session in present]
        self.disconnected += names
        return Banned(self._bans[-1], len(names))

    async def unban(self, subject):
        for ban in self.bans():
            if ban.subject == subject.title():
                self._bans.remove(ban)
                return ban.subject
        raise ChatError(ErrorCode.NOT_BANNED, subject=subject)

    def bans(self):
        now = self.seconds()
        return [ban for ban in self._bans if ban.until is None or ban.until > now]

    async def accounts(self):
        await self.stored
        return [
            Account(number, name, "hash", 1795186276.9)
            for number, name in enumerate(self.passwords, 1)
        ]

    def require_account(self, username):
        if username.lower() not in self.passwords:
            raise ChatError(ErrorCode.NO_SUCH_ACCOUNT, name=username)
        return AccountRef(1, username.lower())

    async def set_password(self, username, new, now):
        assert now == 0
        await self.stored
        self.passwords[username] = new
        return username

    async def unregister(self, username, now):
        assert now == 0
        name = self.require_account(username).name
        del self.passwords[name]
        return name


@pytest.fixture
def accounts(server):
    """Return the fake accounts that the consoles of the server work with."""
    accounts = FakeAccounts(server.reactor.seconds)
    consoles = server.service.consoles
    consoles.context = replace(consoles.context, accounts=accounts, moderation=accounts)
    return accounts


class PipeHarness:
    """A console whose lines come from a pipe. `printed` has what it printed, then "closed"."""

    def __init__(self, server):
        self.printed = []
        consoles = server.service.consoles
        self.console = consoles.open(self.printed.extend, lambda: self.printed.append("closed"))
        self.lines = LineConsole(self.console)


@pytest.fixture
def pipe(server):
    """Return a console on a pipe."""
    return PipeHarness(server)
