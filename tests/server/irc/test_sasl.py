"""Logins of IRC clients by SASL."""

import base64

import pytest

from chatd.config import Irc
from chatd.server.irc.sasl import MAX_RESPONSE
from chatd.testing import MemoryServer
from tests.server.irc import tls
from tests.server.irc.reading import ask, commands, lines

REMOTE = "203.0.113.9"
PASSWORD = "sesame42"
FAILED = ("904", "*", "SASL authentication failed")


@pytest.fixture
def server():
    """Return a server with an IRC port and the account `ann`, whose user is not there."""
    server = MemoryServer(irc=Irc(name="irc.test"), clock_offset=1_795_186_276.0)
    register(server, "ann", PASSWORD)
    return server


def register(server, name, password):
    """Register an account."""
    client = server.connect()
    client.send(f"`register {name} {password}")
    assert "Registered" in client.read()[0]
    client.lose()


def response(name="ann", password=PASSWORD, authzid=""):
    """Return the response of PLAIN, in base 64."""
    return base64.b64encode(f"{authzid}\0{name}\0{password}".encode()).decode()


def chunks(text):
    """Return the lines for a response, cut as clients cut it."""
    parts = [text[start : start + 400] for start in range(0, len(text), 400)]
    if len(parts[-1]) == 400:
        parts.append("+")
    return [f"AUTHENTICATE {part}" for part in parts]


def begin(server, *more, **options):
    """Return a client that has begun with PLAIN."""
    client = server.connect_irc(**options)
    client.send("CAP REQ :sasl", *more)
    client.read()
    assert ask(client, "authenticate plain") == [("AUTHENTICATE", "+")]
    return client


@pytest.mark.parametrize("authzid", ["", "ann"])
def test_before_the_welcome(server, authzid):
    """The client reads 900 and 903, and is welcomed by the name of the account."""
    client = begin(server)
    answer = ask(client, f"AUTHENTICATE {response(authzid=authzid)}")
    assert [each[:2] for each in answer] == [("900", "*"), ("903", "*")]
    assert answer[0][3] == "ann"
    welcome = ask(client, "NICK bob", "USER a 0 * :A", "CAP END")[0]
    assert welcome[:2] == ("001", "ann")
    assert "account=ann" in server.console("`who")[0]


def test_under_the_name_of_the_account(server):
    """NICK may come before the login, although the name is that of an account."""
    client = begin(server, "NICK ann", "USER a 0 * :A")
    ask(client, f"AUTHENTICATE {response()}")
    assert ask(client, "CAP END")[0][:2] == ("001", "ann")


def test_after_the_welcome(server):
    """A guest who logs in reads so, then the new name, and then the rooms of the account."""
    first = server.irc("eve", "sasl")
    first.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {response()}", "JOIN #tea")
    first.read()
    client = server.irc("bob", "sasl")
    client.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {response()}")
    answer = lines(client)
    assert answer[0].command == "AUTHENTICATE"
    assert answer[1].params[0] == answer[2].params[0] == "bob"
    assert (answer[3].source.partition("!")[0], answer[3].params) == ("bob", ["ann"])
    shown = [each.command for each in answer[1:] if each.command != "MODE"]
    assert shown == ["900", "903", "NICK", "JOIN", "353", "366"]


def test_in_a_room(server):
    """A guest in a room has to leave it first: no password is asked for."""
    client = server.irc("bob", "sasl")
    client.send("JOIN #tea")
    client.read()
    notice, failed = ask(client, "AUTHENTICATE PLAIN")
    assert notice == ("NOTICE", "bob", "Leave all channels before you log in: /quote JOIN 0")
    assert failed[0] == "904"


@pytest.mark.parametrize(
    "sent",
    [
        response(password="wrong"),
        response(name="nobody"),
        response(name=""),
        response(password=""),
        response(authzid="bob"),
        "!!!",
        "YW5u",
        "/wD/AP8=",
        "éé",
    ],
)
def test_failures(server, sent):
    """All failures are told alike, and the client may try again."""
    client = begin(server)
    assert ask(client, f"AUTHENTICATE {sent}") == [FAILED]
    client.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {response()}")
    assert [each[0] for each in commands(client)] == ["AUTHENTICATE", "900", "903"]
    assert ask(client, "AUTHENTICATE PLAIN")[0][0] == "907"


@pytest.mark.parametrize("size", [291, 300, 592, 1000])
def test_long_passwords(server, size):
    """A response is cut in lines of 400 bytes, and ends with a shorter one."""
    password = "p" * size
    register(server, "bob", password)
    client = begin(server)
    sent = chunks(response("bob", password))
    assert ask(client, *sent[:-1]) == []
    assert [each[0] for each in ask(client, sent[-1])] == ["900", "903"]


def test_responses_that_are_too_long(server):
    """A line of more than 400 bytes gets 905, too many lines get 904."""
    client = begin(server)
    assert ask(client, "AUTHENTICATE " + "a" * 401)[0][:2] == ("905", "*")
    assert ask(client, "AUTHENTICATE PLAIN") == [("AUTHENTICATE", "+")]
    count = MAX_RESPONSE // 400
    assert ask(client, *["AUTHENTICATE " + "a" * 400] * count) == []
    assert ask(client, "AUTHENTICATE " + "a" * 400) == [FAILED]


def test_aborted(server):
    """`*` gives up, at any time, as does the end of the negotiation."""
    client = begin(server, "NICK bob", "USER a 0 * :A")
    assert ask(client, "AUTHENTICATE *")[0][:2] == ("906", "bob")
    assert ask(client, "AUTHENTICATE *")[0][:2] == ("906", "bob")
    assert ask(client, "AUTHENTICATE PLAIN") == [("AUTHENTICATE", "+")]
    assert [each[0] for each in ask(client, "CAP END")[:2]] == ["906", "001"]


def test_other_mechanisms(server):
    """The client is told which ones there are."""
    client = server.connect_irc()
    assert ask(client, "AUTHENTICATE PLAIN")[0][:3] == ("421", "*", "AUTHENTICATE")
    client.send("CAP REQ sasl")
    client.read()
    mechanisms, failed = ask(client, "AUTHENTICATE SCRAM-SHA-256")
    assert mechanisms[:3] == ("908", "*", "PLAIN")
    assert failed == FAILED


def test_many_failures_take_time(server):
    """After five wrong passwords the next attempt waits; further lines wait with it."""
    client = begin(server, "NICK bob", "USER a 0 * :A")
    wrong = response(password="wrong")
    client.send(f"AUTHENTICATE {wrong}", *["AUTHENTICATE PLAIN", f"AUTHENTICATE {wrong}"] * 4)
    assert [each[0] for each in commands(client)].count("904") == 5
    client.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {response()}", "PING x")
    assert commands(client) == [("AUTHENTICATE", "+")]
    server.turn(1)
    assert [each[0] for each in commands(client)] == ["900", "903", "PONG"]


def test_a_banned_account(server):
    """It is told at the welcome: 465, then ERROR."""
    server.console("`ban ann 60 spam")
    client = begin(server)
    client.send(f"AUTHENTICATE {response()}", "NICK bob", "USER a 0 * :A", "CAP END")
    assert [each[0] for each in commands(client)][-2:] == ["465", "ERROR"]
    assert client.closed


def test_without_tls(server):
    """From another machine, passwords are taken over TLS alone, unless the operator says so."""
    client = server.connect_irc(REMOTE)
    assert ask(client, "CAP REQ sasl") == [("CAP", "*", "NAK", "sasl")]
    server = MemoryServer(irc=Irc(name="irc.test", plaintext_login=True))
    client = server.connect_irc(REMOTE)
    assert ask(client, "CAP REQ sasl") == [("CAP", "*", "ACK", "sasl")]


# -- EXTERNAL


@pytest.fixture
def with_key(monkeypatch, server):
    """Return the server, where the certificate `laptop` logs in to the account `ann`."""
    client = tls.log_in(monkeypatch, server, response(), "laptop")
    assert ask(client, "CERT ADD")[0][0] == "NOTICE"
    client.send("QUIT")
    return server


def begin_external(monkeypatch, server, certificate):
    """Return a client that shows a certificate, and has begun with EXTERNAL."""
    client = tls.connect(monkeypatch, server, certificate)
    client.send("CAP REQ sasl")
    client.read()
    assert ask(client, "AUTHENTICATE external") == [("AUTHENTICATE", "+")]
    return client


def encoded(text):
    """Return a text in base 64."""
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("sent", ["+", encoded("ann"), encoded("Ann")])
def test_a_certificate(monkeypatch, with_key, sent):
    """The client reads 900 and 903, and is welcomed by the name of the account."""
    client = begin_external(monkeypatch, with_key, "laptop")
    answer = ask(client, f"AUTHENTICATE {sent}")
    assert [each[:2] for each in answer] == [("900", "*"), ("903", "*")]
    assert answer[0][3] == "ann"
    welcome = ask(client, "NICK bob", "USER a 0 * :A", "CAP END")[0]
    assert welcome[:2] == ("001", "ann")


def test_a_certificate_after_the_welcome(monkeypatch, with_key):
    """A guest becomes the user of the account, and cannot log in again."""
    client = tls.connect(monkeypatch, with_key, "laptop")
    client.send("CAP REQ sasl", "NICK bob", "USER a 0 * :A", "CAP END", "AUTHENTICATE EXTERNAL")
    client.read()
    assert [each[0] for each in ask(client, "AUTHENTICATE +")] == ["900", "903", "NICK"]
    assert ask(client, "AUTHENTICATE EXTERNAL")[0][0] == "907"


@pytest.mark.parametrize(
    ("certificate", "sent"),
    [
        (None, "+"),
        ("phone", "+"),
        ("phone", encoded("ann")),
        ("laptop", encoded("bob")),
        ("laptop", encoded("nobody")),
        ("laptop", response()),
        ("laptop", "!!!"),
        ("laptop", "/w=="),
    ],
)
def test_failures_of_certificates(monkeypatch, with_key, certificate, sent):
    """All failures are told alike, and count; the client may log in with its password then."""
    register(with_key, "bob", PASSWORD)
    client = begin_external(monkeypatch, with_key, certificate)
    assert ask(client, f"AUTHENTICATE {sent}") == [FAILED]
    client.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {response()}")
    assert [each[0] for each in commands(client)] == ["AUTHENTICATE", "900", "903"]


@pytest.mark.parametrize("end", ["CERT DEL", "password", "unregister"])
def test_a_certificate_that_was_removed(monkeypatch, with_key, end):
    """It logs in no more; a new password removes it, too, as does the end of the account."""
    if end == "CERT DEL":
        client = tls.log_in(monkeypatch, with_key, response())
        assert ask(client, f"CERT DEL {tls.fingerprint('laptop')}")[0][0] == "NOTICE"
    elif end == "password":
        client = with_key.connect()
        client.send(f"`login ann {PASSWORD}", f"`password {PASSWORD} another-word")
        assert "changed" in "".join(client.read())
    else:
        with_key.console("`unregister ann")
    client = begin_external(monkeypatch, with_key, "laptop")
    assert ask(client, "AUTHENTICATE +") == [FAILED]


def test_a_banned_account_with_a_certificate(monkeypatch, with_key):
    """It is told at the welcome: 465, then ERROR."""
    with_key.console("`ban ann 60 spam")
    client = begin_external(monkeypatch, with_key, "laptop")
    client.send("AUTHENTICATE +", "NICK bob", "USER a 0 * :A", "CAP END")
    assert [each[0] for each in commands(client)][-2:] == ["465", "ERROR"]


def test_who_is_offered_external(monkeypatch, server):
    """Clients of TLS are, others are not, and are told so if they begin with it."""
    for client, offered in (
        (server.connect_irc(), "PLAIN"),
        (tls.connect(monkeypatch, server), "PLAIN,EXTERNAL"),
    ):
        assert f"sasl={offered}" in ask(client, "CAP LS 302")[0][-1].split()
        client.send("CAP REQ sasl")
        client.read()
        assert ask(client, "AUTHENTICATE X") == [
            ("908", "*", offered, "are available SASL mechanisms"),
            FAILED,
        ]
    plain = server.connect_irc()
    plain.send("CAP REQ sasl")
    plain.read()
    assert [each[0] for each in ask(plain, "AUTHENTICATE EXTERNAL")] == ["908", "904"]
