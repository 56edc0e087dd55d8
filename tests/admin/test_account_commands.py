"""The administrator's commands for bans and accounts: the replies, and their effects."""

import pytest
from twisted.internet.defer import Deferred

from chatd.admin.completion import complete
from chatd.admin.console import LineConsole


def test_ban(server, accounts):
    """A ban without minutes is for ever, and is checked against all sessions."""
    server.join("1", "Bob")
    server.connect()
    assert server.console("bans") == ["Administrator: Nobody is banned."]
    assert server.console("ban bob") == ["Administrator: Bob was banned."]
    assert accounts.disconnected == ["Bob", ""]
    assert server.console("bans") == [
        "Bob (name) for ever, banned 1970-01-01 00:00:00 UTC by console"
    ]


def test_ban_for_some_minutes(server, accounts):
    """The minutes of a ban count from now; then the ban is gone."""
    server.turn(1795186800 - server.reactor.seconds())
    answer = ["Administrator: 10.0.0.7 was banned (0 connections)."]
    assert server.console("ban 10.0.0.7 10") == answer
    banned = "banned 2026-11-20 15:00:00 UTC by console"
    until = "until 2026-11-20 15:10:00 UTC"
    assert server.console("bans") == [f"10.0.0.7 (address) {until}, {banned}"]
    server.turn(600)
    assert server.console("bans") == ["Administrator: Nobody is banned."]
    assert accounts.disconnected == []


@pytest.mark.usefixtures("accounts")
def test_a_ban_longer_than_there_are_dates(server):
    """The latest time that can be shown stands for all later ones."""
    server.console("ban Bob 999999999999999")
    (line,) = server.console("bans")
    assert line.startswith("Bob (name) until 9999-12-31 23:59:59 UTC, banned ")


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize("words", ["", "Bob 0", "Bob 00", "Bob 0 spam", "Bob 1234567890123456"])
def test_ban_with_wrong_words(server, words):
    """Wrong words are answered with the usage, and nobody is banned."""
    said, usage = server.console(f"ban {words}")
    assert said == "Unknown commands."
    assert usage.startswith("`ban <name_or_address> [minutes] [reason]`: ")
    assert server.console("bans") == ["Administrator: Nobody is banned."]


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Bob spam", "for ever, {banned}: spam"),
        ("Bob 10", "until 1970-01-01 00:10:00 UTC, {banned}"),
        ("Bob 10 60 lines\tof  spam", "until 1970-01-01 00:10:00 UTC, {banned}: 60 lines of spam"),
        ("Bob -1", "for ever, {banned}: -1"),
        ("Bob \x1b[2J10\u202e", "for ever, {banned}: [2J10"),
    ],
)
def test_the_reason_of_a_ban(server, words, shown):
    """Digits alone are minutes, what follows is the reason, without control characters."""
    assert server.console(f"ban {words}") == ["Administrator: Bob was banned."]
    banned = "banned 1970-01-01 00:00:00 UTC by console"
    assert server.console("bans") == [f"Bob (name) {shown.format(banned=banned)}"]


@pytest.mark.parametrize("time", ["1h", "60m", "2D spam"])
def test_a_time_with_a_unit_is_no_reason(server, time):
    """Such a ban would be for ever, which nobody means."""
    words = f"Administrator: {time.split()[0]} is no number of minutes; an hour is 60."
    assert server.console(f"ban Bob {time}") == [words]
    assert server.console("bans") == ["Administrator: Nobody is banned."]


def test_a_reason_that_is_too_long(server):
    """The command is refused, and nobody is banned or kicked."""
    bob = server.join("1", "Bob")
    answer = ["Administrator: Reason too long (at most 390 bytes)."]
    assert server.console("ban Bob " + "é" * 196) == answer
    assert server.console("kick Bob 1 " + "é" * 196) == answer
    assert server.console("bans") == ["Administrator: Nobody is banned."]
    assert not bob.closed
    assert server.console("ban Bob " + "é" * 195) == ["Administrator: Bob was banned."]


def test_a_user_comes_while_a_ban_is_stored(server, accounts):
    """A user who comes while a ban is being stored is checked as well."""
    accounts.stored = Deferred()
    server.console("ban Bob")
    server.join("1", "Bob")
    accounts.stored.callback(None)
    assert accounts.disconnected == ["Bob"]


@pytest.mark.usefixtures("accounts")
def test_unban(server):
    """A ban can be removed once."""
    server.console("ban Bob")
    assert server.console("unban bob") == ["Administrator: Bob was unbanned."]
    assert server.console("unban bob") == ["Administrator: bob is not banned."]


def test_accounts(server, accounts):
    """There is a line for each account, with the time of registration."""
    accounts.passwords["Zoë"] = "unused"
    assert server.console("accounts") == [
        "alice registered 2026-11-20 14:51:16 UTC",
        "Zoë registered 2026-11-20 14:51:16 UTC",
    ]
    accounts.passwords.clear()
    assert server.console("accounts") == ["Administrator: No account exists!"]


@pytest.mark.usefixtures("accounts")
def test_unregister(server):
    """An account can be removed once."""
    assert server.console("unregister ALICE") == ["Administrator: alice was unregistered."]
    assert server.console("unregister ALICE") == ["Administrator: Account ALICE NOT found!"]


def test_passwd_without_a_prompt(server, accounts):
    """A command that asks a question where nobody can answer changes nothing."""
    assert server.console("passwd alice") == ["Administrator: Cancelled."]
    assert accounts.passwords == {"alice": "as it was"}


@pytest.fixture
def logged_in(server):
    """Log Zoë in, on the second of two connections."""
    server.join("1", "Bob")
    server.join("1", "Zoë")
    _, session = server.service.sessions
    session.user.account = "Zoë"


@pytest.mark.usefixtures("accounts", "logged_in")
def test_who_shows_the_account(server):
    """`who` shows the account after the name."""
    bob, zoe = server.console("who")
    assert " name=Bob account=- rooms=1 " in bob
    assert " name=Zoë account=Zoë rooms=1 " in zoe


@pytest.mark.usefixtures("accounts", "logged_in")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ban ", ["Bob", "Zoë"]),
        ("ban Bob ", []),
        ("unban ", ["Cathy", "10.0.0.7"]),
        ("unban c", ["Cathy"]),
        ("passwd ", ["Zoë"]),
        ("unregister z", ["Zoë"]),
        ("mute ", ["Bob", "Zoë"]),
        ("mute Bob ", ["1"]),
        ("history ", ["1"]),
        ("mute Bob 1 ", []),
        ("admin z", ["Zoë"]),
        ("admin Zoë o", ["on", "off"]),
        ("accounts ", []),
        ("un", ["unmute", "unban", "unregister"]),
    ],
)
def test_completion(server, line, expected):
    """Users who are here, subjects that are banned, and accounts in use are completed."""
    server.console("ban cathy")
    server.console("ban 10.0.0.7")
    assert complete(server.service.consoles.context, line) == expected


# -- with the real accounts


def test_a_banned_user_is_disconnected(server):
    """A banned user is disconnected and refused until the ban is removed."""
    bob = server.join("1", "Bob")
    assert server.console("ban bob") == ["Administrator: Bob was banned."]
    assert bob.read() == ["Server: You were banned by the Administrator!"]
    assert bob.closed
    again = server.connect()
    assert again.ask("`join 1 Bob") == ["Server: You were banned by the Administrator!"]
    assert server.console("unban BOB") == ["Administrator: Bob was unbanned."]
    assert server.connect().ask("`join 1 Bob") == ["Server: You join @chatroom 1"]


def test_the_life_of_an_account(server):
    """An account is listed, gets another password, and is removed."""
    alice = server.connect()
    alice.ask("`register Alice first-password")
    assert server.console("accounts") == ["Alice registered 1970-01-01 00:00:00 UTC"]
    assert " name=Alice account=Alice " in server.console("who")[0]
    printed = []
    pipe = LineConsole(server.service.consoles.open(printed.extend, lambda: None))
    pipe.received(b"passwd alice\nshort\npasswd alice\ncorrect-horse\n")
    assert printed == [
        "Administrator: Password must have 8 to 1024 bytes.",
        "Administrator: Password of Alice changed.",
    ]
    alice.lose()
    again = server.connect()
    assert again.ask("`login alice first-password") == ["Server: Wrong username or password."]
    assert again.ask("`login alice correct-horse") == ["Server: Welcome back, Alice."]
    assert server.console("unregister alice") == ["Administrator: Alice was unregistered."]
    assert server.console("accounts") == ["Administrator: No account exists!"]


def test_several_sessions(server):
    """`who` has a line for each session; completion has the user once."""
    server.connect().ask("`register Alice first-password")
    server.connect().ask("`login alice first-password")
    assert [line.split()[2:4] for line in server.console("who")] == [
        ["name=Alice", "account=Alice"],
        ["name=Alice", "account=Alice"],
    ]
    assert complete(server.service.consoles.context, "ban ") == ["Alice"]


@pytest.mark.usefixtures("accounts")
def test_register_without_a_password(server):
    """The password is asked for; without an answer no account is added."""
    assert server.console("register Ann") == ["Administrator: Cancelled."]
