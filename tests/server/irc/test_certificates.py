"""CERT: the certificates of an account."""

import pytest

from chatd.config import Irc
from chatd.core.accountkeys import MAX_KEYS
from chatd.core.errors import StoreUnavailableError
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore
from tests.server.irc import tls
from tests.server.irc.reading import ask
from tests.server.irc.test_sasl import PASSWORD, register, response

LAPTOP, PHONE = tls.fingerprint("laptop"), tls.fingerprint("phone")


@pytest.fixture
def store():
    """Return a store whose calls may fail."""
    return SlowStore()


@pytest.fixture
def server(store):
    """Return a server with an IRC port and the accounts `ann` and `bob`."""
    server = MemoryServer(irc=Irc(name="irc.test"), store=store, clock_offset=1_795_186_276.0)
    for name in ("ann", "bob"):
        register(server, name, PASSWORD)
    return server


@pytest.fixture
def log_in(monkeypatch, server):
    """Return a function that returns a client of an account; it may show a certificate."""
    return lambda name, certificate=None: tls.log_in(
        monkeypatch, server, response(name), certificate
    )


def notices(client, *sent):
    """Send lines; return the words of the notices that come back."""
    answer = ask(client, *sent)
    assert {each[:2] for each in answer} <= {("NOTICE", "ann")}
    return [each[2] for each in answer]


def failure(client, line):
    """Send a line; return the code of the FAIL that comes back."""
    (answer,) = ask(client, line)
    assert answer[:2] == ("FAIL", "CERT")
    return answer[2]


def test_the_certificate_of_the_connection(log_in):
    """It is added to the account, once, and listed with the time."""
    ann = log_in("ann", "laptop")
    assert notices(ann, "CERT LIST") == ["ann has 0 of at most 10 certificates"]
    for _ in range(2):
        added = notices(ann, "cert add")
        assert added == [f"Certificate {LAPTOP} logs in to ann from now on"]
    listed, count = notices(ann, "CERT list")
    assert listed.startswith(f"Certificate {LAPTOP}, added on ")
    assert listed.endswith(" 2026, 14:51:16 UTC")
    assert count == "ann has 1 of at most 10 certificates"


@pytest.mark.parametrize("text", [PHONE, PHONE.upper(), bytes.fromhex(PHONE).hex(":")])
def test_a_fingerprint(log_in, text):
    """It is added and removed, in whatever way programs write it."""
    ann = log_in("ann")
    assert notices(ann, f"CERT ADD {text}") == [f"Certificate {PHONE} logs in to ann from now on"]
    assert notices(ann, f"CERT DEL {text}") == [f"Certificate {PHONE} logs in no more"]
    assert failure(ann, f"CERT DEL {text}") == "NO_SUCH_KEY"
    assert notices(ann, "CERT LIST") == ["ann has 0 of at most 10 certificates"]


@pytest.mark.parametrize("text", ["", "x", PHONE[1:], PHONE + "0", "g" * 64, "\u0660" * 64])
def test_what_is_no_fingerprint(log_in, text):
    """It is refused."""
    assert failure(log_in("ann"), f"CERT ADD :{text}") == "INVALID_FINGERPRINT"
    assert failure(log_in("ann"), f"CERT DEL :{text}") == "INVALID_FINGERPRINT"


@pytest.mark.parametrize("line", ["CERT NEW", "CERT DEL", "CERT LIST x", "CERT ADD x x"])
def test_wrong_parameters(log_in, line):
    """The client is told which ones there are."""
    assert failure(log_in("ann"), line) == "INVALID_PARAMS"


def test_without_a_certificate(log_in, server):
    """There is nothing to add, over TLS or without it."""
    assert failure(log_in("ann"), "CERT ADD") == "NO_CERTIFICATE"
    plain = server.irc("visitor", "sasl")
    plain.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {response()}")
    plain.read()
    assert failure(plain, "CERT ADD") == "NO_CERTIFICATE"
    assert notices(plain, f"CERT ADD {PHONE}") != []


def test_a_guest(server):
    """A guest has no certificates."""
    assert failure(server.irc("eve"), "CERT LIST") == "ACCOUNT_REQUIRED"


def test_the_certificate_of_another_account(log_in):
    """It is refused, and nobody removes that of another account, or sees it."""
    ask(log_in("bob", "phone"), "CERT ADD")
    ann = log_in("ann", "phone")
    assert failure(ann, "CERT ADD") == "KEY_IN_USE"
    assert failure(ann, f"CERT DEL {PHONE}") == "NO_SUCH_KEY"
    assert notices(ann, "CERT LIST") == ["ann has 0 of at most 10 certificates"]


def test_too_many(log_in):
    """An account has ten at most."""
    ann = log_in("ann")
    ask(ann, *(f"CERT ADD {number:064x}" for number in range(MAX_KEYS)))
    assert failure(ann, f"CERT ADD {PHONE}") == "TOO_MANY_KEYS"
    assert notices(ann, "CERT ADD " + "0" * 64)  # it is there
    assert notices(ann, "CERT LIST")[-1] == "ann has 10 of at most 10 certificates"


def test_an_unavailable_store(log_in, store):
    """The client is told, and may try again."""
    ann = log_in("ann")
    store.token_gate.error = StoreUnavailableError()
    assert failure(ann, f"CERT ADD {PHONE}") == "UNAVAILABLE"
    store.token_gate.error = None
    assert notices(ann, f"CERT ADD {PHONE}")
