"""The commands of the console in the session of an account that is an administrator."""

import json

import pytest

from chatd.admin.accounts import CONSOLE_ONLY
from chatd.protocol.console_commands import CONSOLE_COMMANDS
from chatd.testing import MemoryServer

WORD = "staple-battery"
NOT_ADMIN = ["Server: You are not an administrator."]


@pytest.fixture
def server():
    """Return a server with a room."""
    return MemoryServer(rooms=(("1", "tea"),))


def register(server, name):
    """Return a client that is logged in to a new account."""
    client = server.connect()
    assert client.ask(f"`register {name} {WORD}") == ["Server: Registered successfully."]
    return client


@pytest.fixture
def amy(server):
    """Return a client of an account that is an administrator."""
    client = register(server, "amy")
    assert server.console("admin AMY on") == ["Administrator: amy is now an administrator."]
    return client


def test_a_command(server, amy):
    """The command takes effect, and its answer is the reply."""
    bob = server.join("1", "Bob")
    assert amy.ask("`admin kick bob 1") == ["Server: Bob was kicked from chatroom 1."]
    assert bob.read() == ["Server: You were kicked out from chatroom tea@1 by amy!"]
    assert amy.ask("`admin `start 2 Food") == ["Server: Chatroom 2 started!"]
    assert amy.ask("`admin list") == ["Server: \ntea@1: no chatters!\nFood@2: no chatters!\n"]
    assert amy.ask("`admin kick Bob 1") == ["Server: Chatter Bob NOT found in chatroom 1!"]
    assert amy.ask("`ADMIN LIST")[0].startswith("Server: \ntea@1")


def test_json(amy):
    """A program gets the lines, and a code if the command has failed."""
    amy.ask("`format json")
    (reply,) = map(json.loads, amy.ask('{"command":"admin","line":"accounts","tag":"t"}'))
    (line,) = reply.pop("lines")
    assert line.startswith("amy registered ")
    assert reply == {"event": "reply", "command": "admin", "tag": "t", "text": line}
    (reply,) = map(json.loads, amy.ask('{"command":"admin","line":"end 7"}'))
    assert reply["code"] == "no-such-room"
    assert reply["lines"] == [reply["text"]]
    (error,) = map(json.loads, amy.ask('{"command":"admin","line":"quit"}'))
    assert (error["event"], error["code"]) == ("error", "console-only")


def test_the_name_of_the_account_is_told(server, amy):
    """Programs read which administrator muted a user."""
    bob = server.join("1", "Bob")
    bob.ask("`format json")
    assert amy.ask("`admin mute Bob 1 5") == ["Server: Bob was muted in chatroom 1 for 5 minutes."]
    assert json.loads(bob.read()[0])["by"] == "amy"


@pytest.mark.parametrize("command", sorted(CONSOLE_ONLY))
def test_commands_of_the_console_alone(server, amy, command):
    """They are refused, whatever their parameters and case, and have no effect."""
    bob = register(server, "bob")
    expected = [f"Server: `{command} is for the console and chatd-admin alone."]
    assert amy.ask(f"`admin {command} bob on") == expected
    assert amy.ask(f"`admin {command.upper()}") == expected
    assert bob.ask("`admin list") == NOT_ADMIN
    assert not server.service.stopping


def test_help_lists_what_is_allowed(amy):
    """Help has every command but those of the console alone."""
    (frame,) = amy.ask("`admin help")
    names = {line.strip("`").split("`")[0].split()[0] for line in frame.splitlines()[1:]}
    assert names == CONSOLE_COMMANDS.keys() - CONSOLE_ONLY


def test_an_unknown_command(amy):
    """It is refused with the one that was meant, if one is near."""
    assert amy.ask("`admin lsit") == ["Server: Unknown command `lsit. Did you mean `list?"]
    assert amy.ask("`admin kick")[0].startswith(
        "Server: \nUnknown commands.\n`kick <chatter_name> "
    )
    assert amy.ask("`admin") == ["Server: Usage: `admin <command>"]


@pytest.mark.parametrize(
    "line",
    [
        *("kick zoe 1", "group 1 Bob zoe", "mute ZOE 1", "deop zoe 1"),
        *("ban zoe", "ban z0e 5", "unregister zoe"),
    ],
)
def test_nobody_acts_on_another_administrator(server, amy, line):
    """A session is refused; the console is not, and an administrator may act on themselves."""
    zoe = register(server, "zoe")
    zoe.ask("`join 1")
    server.console("admin zoe on")
    assert amy.ask(f"`admin {line}") == ["Server: zoe is an administrator."]
    assert not zoe.closed
    assert zoe.ask(f"`admin {line}") != ["Server: zoe is an administrator."]


def test_a_reason_may_name_an_administrator(server, amy):
    """Only the names of users are looked at, not the id of a room."""
    zoe = register(server, "zoe")
    server.console("admin zoe on")
    assert not zoe.closed
    server.console("start zoe zoe")
    server.join("zoe", "Bob")
    assert amy.ask("`admin kick Bob zoe") == ["Server: Bob was kicked from chatroom zoe."]


def test_who_is_no_administrator(server, amy):
    """A guest, another account, one that is none any more, and one without login are refused."""
    guest = server.join("1", "Guest")
    bob = register(server, "bob")
    for client in (guest, bob, server.connect()):
        for line in ("list", "help", "quit", "nonsense", "kick amy 1"):
            assert client.ask(f"`admin {line}") == NOT_ADMIN
    assert amy.ask("`admin list") != NOT_ADMIN
    assert server.console("admin amy off") == ["Administrator: amy is no administrator any more."]
    assert amy.ask("`admin list") == NOT_ADMIN
    server.console("admin amy on")
    amy.ask("`logout")
    assert amy.ask("`admin list") == NOT_ADMIN


def test_a_name_that_is_registered_again(server, amy):
    """The right belongs to the account, not to its name."""
    assert amy.ask("`admin unregister amy") != NOT_ADMIN
    assert amy.closed
    assert register(server, "amy").ask("`admin list") == NOT_ADMIN


@pytest.mark.usefixtures("amy")
def test_accounts_shows_the_administrators(server):
    """`accounts` tells who is an administrator; the account must exist."""
    register(server, "bob")
    lines = server.console("accounts")
    assert lines[0].endswith(" UTC (administrator)")
    assert lines[1].endswith(" UTC")
    assert [account["admin"] for account in server.answer("accounts").data] == [True, False]
    assert server.console("admin cid on") == ["Administrator: Account cid NOT found!"]
    assert server.console("admin amy perhaps")[0] == "Unknown commands."


def test_the_trace_masks_the_line(amy, server, capture_log):
    """A password that is typed by mistake is in no log."""
    server.console("trace on")
    amy.ask("`admin passwd bob secret-word")
    assert "secret-word" not in "".join(capture_log())


def test_the_audit_has_the_name_of_the_account(server, amy):
    """An act in a session is in the audit, and so is who made the account an administrator."""
    server.join("1", "Bob")
    amy.ask("`admin kick Bob 1 spam")
    server.console("admin amy off")
    amy.ask("`admin end 1")
    assert [line.partition(" UTC ")[2] for line in server.console("audit")] == [
        "console switched the administrator's rights of amy on",
        "amy kicked Bob out of chatroom 1: spam",
        "console switched the administrator's rights of amy off",
    ]
