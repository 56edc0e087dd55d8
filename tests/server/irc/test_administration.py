"""The acts of administrators by IRC."""

import pytest

from tests.server.irc.reading import ask, commands, lines


@pytest.fixture
def admin(server):
    """Return the IRC client of the administrator `root1`."""
    client = server.irc("boss")
    client.send("REGISTER * * sesame42")
    server.console("`admin boss on")
    client.read()
    return client


def test_oper_is_refused(server, admin):
    """The rights come with the account."""
    assert ask(server.irc("ann"), "OPER boss sesame42")[0][:2] == ("491", "ann")
    assert ask(admin, "OPER boss sesame42")[0][:2] == ("491", "boss")


@pytest.mark.parametrize(
    "sent", ["KILL bob :bye", "SAJOIN bob #tea", "WALLOPS :hi", "ADMIN who", "ADMIN quit"]
)
def test_only_administrators(server, sent):
    """Others are told that they may not, and nothing happens."""
    bob, ann = server.irc("bob"), server.irc("ann")
    (answer,) = ask(ann, sent)
    assert answer[:2] == ("481", "ann")
    assert bob.read() == []
    assert not bob.closed


def test_kill(server, admin):
    """All sessions of a user end; the others read who did it and why, and it is in the audit."""
    bob, zoe = server.irc("bob"), server.join("tea", "Zoe")
    ann = server.irc("ann")
    bob.send("JOIN #tea"), ann.send("JOIN #tea")
    bob.read(), zoe.read(), ann.read()
    assert ask(admin, "KILL Bob :spam and\x02 eggs") == []
    assert commands(ann) == [("QUIT", "Ended by boss: spam and eggs")]
    assert zoe.read() == ["Server: bob was kicked out by boss: spam and eggs"]
    words = "Your connection was ended by an administrator: spam and eggs"
    assert commands(bob) == [("NOTICE", "*", words), ("ERROR", f"Closing link: ({words})")]
    assert bob.closed
    assert server.console("`audit")[-1].endswith("boss ended the sessions of bob: spam and eggs")
    assert server.irc("bob").read() == []  # the name is free


def test_kill_with_a_long_reason(server, admin):
    """It is cut, as that of a KICK is."""
    server.irc("bob")
    assert ask(admin, f"KILL bob :{'é' * 200}") == []
    assert server.console("`audit")[-1].endswith(f"the sessions of bob: {'é' * 195}")


def test_kill_ends_all_sessions_of_an_account(server, admin):
    """Those of other gateways as well."""
    one = server.irc("bob")
    one.send("REGISTER * * sesame42")
    one.read()
    two = server.connect()
    two.send("`login bob sesame42")
    two.read()
    admin.send("KILL bob :enough")
    admin.read()
    assert two.read() == ["Server: Your connection was ended by an administrator: enough"]
    assert one.closed
    assert two.closed


def test_kill_refused(server, admin):
    """Nobody ends another administrator, or nobody at all."""
    other = server.irc("chief")
    other.send("REGISTER * * sesame42")
    server.console("`admin chief on")
    other.read()
    assert ask(admin, "KILL chief :bye")[0][:3] == ("FAIL", "KILL", "IS_ADMIN")
    assert not other.closed
    assert ask(admin, "KILL nobody :bye")[0][:3] == ("401", "boss", "nobody")
    assert ask(admin, "KILL nobody")[0][0] == "461"


def test_sajoin(server, admin):
    """A user is moved into a room, as by `group` at the console."""
    server.join("tea", "Zoe")
    bob = server.irc("bob")
    (answer,) = ask(admin, "SAJOIN bob #tea")
    assert answer[0] == "NOTICE"
    assert "JOIN" in [each[0] for each in commands(bob)]
    assert ask(admin, "SAJOIN bob #nowhere")[0][:3] == ("403", "boss", "#nowhere")
    assert "boss moved bob into chatroom tea" in server.console("`audit")[-1]


def test_wallops(server, admin):
    """All IRC clients of administrators read it, nobody else does."""
    ann = server.irc("ann")
    admin.send("WALLOPS :hear\x02 this")
    (line,) = lines(admin)
    assert (line.source.partition("!")[0], line.command, line.params) == (
        *("boss", "WALLOPS", ["hear this"]),
    )
    assert ann.read() == []


def test_admin(server, admin):
    """Alone it tells who administers the server; a command is that of the console."""
    ann = server.irc("ann")
    assert [each[0] for each in ask(ann, "ADMIN")] == ["256", "257", "258", "259"]
    assert [each[0] for each in ask(ann, "ADMIN irc.test")] == ["256", "257", "258", "259"]
    (answer,) = ask(admin, "ADMIN ban eve 60 :spam and eggs")
    assert answer == ("NOTICE", "boss", "eve was banned.")
    assert "boss banned eve for 60 minutes: spam and eggs" in server.console("`audit")[-1]
    assert ask(admin, "ADMIN quit")[0][:3] == ("FAIL", "ADMIN", "CONSOLE_ONLY")
    assert ask(admin, "ADMIN nonsense")[0][:3] == ("FAIL", "ADMIN", "UNKNOWN_COMMAND")


def test_sajoin_that_fails(server, admin):
    """The administrator is told in words of IRC whether the user is not here, or cannot join."""
    server.join("tea", "Zoe")
    bob = server.irc("bob")
    assert ask(admin, "SAJOIN bob #tea") == [("NOTICE", "boss", "bob is in #tea now")]
    bob.read()
    assert ask(admin, "SAJOIN nobody #tea") == [("401", "boss", "nobody", "No such nick")]


def test_a_notice_of_the_administrator(server):
    """It has their source, and a time for clients that read times."""
    server.join("tea", "Zoe")
    plain, timed = server.irc("ann"), server.irc("bob", "server-time")
    server.console("`group tea ann bob")
    for client, nick in ((plain, "ann"), (timed, "bob")):
        (notice,) = [each for each in lines(client) if each.command == "NOTICE"]
        assert notice.source == "Administrator!chatd@irc.test"
        assert notice.params[0] == nick
        assert ("time" in (notice.tags or {})) is (client is timed)
