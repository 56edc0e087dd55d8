"""PRIVMSG, NOTICE and TAGMSG of IRC clients."""

import pytest

from chatd.config import Irc
from chatd.testing import MemoryServer
from tests.server.irc.accounts import WORD, login
from tests.server.irc.costs import cost, limited_server
from tests.server.irc.reading import ALL, ask, commands, lines


def test_a_message_reaches_all_protocols(server):
    """An IRC client, a user of nc and a program read the same message, once."""
    ann, bob = server.irc("ann"), server.irc("bob")
    zoe = server.join("tea", "Zoe")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read(), zoe.read()
    ann.send("PRIVMSG #tea :hi there")
    assert commands(bob) == [("PRIVMSG", "#tea", "hi there")]
    assert zoe.read() == ["ann: hi there"]
    assert ann.read() == []
    zoe.send("hello", "`me waves")
    assert commands(bob) == [
        ("PRIVMSG", "#tea", "hello"),
        ("PRIVMSG", "#tea", "\x01ACTION waves\x01"),
    ]


def test_the_source_has_no_address(server):
    """A guest has the host `chatd/guest`, an account one with its name."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read()
    ann.send("PRIVMSG #tea :hi")
    (line,) = lines(bob)
    assert line.source == "ann!~ann@chatd/guest"


@pytest.mark.parametrize("target", ["#tea", "bob"])
def test_echo_and_label(server, target):
    """A client with echo-message reads its own messages, with the label of the command."""
    ann = server.irc("ann", *ALL)
    bob = server.irc("bob")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read()
    ann.send(f"@label=7 PRIVMSG {target} :hi", f"PRIVMSG {target} :ho")
    first, second = lines(ann)
    assert (first.command, first.params) == ("PRIVMSG", [target, "hi"])
    assert first.tags["label"] == "7"
    assert first.tags["msgid"] != second.tags["msgid"]
    assert "label" not in second.tags
    assert commands(bob) == [("PRIVMSG", target, "hi"), ("PRIVMSG", target, "ho")]


def test_formatting_goes_with_its_parameters(server):
    """Colours and bold are removed, and a CTCP other than ACTION is not sent."""
    ann, zoe = server.irc("ann"), server.join("tea", "Zoe")
    ann.send("JOIN #tea")
    ann.read(), zoe.read()
    ann.send("PRIVMSG #tea :\x0304,01red\x03 and \x02bold", "PRIVMSG #tea :\x01VERSION\x01")
    assert zoe.read() == ["ann: red and bold"]


def test_errors(server):
    """Errors of PRIVMSG are numerics; a NOTICE has none."""
    ann = server.irc("ann")
    server.irc("bob").send("JOIN #tea")
    assert ask(ann, "PRIVMSG") == [("411", "ann", "No recipient given (PRIVMSG)")]
    assert ask(ann, "PRIVMSG #tea :") == [("412", "ann", "No text to send")]
    assert ask(ann, "PRIVMSG #nowhere :hi") == [("403", "ann", "#nowhere", "No such channel")]
    assert ask(ann, "PRIVMSG #tea :hi") == [("404", "ann", "#tea", "Cannot send to channel")]
    assert ask(ann, "PRIVMSG nobody :hi")[0][:3] == ("401", "ann", "nobody")
    assert ask(ann, "NOTICE #nowhere :hi", "NOTICE nobody :hi") == []


@pytest.mark.parametrize("capabilities", [(), ("echo-message", "labeled-response")])
def test_a_message_that_is_too_long_is_refused(capabilities):
    """Each line up to it is sent, it is refused, and so on: no line is lost without a word."""
    server = MemoryServer(irc=Irc(name="irc.test"), max_message=100)
    ann, bob = server.irc("ann", *capabilities), server.irc("bob")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read()
    long = "x" * 200
    ann.send(*[f"PRIVMSG #tea :{text}" for text in ("one", long, long, "two", "three")])
    assert [each[2] for each in commands(bob)] == ["one", "two", "three"]
    refusals = [each for each in commands(ann) if each[0] != "PRIVMSG"]
    assert [each[:3] for each in refusals] == [("FAIL", "PRIVMSG", "TOO_LONG")] * 2
    (user,) = [each for each in server.service.world.sessions.values() if each.name == "ann"]
    (session,) = user.origins
    assert session.usage.messages == 3


def test_the_cost_of_several_targets():
    """Each counts as a message."""
    server = limited_server()
    ann = server.irc("ann", "message-tags")
    server.irc("bob"), server.irc("zoe")
    for line in ("PRIVMSG ann,bob,zoe :hi", "NOTICE ann,bob,zoe :hi", "@+typing=done TAGMSG a,b,c"):
        assert cost(server, ann, line) == 3
    assert cost(server, ann, "PRIVMSG ann :hi") == cost(server, ann, "PRIVMSG , :hi") == 1


@pytest.mark.parametrize("target", ["#tea", "bob"])
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_a_line_stays_one(server, command, target):
    """The ends of lines of Unicode become blanks."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read()
    ann.send(f"{command} {target} :a\x85b\u2028c\u2029", f"{command} {target} :\u2028")
    assert commands(bob) == [(command, target, "a b c ")]


def test_what_is_kept(server):
    """The recipient reads an action as a text, its sender as an action; no notice is kept."""
    login(server, "bob").lose()
    ann = login(server, "amy", "echo-message")
    kept = ("301", "amy", "bob", "is not here; the message will be delivered at the next login")
    assert ask(ann, "NOTICE bob :ho") == []
    assert ask(ann, "PRIVMSG bob :hi") == [kept, ("PRIVMSG", "bob", "hi")]
    action = "\x01ACTION waves\x01"
    assert ask(ann, f"PRIVMSG bob :{action}") == [kept, ("PRIVMSG", "bob", action)]
    bob = server.connect_irc()
    bob.send(f"PASS bob:{WORD}", "NICK bob", "USER bob 0 * :bob")
    messages = [line for line in commands(bob) if line[0] in {"PRIVMSG", "NOTICE"}]
    assert [line[:2] for line in messages] == [("PRIVMSG", "bob")] * 2
    assert [line[2].rpartition(" UTC] ")[2] for line in messages] == ["hi", "* amy waves"]
