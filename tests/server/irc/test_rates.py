"""The two rates of the lines of an IRC client."""

from chatd.config import Irc
from chatd.testing import MemoryServer
from tests.server.irc.reading import commands

RATE = {"rate": 5, "burst": 20}


def make_server():
    """Return a server with an IRC port and the default rate."""
    return MemoryServer(irc=Irc(name="irc.test"), clock_offset=1_795_186_276.0, **RATE)


def run(server, client, seconds):
    """Let time pass in small steps; return the commands that the client reads."""
    read = []
    for _ in range(round(seconds * 20)):
        server.turn(0.05)
        read += commands(client)
    return read


def test_messages_have_the_rate_of_all_gateways():
    """Those past the first 20 come five a second, in order, and none is lost."""
    server = make_server()
    client, zoe = server.irc("ann"), server.join("tea", "Zoe")
    client.send("JOIN #tea")
    client.read(), zoe.read()
    server.turn(10)
    client.send(*[f"PRIVMSG #tea :{number}" for number in range(30)])
    first = zoe.read()
    assert len(first) == 20
    run(server, client, 1)
    second = zoe.read()
    assert len(second) == 5
    run(server, client, 2)
    assert [*first, *second, *zoe.read()] == [f"ann: {number}" for number in range(30)]


def test_queries_have_their_own_rate():
    """120 at once, then ten a second; they take nothing from the messages."""
    server = make_server()
    client, zoe = server.irc("ann"), server.join("tea", "Zoe")
    client.send("JOIN #tea")
    client.read(), zoe.read()
    server.turn(20)
    client.send(*[f"PING {number}" for number in range(140)], "PRIVMSG #tea :hi")
    answers = run(server, client, 0.2)
    assert 120 <= len(answers) <= 122
    assert zoe.read() == []  # the order of the lines is kept
    answers += run(server, client, 2)
    assert [each[2] for each in answers] == [str(number) for number in range(140)]
    assert zoe.read() == ["ann: hi"]


def test_a_message_waits_for_no_query_of_another_rate():
    """Messages that used up their rate make later queries wait, but take nothing of theirs."""
    server = make_server()
    client = server.irc("ann")
    server.turn(10)
    client.send(*["AWAY :x"] * 20, "AWAY :y", *["PING x"] * 120)
    assert [each[0] for each in commands(client)].count("PONG") == 0
    answers = run(server, client, 0.3)
    assert [each[0] for each in answers].count("PONG") == 120


def test_a_client_with_twenty_rooms():
    """The lines that weechat sends as it connects are answered within three seconds."""
    server = make_server()
    client = server.connect_irc()
    rooms = [f"#room{number}" for number in range(20)]
    client.send("CAP LS 302", "NICK ann", "USER ann 0 * :Ann", "CAP REQ :batch", "CAP END")
    client.send(f"JOIN {','.join(rooms[:10])}", *[f"JOIN {room}" for room in rooms[10:]])
    for room in rooms:
        client.send(f"MODE {room}", f"WHO {room} %cuhsnfdar")
    client.send("PING end")
    answers = run(server, client, 3)
    assert answers[-1] == ("PONG", "irc.test", "end")
    assert [each[1] for each in answers if each[0] == "JOIN"] == rooms


def test_one_join_a_line():
    """It is no different if each room has a line of its own."""
    server = make_server()
    client = server.connect_irc()
    client.send("NICK ann", "USER ann 0 * :Ann")
    rooms = [f"#room{number}" for number in range(20)]
    client.send(*[f"JOIN {room}" for room in rooms])
    client.send(*[f"{command} {room}" for room in rooms for command in ("MODE", "WHO")])
    client.send("PING end")
    assert run(server, client, 3)[-1] == ("PONG", "irc.test", "end")
