"""REGISTER and VERIFY of IRC clients."""

import pytest

from chatd.config import Irc, Registrants
from chatd.testing import MemoryServer
from tests.server.irc.reading import ask, lines

REMOTE = "203.0.113.9"


@pytest.mark.parametrize("sent", ["REGISTER * * sesame42", "REGISTER Ann a@b.example :sesame42"])
def test_register(server, sent):
    """A guest gets an account of the same name, and is logged in to it."""
    client = server.irc("ann")
    client.send(sent)
    success, logged_in = lines(client)
    assert (success.command, success.params[:2]) == ("REGISTER", ["SUCCESS", "ann"])
    assert (logged_in.command, logged_in.params[2]) == ("900", "ann")
    assert server.console("`accounts")[0].startswith("ann registered")
    assert "account=ann" in server.console("`who")[0]
    other = server.connect()
    other.send("`login ann sesame42")
    assert "ann" in other.read()[0]


@pytest.mark.parametrize(
    ("sent", "code", "account"),
    [
        ("REGISTER bob * sesame42", "ACCOUNT_NAME_MUST_BE_NICK", "bob"),
        ("REGISTER * * short", "WEAK_PASSWORD", "ann"),
        ("VERIFY ann 1234", "INVALID_CODE", "ann"),
    ],
)
def test_refusals(server, sent, code, account):
    """The client is told in codes of IRCv3."""
    client = server.irc("ann")
    ((command, *params),) = ask(client, sent)
    assert command == "FAIL"
    assert params[:3] == [sent.split()[0], code, account]


def test_before_the_welcome(server):
    """The connection has to be registered first."""
    client = server.connect_irc()
    client.send("CAP LS", "NICK ann")
    client.read()
    assert ask(client, "REGISTER * * sesame42")[0][:3] == (
        *("FAIL", "REGISTER", "COMPLETE_CONNECTION_REQUIRED"),
    )
    assert ask(client, "REGISTER *")[0][0] == "461"


def test_a_user_of_an_account(server):
    """Nobody registers twice."""
    client = server.irc("ann")
    client.send("REGISTER * * sesame42")
    client.read()
    for sent in ("REGISTER * * sesame42", "VERIFY * 1"):
        answer = ask(client, sent)[0]
        assert answer[:4] == ("FAIL", sent.split()[0], "ALREADY_AUTHENTICATED", "ann")


def test_in_a_room(server):
    """A guest has to leave the rooms first, and reads so."""
    client = server.irc("ann")
    client.send("JOIN #tea")
    client.read()
    (answer,) = ask(client, "REGISTER * * sesame42")
    assert answer[:4] == ("FAIL", "REGISTER", "TEMPORARILY_UNAVAILABLE", "ann")
    assert answer[4] == "Leave all channels before you register: /quote JOIN 0"


def test_the_quota_is_that_of_all_gateways():
    """Guests of one address register 20 accounts an hour."""
    server = MemoryServer(irc=Irc(name="irc.test", plaintext_login=True))
    for number in range(20):
        native = server.connect(REMOTE)
        native.send(f"`register a{number}a sesame42")
        native.read()
        native.lose()
    (answer,) = ask(server.irc("ann", host=REMOTE), "REGISTER * * sesame42")
    assert answer[:4] == ("FAIL", "REGISTER", "TEMPORARILY_UNAVAILABLE", "ann")


def test_where_it_is_not_possible():
    """Over an open line, and where nobody may register, the client reads why."""
    server = MemoryServer(irc=Irc(name="irc.test"))
    (answer,) = ask(server.irc("ann", host=REMOTE), "REGISTER * * sesame42")
    assert answer[2:] == ("TEMPORARILY_UNAVAILABLE", "*", "Passwords are taken over TLS alone")
    server = MemoryServer(irc=Irc(name="irc.test"), registrants=Registrants.NOBODY)
    (answer,) = ask(server.irc("ann"), "REGISTER * * sesame42")
    assert answer[2] == "TEMPORARILY_UNAVAILABLE"


def test_those_who_watch_the_user(server):
    """They read of the account, if they have asked to; the name is the same."""
    watcher = server.irc("zoe", "extended-monitor", "account-notify")
    other = server.irc("eve")
    client = server.irc("ann")
    watcher.send("MONITOR + ann"), other.send("MONITOR + ann")
    watcher.read(), other.read()
    client.send("REGISTER * * sesame42")
    client.read()
    (line,) = lines(watcher)
    assert (line.source.partition("!")[0], line.command, line.params) == ("ann", "ACCOUNT", ["ann"])
    assert other.read() == []
