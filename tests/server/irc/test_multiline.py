"""BATCH: messages of several lines."""

import pytest

from chatd.config import Irc
from chatd.testing_cluster import MemoryCluster
from tests.server.irc.reading import ALL, ask, commands, lines

CONCAT = "draft/multiline-concat"


def batch(target, *texts, reference="1", tags="", command="PRIVMSG"):
    """Return the lines of a batch; a text that begins with `+` goes on in the line before."""
    start = f"BATCH +{reference} draft/multiline {target}"
    inner = (
        f"@batch={reference}{f';{CONCAT}' if text.startswith('+') else ''}"
        f" {command} {target} :{text.removeprefix('+')}"
        for text in texts
    )
    return [f"@{tags} {start}" if tags else start, *inner, f"BATCH -{reference}"]


def join(server, nick, *capabilities):
    """Return an IRC client in #tea that has read all."""
    client = server.irc(nick, *capabilities)
    client.send("JOIN #tea")
    client.read()
    return client


def test_one_message_for_all_protocols(server):
    """Users of nc and programs read one message; IRC clients read lines, or a batch of them."""
    ann = join(server, "ann", *ALL)
    bob, cid = join(server, "bob", *ALL), join(server, "cid", "message-tags")
    zoe = server.join("tea", "Zoe")
    ann.read(), bob.read(), cid.read()
    ann.send(*batch("#tea", "hello", "#how is ", "+everyone?"))
    assert zoe.read() == ["ann: hello\n  #how is everyone?"]
    start, *middle, end = lines(bob)
    assert start.params[1:] == ["draft/multiline", "#tea"]
    assert start.source == "ann!~ann@chatd/guest"
    assert [line.params for line in middle] == [
        ["#tea", "hello"],
        ["#tea", "#how is "],
        ["#tea", "everyone?"],
    ]
    assert [CONCAT in line.tags for line in middle] == [False, False, True]
    assert end.params == [start.params[0].replace("+", "-")]
    plain = lines(cid)
    assert [line.params[1] for line in plain] == ["hello", "#how is ", "everyone?"]
    assert [line.tags for line in plain] == [{"msgid": start.tags["msgid"]}, None, None]


def test_the_cuts_of_the_sender_are_not_stored(server):
    """The history has the text, which is cut anew."""
    ann = join(server, "ann", *ALL)
    ask(ann, *batch("#tea", "how is ", "+everyone?"))
    ann.send("CHATHISTORY LATEST #tea * 1")
    server.turn(1)
    assert commands(ann)[1:-1] == [("PRIVMSG", "#tea", "how is everyone?")]


def test_a_blank_first_line_is_kept(server):
    """Blank lines are part of the message, wherever they are."""
    ann, bob = join(server, "ann", *ALL), join(server, "bob", *ALL)
    zoe = server.join("tea", "Zoe")
    ann.read(), bob.read()
    ann.send(*batch("#tea", "", "a", "", "b", ""))
    assert zoe.read() == ["ann: \n  a\n  \n  b\n  "]
    assert [each[2] for each in commands(bob)[1:-1]] == ["", "a", "", "b", ""]


@pytest.mark.parametrize("target", ["#tea", "bob", "ann"])
def test_the_label_is_that_of_the_start(server, target):
    """It is on the start of the echo alone; nothing else answers the lines."""
    ann = join(server, "ann", *ALL)
    join(server, "bob")
    ann.read()
    read = batch(target, "a", "b", tags="label=x")
    ann.send(*read)
    answer = lines(ann)
    labelled = [line for line in answer if "label" in (line.tags or {})]
    assert [(line.command, line.tags["label"]) for line in labelled] == [("BATCH", "x")]
    place = answer.index(labelled[0])
    echo = answer[place : place + 4]
    assert [line.params[-1] for line in echo] == [
        target,
        "a",
        "b",
        echo[0].params[0].replace("+", "-"),
    ]


def test_a_label_without_echo(server):
    """The end of the batch is acknowledged, and the start is not."""
    ann = join(server, "ann", "batch", "draft/multiline", "labeled-response")
    start, *inner, end = batch("#tea", "a", "b", tags="label=x")
    ann.send(start, *inner)
    assert lines(ann) == []
    ann.send(end)
    (line,) = lines(ann)
    assert (line.command, line.tags) == ("ACK", {"label": "x"})


def test_a_refusal_has_the_label(server):
    """That of the start, which is then used up."""
    ann = join(server, "ann", *ALL)
    ann.send(*batch("#tea", "a", "+", "b", tags="label=x"))
    (line,) = lines(ann)
    assert (line.command, line.tags["label"]) == ("FAIL", "x")
    ann.send("@label=y PING z")
    (line,) = lines(ann)
    assert line.tags["label"] == "y"


def test_tags_of_the_client_are_those_of_the_start(server):
    """The batch has them, or each of its lines."""
    ann, bob = join(server, "ann", *ALL), join(server, "bob", *ALL)
    cid = join(server, "cid", "message-tags")
    ann.read(), bob.read()
    ann.send(*batch("#tea", "a", "b", tags="+draft/reply=tea/1;+other=x"))
    start, *_ = lines(bob)
    assert start.tags["+draft/reply"] == "tea/1"
    assert "+other" not in start.tags
    assert [line.tags["+draft/reply"] for line in lines(cid)] == ["tea/1", "tea/1"]


def test_private_messages(server):
    """A user reads a message of several lines as well."""
    ann, bob, cid = server.irc("ann", *ALL), server.irc("bob", *ALL), server.irc("cid")
    ann.send(*batch("bob", "a", "b"), *batch("cid", "a", "b", reference="2"))
    start, *middle, _ = lines(bob)
    assert start.params[1:] == ["draft/multiline", "bob"]
    assert [line.params for line in middle] == [["bob", "a"], ["bob", "b"]]
    assert commands(cid) == [("PRIVMSG", "cid", "a"), ("PRIVMSG", "cid", "b")]
    echo = lines(ann)
    assert echo[0].tags["msgid"] == start.tags["msgid"]


def test_a_long_line_is_joined(server):
    """A line that no single command could hold reaches the others."""
    ann, zoe = join(server, "ann", *ALL), server.join("tea", "Zoe")
    ann.read()
    ann.send(*batch("#tea", "a" * 400, f"+{'b' * 400}"))
    assert zoe.read() == [f"ann: {'a' * 400}{'b' * 400}"]
    assert [each[0] for each in commands(ann)] == ["BATCH", "PRIVMSG", "PRIVMSG", "BATCH"]


def test_notices(server):
    """A batch of notices is one notice, and errors of it are not told."""
    ann, bob = join(server, "ann", *ALL), join(server, "bob")
    ann.read()
    ann.send(*batch("#tea", "a", "b", command="NOTICE"))
    assert commands(bob) == [("NOTICE", "#tea", "a"), ("NOTICE", "#tea", "b")]
    ann.read()
    for target in ("#nowhere", "nobody"):
        assert ask(ann, *batch(target, "a", command="NOTICE")) == []


def test_formatting_is_removed(server):
    """The message is that without colours; it is cut anew."""
    ann, bob = join(server, "ann", *ALL), join(server, "bob", *ALL)
    zoe = server.join("tea", "Zoe")
    ann.read(), bob.read()
    ann.send(*batch("#tea", "\x0304,", "+01red", "b"))
    assert zoe.read() == ["ann: red\n  b"]
    assert [each[2] for each in commands(bob)[1:-1]] == ["red", "b"]


def test_an_action(server):
    """A message that begins as an action is one."""
    ann, zoe = join(server, "ann", *ALL), server.join("tea", "Zoe")
    ann.read()
    ann.send(*batch("#tea", "\x01ACTION waves", "smiles\x01"))
    assert zoe.read() == ["* ann waves\n  smiles"]


@pytest.mark.parametrize(
    ("target", "numeric"), [("#nowhere", "403"), ("#cake", "404"), ("nobody", "401")]
)
def test_the_chat_refuses(server, target, numeric):
    """The errors are those of a PRIVMSG, with the label of the batch."""
    server.irc("bob").send("JOIN #cake")
    ann = join(server, "ann", *ALL)
    ann.send(*batch(target, "a", "b", tags="label=x"))
    (line,) = lines(ann)
    assert (line.command, line.params[1], line.tags["label"]) == (numeric, target, "x")


@pytest.mark.parametrize(
    "sent",
    [
        ["BATCH +1"],
        ["BATCH +1 draft/multiline"],
        ["BATCH +1 other #tea", "@batch=1 PRIVMSG #tea :a", "BATCH -1"],
        ["BATCH + draft/multiline #tea"],
        ["BATCH 1 draft/multiline #tea"],
        ["BATCH -1"],
        ["BATCH +1 draft/multiline #tea", "BATCH -2", "@batch=1 PRIVMSG #tea :a", "BATCH -1"],
        ["BATCH +1 draft/multiline #tea", "BATCH -1"],
        batch("#tea", "", ""),
        batch("#tea", " "),
        ["BATCH +1 draft/multiline #tea", *batch("#tea", "a", reference="2")],
    ],
)
def test_invalid_batches(server, sent):
    """They are refused once, and nothing of them is said."""
    ann, zoe = join(server, "ann", *ALL), server.join("tea", "Zoe")
    ann.read()
    (refusal,) = ask(ann, *sent)
    assert refusal[:3] == ("FAIL", "BATCH", "MULTILINE_INVALID")
    assert len(refusal) == 4
    ann.send(*batch("#tea", "b"))
    assert zoe.read() == ["ann: b"]


def test_other_commands_while_a_batch_is_open(server):
    """They are carried out at once, and the batch goes on."""
    ann, zoe = join(server, "ann", *ALL), server.join("tea", "Zoe")
    ann.read()
    start, *rest = batch("#tea", "a", "b")
    ann.send(start, "PRIVMSG #tea :first", "PING x", *rest)
    assert zoe.read() == ["ann: first", "ann: a\n  b"]


def test_two_servers_that_share_a_log():
    """The cuts of the sender are relayed on both."""
    cluster = MemoryCluster(irc=Irc(name="irc.test"), clock_offset=1_795_186_276.0)
    first, second = cluster.servers.values()
    ann, bob = first.irc("ann", *ALL), second.irc("bob", *ALL)
    cluster.settle(1)
    for client in (ann, bob):
        client.send("JOIN #tea")
        cluster.settle(1)
    ann.read(), bob.read()
    ann.send(*batch("#tea", "how is ", "+everyone?"))
    cluster.settle(1)
    for client in (ann, bob):
        assert [each[2] for each in commands(client)[1:-1]] == ["how is ", "everyone?"]
