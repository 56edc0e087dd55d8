"""A terminal in memory, and a console on it; people whose passwords can be looked at."""

import re
from dataclasses import replace

import pytest
from twisted.internet.defer import succeed
from wcwidth import wcwidth

from chatd.admin.terminal import ConsoleTerminal
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import Account, AccountRef, Ban, BanKind
from chatd.testing import MemoryServer

_OUTPUT = re.compile(
    r"\x1b(?P<escape>\[[0-9]*[JH]|[78])|(?P<control>[\r\n])|(?P<text>[^\x00-\x1f])"
)


class Screen:
    """As much of a terminal as the console uses; fails on anything else it is sent."""

    def __init__(self):
        self.row = self.column = 0
        self.rows = [{}]
        self.written = ""
        self._saved = (0, 0)

    def write(self, data):
        """Show what was sent."""
        text = data.decode()
        self.written += text
        place = 0
        while place < len(text):
            output = _OUTPUT.match(text, place)
            assert output, f"not for a terminal: {text[place:]!r}"
            place = output.end()
            getattr(self, f"_{output.lastgroup}")(output[output.lastgroup])

    def _text(self, character):
        if wcwidth(character) == 0:
            row = self.rows[self.row]
            row[max(at for at in row if at < self.column)] += character
        else:
            self.rows[self.row][self.column] = character
            if wcwidth(character) > 1:
                self.rows[self.row].pop(self.column + 1, None)
            self.column += wcwidth(character)

    def _control(self, character):
        if character == "\r":
            self.column = 0
        else:
            self.row += 1
            self.rows.extend({} for _ in range(self.row + 1 - len(self.rows)))

    def _escape(self, sequence):
        if sequence == "7":
            self._saved = (self.row, self.column)
        elif sequence == "8":
            self.row, self.column = self._saved
        elif sequence == "[J":
            del self.rows[self.row + 1 :]
            row = self.rows[self.row]
            self.rows[self.row] = {at: shown for at, shown in row.items() if at < self.column}
        elif sequence == "[2J":
            self.rows = [{} for _ in range(self.row + 1)]
        else:
            assert sequence == "[H"
            self.row = self.column = 0

    @property
    def lines(self):
        """The rows, from the top."""
        return ["".join(row[at] for at in sorted(row)) for row in self.rows]

    @property
    def line(self):
        """The row with the cursor, which is the last one."""
        assert self.row == len(self.rows) - 1
        return self.lines[-1]


class Terminal:
    """A console on a screen."""

    def __init__(self, server, **options):
        self.screen = Screen()
        self.let_go = 0
        consoles = server.service.consoles
        self.console = ConsoleTerminal(consoles, self.screen.write, self._let_go, **options)
        self.console.resize(80)

    def _let_go(self):
        self.let_go += 1

    def type(self, *keys):
        """Type text, or keys as bytes; each is a read of its own."""
        for key in keys:
            self.console.received(key if isinstance(key, bytes) else key.encode())

    @property
    def typed(self):
        """What is shown behind the prompt."""
        assert self.screen.line.startswith("Chat administration:> ")
        return self.screen.line.removeprefix("Chat administration:> ")

    @property
    def cursor(self):
        """How many columns behind the prompt the cursor stands."""
        return self.screen.column - len("Chat administration:> ")


class FakePeople:
    """Accounts and bans. `stored` is what everything waits for that needs the store."""

    def __init__(self):
        self.passwords = {"alice": "as it was"}
        self.dismissed = []
        self.stored = succeed(None)
        self._bans = []

    async def ban(self, subject, minutes, present, now):
        await self.stored
        until = None if minutes is None else now + 60 * minutes
        kind = BanKind.NAME if subject.isalpha() else BanKind.ADDRESS
        self._bans.append(Ban(kind, subject.title(), until))
        self.dismissed += [session.user.name for session in present]
        return subject.title()

    async def unban(self, subject, now):
        for ban in self.bans(now):
            if ban.subject == subject.title():
                self._bans.remove(ban)
                return ban.subject
        raise ChatError(ErrorCode.NOT_BANNED, subject=subject)

    def bans(self, now):
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


def with_fake_people(server):
    """Let the consoles of a server work with people that are returned."""
    people = FakePeople()
    consoles = server.service.consoles
    consoles.context = replace(consoles.context, accounts=people, moderation=people)
    return people


@pytest.fixture
def people(server):
    """Return the people that the consoles of the server work with."""
    return with_fake_people(server)


@pytest.fixture
def terminal(server):
    """Return a terminal with 80 columns."""
    return Terminal(server)


@pytest.fixture(scope="session")
def new_terminal():
    """Return a function that returns a terminal to a server of its own, with people in it."""

    def new_terminal():
        server = MemoryServer()
        with_fake_people(server)
        return Terminal(server)

    return new_terminal
