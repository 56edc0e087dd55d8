"""Being away, by way of several sessions of an account."""

import pytest

from chatd.server.irc.away import away_message
from tests.server.irc.reading import ask

WORD = "staple-battery"


@pytest.fixture
def user(server):
    """Return the user of the account Zoe, who is here by way of nc."""
    server.connect().ask(f"`register Zoe {WORD}")
    return server.service.chat.find_user("Zoe")


def log_in(server, *capabilities):
    """Return an IRC client that is logged in as Zoe."""
    client = server.connect_irc()
    client.send("CAP LS 302", f"CAP REQ :{' '.join(capabilities)}", f"PASS Zoe:{WORD}")
    client.send("NICK Zoe", "USER zoe 0 * :Zoe", "CAP END")
    client.read()
    return client


def test_a_client_without_its_user(server, user):
    """It makes nobody away who is here by way of another session."""
    zoe = log_in(server, "draft/pre-away")
    assert ask(zoe, "AWAY *")[0][0] == "306"
    assert user.away is None
    zoe.send("AWAY :lunch")
    assert user.away.text == "lunch"


def test_the_only_client_is_without_its_user(server):
    """Others read words, no asterisk."""
    ann = server.irc("ann", "draft/pre-away")
    ann.send("AWAY *")
    assert server.service.chat.find_user("ann").away.text == "Away"


def test_without_the_capability(server, user):
    """An asterisk is a message as any other."""
    log_in(server, "batch").send("AWAY *")
    assert user.away.text == "*"


@pytest.mark.parametrize(
    ("typed", "text"), [(" a \t b ", "a b"), ("x" * 300, "x" * 200), ("\x1d\x03", "")]
)
def test_the_message(typed, text):
    """It is one line without formatting."""
    assert away_message(typed) == text
