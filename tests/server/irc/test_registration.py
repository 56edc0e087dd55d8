"""The registration of IRC clients: capabilities, names, passwords, and the welcome."""

import base64
import json

import pytest

from chatd.config import Irc, Registrants
from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore
from tests.server.irc.reading import ask, commands, lines

REMOTE = "203.0.113.9"


def registered(server, name="ann", password="sesame42"):
    """Register an account over the native gateway, and leave."""
    client = server.connect()
    client.send(f"`register {name} {password}")
    assert "Registered" in client.read()[0]
    client.lose()


def numerics(answer):
    """Return the numerics of an answer."""
    return [command for command, *_ in answer if command.isdigit()]


# -- names


@pytest.mark.parametrize(
    "order",
    [
        ["NICK ann", "USER ann 0 * :Ann"],
        ["USER ann 0 * :Ann", "NICK ann"],
        ["CAP LS 302", "USER ann 0 * :Ann", "NICK ann", "CAP END"],
        ["NICK ann", "CAP REQ :batch", "USER ann 0 * :Ann", "CAP END"],
    ],
)
def test_the_order_does_not_matter(server, order):
    """The welcome comes as soon as all is told, and no sooner."""
    client = server.connect_irc()
    *first, last = order
    assert "001" not in numerics(ask(client, *first))
    answer = [each for each in ask(client, last) if each[0] != "CAP"]
    assert numerics(answer)[:5] == ["001", "002", "003", "004", "005"]
    assert answer[0][1] == "ann"
    assert answer[-1][0] == "422"


def test_nothing_is_done_before_the_welcome(server):
    """Other commands get 451; PING is answered, and QUIT ends the connection."""
    client = server.connect_irc()
    assert ask(client, "JOIN #tea")[0][:3] == ("451", "*", "JOIN")
    assert ask(client, "PING x") == [("PONG", "irc.test", "x")]
    assert ask(client, "QUIT :bye") == [("ERROR", "Closing link: (bye)")]
    assert client.closed
    assert server.console("`who") == ["Administrator: Nobody is connected."]


def test_a_name_that_is_taken(server):
    """The client can choose another one, before and after USER."""
    server.irc("ann")
    client = server.connect_irc()
    assert ask(client, "NICK Ann")[0][:3] == ("433", "*", "Ann")
    assert ask(client, "USER ann 0 * :Ann") == []
    assert ask(client, "NICK bob")[0][:2] == ("001", "bob")


def test_two_clients_with_one_name(server):
    """The first one that completes gets the name, the other one can choose another."""
    one, two = server.connect_irc(), server.connect_irc()
    assert ask(one, "NICK ann") == ask(two, "NICK ann") == []
    assert ask(two, "USER ann 0 * :Ann")[0][:2] == ("001", "ann")
    assert ask(one, "USER ann 0 * :Ann")[0][:3] == ("433", "*", "ann")
    assert ask(one, "NICK ann2")[0][:2] == ("001", "ann2")


@pytest.mark.parametrize("name", ["*", "a b", "NickServ", "123", "Administrator"])
def test_a_name_that_is_not_allowed(server, name):
    """It is refused with 432, and none at all with 431."""
    client = server.connect_irc()
    assert ask(client, f"NICK :{name}")[0][:3] == ("432", "*", name.replace(" ", "_"))
    assert ask(client, "NICK", "NICK :") == [("431", "*", "No nickname given")] * 2
    assert ask(client, "NICK ann", "USER ann 0 * :Ann")[0][0] == "001"


def test_the_name_of_an_account(server):
    """It is refused once all is told, with a hint: a login may come until then."""
    registered(server)
    client = server.connect_irc()
    assert ask(client, "NICK ann") == []
    note, refused = ask(client, "USER ann 0 * :Ann")
    assert note[:4] == ("NOTE", "NICK", "REGISTERED", "ann")
    assert refused[:3] == ("433", "*", "ann")
    assert ask(client, "NICK bob")[0][:2] == ("001", "bob")
    note, refused = ask(client, "NICK ann")
    assert note[:4] == ("NOTE", "NICK", "REGISTERED", "ann")
    assert refused[:3] == ("433", "bob", "ann")


@pytest.mark.parametrize("sent", [["NICK eve"], ["CAP LS", "USER eve 0 * :Eve", "NICK eve"]])
def test_a_name_that_is_banned(server, sent):
    """The client reads 465 with the reason, then ERROR."""
    server.console("`ban eve 60 spam")
    client = server.connect_irc(REMOTE)
    banned, error = ask(client, *sent)[-2:]
    assert banned[0] == "465"
    assert banned[2].endswith("spam")
    assert error[0] == "ERROR"
    assert client.closed


def test_user_needs_a_real_name(server):
    """USER without a real name is one parameter too few; USER twice is once too often."""
    client = server.connect_irc()
    assert ask(client, "USER ann * * :") == [("461", "*", "USER", "Not enough parameters")]
    client = server.irc("ann")
    assert ask(client, "USER a 0 * :b", "PASS x") == [("462", "ann", "You may not reregister")] * 2


def test_after_the_welcome_a_guest_takes_another_name(server):
    """The old source is that of the line; the same name again is no change."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read()
    (line,) = (ann.send("NICK Ann2"), lines(ann))[1]
    assert (line.source.partition("!")[0], line.command, line.params) == ("ann", "NICK", ["Ann2"])
    assert commands(bob) == [("NICK", "Ann2")]
    assert ask(ann, "NICK Ann2") == []
    assert ask(ann, "NICK bob")[0][:3] == ("433", "Ann2", "bob")


# -- limits


def test_the_time_is_limited(server):
    """After 60 s the client reads why the connection ends, whatever it has sent."""
    silent, slow, half = (server.connect_irc() for _ in range(3))
    slow.send("NICK ann")
    half.send_bytes(b"NICK a")
    server.turn(59)
    assert not silent.closed
    server.turn(1)
    words = "You did not register within 60 s."
    assert commands(silent) == commands(half) == [("ERROR", f"Closing link: ({words})")]
    assert commands(slow) == [("ERROR", f"Closing link: ({words})")]
    assert silent.closed
    assert slow.closed


def test_the_lines_are_limited(server):
    """The line after the hundredth ends the connection; registered clients send any number."""
    client = server.connect_irc()
    assert len(ask(client, *["PING x"] * 100)) == 100
    (error,) = ask(client, "NICK ann")
    assert error[0] == "ERROR"
    assert client.closed
    client = server.irc("ann")
    assert len(ask(client, *["PING x"] * 200)) == 200


@pytest.mark.parametrize("verb", ["GET", "POST", "put"])
def test_a_browser_reads_nothing(server, verb):
    """A page that was made to send a message to the port learns nothing."""
    client = server.connect_irc()
    client.send(f"{verb} / HTTP/1.1", "NICK ann")
    assert client.read() == []
    assert client.closed


# -- capabilities


def test_cap_ls_and_list(server):
    """Values are for clients that know version 302, which have cap-notify without asking."""
    client = server.connect_irc()
    ((*start, names),) = ask(client, "CAP LS")
    assert start == ["CAP", "*", "LS"]
    assert "sasl" in names.split()
    assert "=" not in names
    assert ask(client, "CAP LIST") == [("CAP", "*", "LIST", "")]
    (*_, names) = ask(client, "CAP LS 302")[0]
    assert "sasl=PLAIN" in names.split()
    assert ask(client, "CAP LIST") == [("CAP", "*", "LIST", "cap-notify")]
    assert ask(client, "CAP REQ :-cap-notify") == [("CAP", "*", "NAK", "-cap-notify")]


def test_cap_req(server):
    """All or nothing is granted, with the words of the client."""
    client = server.connect_irc()
    assert ask(client, "CAP REQ :batch server-time ") == [("CAP", "*", "ACK", "batch server-time ")]
    assert ask(client, "CAP REQ :setname foo") == [("CAP", "*", "NAK", "setname foo")]
    assert ask(client, "CAP REQ -batch") == [("CAP", "*", "ACK", "-batch")]
    assert ask(client, "CAP LIST") == [("CAP", "*", "LIST", "server-time")]
    assert ask(client, "CAP FOO")[0][:3] == ("410", "*", "FOO")
    assert ask(client, "CAP")[0][:3] == ("461", "*", "CAP")


def test_long_lists_take_several_lines(server):
    """No line is longer than 512 bytes, however long name and request are."""
    name = "ä" * 32
    client = server.connect_irc()
    client.send("CAP LS 302", f"NICK {name}", "USER a 0 * :A", "CAP END")
    client.read()
    client.send("CAP LS 302")
    *more, last = client.read()
    assert all(" LS * :" in line for line in more)
    assert " LS :" in last
    everything = "batch " * 60 + "setname"
    client.send(f"CAP REQ :{everything}")
    acks = client.read()
    assert all(len(line.encode()) <= 510 for line in (*more, last, *acks))
    assert " ".join(ack.partition(" ACK :")[2] for ack in acks) == everything


def test_one_line_for_old_clients(server):
    """A client that knows no more than version 301 reads one line, which fits its buffer."""
    client = server.irc("n" * 32)
    client.send("CAP LS")
    (line,) = client.read()
    assert len(line) <= 510


# -- logins


def test_pass_logs_in(server):
    """`PASS account:password` is a login, in any order with NICK."""
    registered(server)
    for nick in ("bob", "ann"):
        client = server.connect_irc()
        answer = ask(client, f"NICK {nick}", "PASS ann:sesame42", "USER ann 0 * :Ann")
        assert answer[0][:2] == ("001", "ann")


@pytest.mark.parametrize("text", ["ann:wrong", "bob:sesame42", "secret", ":", "ann:"])
def test_a_wrong_password_ends_the_connection(server, text):
    """The client reads 464 and ERROR, and the failure is counted if there was a password."""
    registered(server)
    client = server.connect_irc()
    answer = ask(client, f"PASS :{text}", "NICK ann", "USER ann 0 * :Ann")
    assert [each[0] for each in answer] == ["464", "ERROR"]
    assert client.closed


def test_a_password_needs_tls():
    """One that came over an open line is not looked at."""
    server = MemoryServer(irc=Irc(name="irc.test"))
    registered(server)
    client = server.connect_irc(REMOTE)
    answer = ask(client, "PASS :ann:sesame42", "NICK ann", "USER ann 0 * :Ann")
    assert answer[0] == ("464", "ann", "Passwords are taken over TLS alone: PASS account:password")
    assert answer[1][0] == "ERROR"
    ((*_, names),) = ask(server.irc("bob", host=REMOTE), "CAP LS")
    assert not {"sasl", "draft/account-registration"} & set(names.split())


def test_who_may_register_is_offered_it():
    """The capability is not there if nobody may register an account."""
    server = MemoryServer(irc=Irc(name="irc.test"), registrants=Registrants.NOBODY)
    ((*_, names),) = ask(server.irc("bob"), "CAP LS")
    assert "sasl" in names.split()
    assert "draft/account-registration" not in names.split()


def test_the_rooms_of_the_account():
    """A client that logs in finds itself in the rooms of the other sessions, with their topics."""
    server = MemoryServer(irc=Irc(name="irc.test"), rooms_per_client=2)
    registered(server)
    zoe = server.connect()
    zoe.send("`login ann sesame42", "`enter tea", "`enter den", "`topic warm")
    zoe.read()
    client = server.connect_irc()
    client.send("PASS :ann:sesame42", "NICK ann", "USER ann 0 * :Ann")
    answer = commands(client)
    assert answer[0][:2] == ("001", "ann")
    joined = answer[[each[0] for each in answer].index("422") + 1 :]
    assert [each[0] for each in joined if each[0] != "MODE"] == [
        *("JOIN", "353", "366", "JOIN", "332", "333", "353", "366")
    ]
    assert [each[1] for each in joined if each[0] == "JOIN"] == ["#tea", "#den"]
    assert ("332", "ann", "#den", "warm") in joined


def test_guests_may_have_to_log_in():
    """With `--require-login` a guest can be there, but joins nothing."""
    server = MemoryServer(irc=Irc(name="irc.test"), require_login=True)
    client = server.irc("bob")
    assert ask(client, "JOIN #tea")[0][:3] == ("477", "bob", "#tea")


def test_the_welcome_does_not_wait_for_the_store():
    """A login that ends the session of a resume token is told before the token is removed."""
    store = SlowStore()
    irc = Irc(name="irc.test")
    server = MemoryServer(irc=irc, store=store, sessions_per_account=1)
    registered(server)
    program = server.connect()
    program.send("`format json")
    program.send(json.dumps({"command": "login", "username": "ann", "password": "sesame42"}))
    program.send(json.dumps({"command": "enter", "chatroom_id": "tea"}))
    assert program.read()
    store.token_gate.shut = True
    client = server.connect_irc()
    client.send("PASS :ann:sesame42", "NICK ann", "USER ann 0 * :Ann", "JOIN #tea")
    assert program.closed
    assert store.token_gate.waiting
    assert commands(client)[0][:2] == ("001", "ann")
    store.token_gate.open()
    assert "JOIN" in [each[0] for each in commands(client)]


# -- lines that are too long, and what is not repeated


@pytest.mark.parametrize("version", ["", " 302"])
def test_the_longest_answers_to_cap(version):
    """No line has more than 510 bytes, with the longest names and the longest request."""
    server = MemoryServer(irc=Irc(name=f"{'a' * 58}.test"))
    client = server.irc("\U00020000" * 32)
    client.send(f"CAP LS{version}", f"CAP REQ :{'x' * 500}", f"CAP REQ :{'batch ' * 83}")
    client.send("CAP LIST")
    read = client.read()
    assert max(len(line.encode()) for line in read) <= 510
    assert len([line for line in read if " LS " in line]) == (1 if not version else 2)
    assert any(" NAK :xxx" in line for line in read)
    assert any(" ACK :batch" in line for line in read)


def test_cap_does_not_repeat_control_characters(server):
    """A bare CR could end a line for some clients."""
    client = server.connect_irc()
    client.send("CAP REQ :batch foo\rx\x07\u2028y")
    assert client.read() == [":irc.test CAP * NAK :batch foox y"]


# -- the store or the log is away


def test_the_store_is_away_during_the_registration():
    """The client keeps its nick, and is told that it may try again."""
    store = SlowStore()
    server = MemoryServer(irc=Irc(name="irc.test"), store=store)
    registered(server)
    store.account_gate.error = StoreUnavailableError()
    client = server.connect_irc()
    client.send("PASS :ann:sesame42", "NICK ann")
    (refused,) = ask(client, "USER ann 0 * :Ann")
    assert refused[:3] == ("FAIL", "*", "UNAVAILABLE")
    assert "again" in refused[3]
    store.account_gate.error = None
    assert ask(client, "NICK ann")[0][:2] == ("001", "ann")


@pytest.mark.parametrize("operation", ["set_profile", "rename"])
def test_the_log_is_away_during_the_registration(server, monkeypatch, operation):
    """So it is for a guest, whichever operation is refused."""

    async def refuse(*_):
        raise ChatError(ErrorCode.UNAVAILABLE)

    client = server.connect_irc()
    services = client.protocol._session.services
    part = services.presence if operation == "set_profile" else services.chat
    with monkeypatch.context() as patch:
        patch.setattr(part, operation, refuse)
        (refused,) = ask(client, "NICK ann", "USER ann 0 * :Ann")
    assert refused[:3] == ("FAIL", "*", "UNAVAILABLE")
    assert ask(client, "NICK ann")[0][:2] == ("001", "ann")


@pytest.mark.parametrize("name", ["root", "a b", "bob"])
def test_a_client_that_logs_in_may_ask_for_any_name(server, name):
    """Its nick is the name of the account: one that it cannot have is no error before the login."""
    server.irc("bob")
    server.connect().ask("`register ann password1")
    client = server.connect_irc()
    plain = base64.b64encode(b"\0ann\0password1").decode()
    client.send("CAP LS 302", f"NICK :{name}", "USER ann 0 * :Ann", "CAP REQ :sasl")
    assert not [line for line in client.read() if " 43" in line]
    client.send("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}", "CAP END")
    assert ":irc.test 001 ann :Welcome" in "".join(client.read())


def test_a_guest_is_refused_a_name_at_the_end_of_the_negotiation(server):
    """Then no login has come, and the client may send another name."""
    client = server.connect_irc()
    client.send("CAP LS 302", "NICK root", "USER ann 0 * :Ann")
    client.read()
    assert ask(client, "CAP END")[0][:3] == ("432", "*", "root")
    assert ask(client, "NICK ann")[0][0] == "001"
