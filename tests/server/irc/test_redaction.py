"""REDACT: deletion of messages."""

import pytest

from chatd.config import Irc
from chatd.storage.writer import WRITE_DELAY
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore
from tests.server.irc.accounts import login
from tests.server.irc.reading import ALL, ask, commands, lines


def join(server, nick, *capabilities):
    """Return a guest in #tea, who has read all."""
    client = server.irc(nick, *capabilities)
    client.send("JOIN #tea")
    client.read()
    return client


def say(server, client, text="hi"):
    """Say something in #tea; let it be stored, and return the id that the client reads."""
    client.send(f"PRIVMSG #tea :{text}")
    server.turn(WRITE_DELAY)
    return lines(client)[-1].tags["msgid"]


def redact(server, client, *params):
    """Send REDACT; return what the client reads."""
    client.send(f"REDACT {' '.join(params)}")
    server.turn(WRITE_DELAY)
    return commands(client)


def test_a_message_is_deleted(server):
    """All clients that know of it are told, the user as well; it is gone from the history."""
    ann = join(server, "ann", *ALL)
    bob, cid = join(server, "bob", *ALL), join(server, "cid")
    ann.read()
    message_id = say(server, ann)
    bob.read(), cid.read()
    ann.send(f"REDACT #tea {message_id} :a \x02typo\x02")
    server.turn(WRITE_DELAY)
    (own,) = lines(ann)
    assert (own.source, own.command) == ("ann!~ann@chatd/guest", "REDACT")
    assert own.params == ["#tea", message_id, "a typo"]
    assert commands(bob) == [("REDACT", "#tea", message_id, "a typo")]
    assert commands(cid) == []
    assert len(ask(ann, "CHATHISTORY LATEST #tea * 9")) == 2
    assert redact(server, ann, "#tea", message_id) == [
        ("FAIL", "REDACT", "UNKNOWN_MSGID", "#tea", message_id, "There is no such message")
    ]


def test_without_a_reason(server):
    """There is no parameter for it."""
    ann = join(server, "ann", *ALL)
    message_id = say(server, ann)
    assert redact(server, ann, "#TEA", message_id) == [("REDACT", "#tea", message_id)]


def test_messages_of_others(server):
    """They are for operators alone."""
    ann, bob = join(server, "ann", *ALL), join(server, "bob", *ALL)
    ann.read()
    of_ann = say(server, ann)
    bob.read()
    assert redact(server, bob, "#tea", of_ann) == [
        ("FAIL", "REDACT", "REDACT_FORBIDDEN", "#tea", of_ann, "The message is not yours")
    ]
    of_bob = say(server, bob)
    ann.read()
    assert redact(server, ann, "#tea", of_bob) == [("REDACT", "#tea", of_bob)]


@pytest.mark.parametrize(
    "message_id", ["nonsense", "tea/9", "tea/0", "cake/1", "tea/", "ann/1795186276000000-1"]
)
def test_unknown_ids(server, message_id):
    """There is no such message in the channel."""
    ann = join(server, "ann", *ALL)
    say(server, ann)
    ann.send("JOIN #cake", "PRIVMSG #cake :hi")
    ann.read()
    (refusal,) = redact(server, ann, "#tea", message_id)
    assert refusal[:5] == ("FAIL", "REDACT", "UNKNOWN_MSGID", "#tea", message_id)


@pytest.mark.parametrize("target", ["#nowhere", "#cake", "bob", "ann"])
def test_invalid_targets(server, target):
    """One has to be in the channel; private messages are not kept."""
    server.irc("bob").send("JOIN #cake", "PRIVMSG #cake :hi")
    ann = join(server, "ann", *ALL)
    (refusal,) = redact(server, ann, target, "cake/1")
    assert refusal[:4] == ("FAIL", "REDACT", "INVALID_TARGET", target)
    assert len(refusal) == 5


def test_a_label(server):
    """The response is empty, because all who delete read the event itself."""
    ann = join(server, "ann", *ALL)
    message_id = say(server, ann)
    ann.send(f"@label=x REDACT #tea {message_id}")
    server.turn(WRITE_DELAY)
    found = {line.command: (line.tags or {}).get("label") for line in lines(ann)}
    assert found == {"REDACT": None, "ACK": "x"}


def test_administrators(server):
    """They need not be in the channel; what they do is in the audit."""
    bob = join(server, "bob", *ALL)
    message_id = say(server, bob)
    root = login(server, "alma")
    server.console("`admin alma on")
    assert redact(server, root, "#tea", message_id, ":spam") == []
    ((_, *redacted),) = commands(bob)
    assert redacted == ["#tea", message_id, "spam"]
    (kept,) = [each for each in server.console("audit") if "delete" in each]
    assert "alma" in kept
    assert "tea" in kept
    assert "spam" in kept


def test_a_user_who_leaves_meanwhile():
    """The message stays."""
    store = SlowStore()
    server = MemoryServer(store=store, irc=Irc(name="irc.test"), clock_offset=1_795_186_276.0)
    ann = join(server, "ann", *ALL)
    message_id = say(server, ann)
    store.read_gate.shut = True
    ann.send(f"REDACT #tea {message_id}")
    server.console("`kick ann tea")
    store.read_gate.drain()
    server.turn()
    refusals = [each for each in commands(ann) if each[0] == "FAIL"]
    assert [each[1:4] for each in refusals] == [("REDACT", "INVALID_TARGET", "#tea")]
    zoe = server.join("tea", "Zoe")
    assert "ann: hi" in zoe.ask("`history")[-1]
