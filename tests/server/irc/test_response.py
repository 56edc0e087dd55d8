"""Responses with labels: one line, none, a batch, or several lines."""

import irctokens
import pytest

from chatd.server.irc.response import Response, with_tag

SERVER = "irc.test"


class Client:
    """Reads a response, to a command with `label`."""

    def __init__(self, label="x"):
        self.writes = []
        self.response = Response(self.writes.append, SERVER, label)

    def finish(self, *lines):
        """Add lines, end the response, and return it as lines with their tags."""
        self.add(*lines)
        self.response.flush(is_last=True)
        return self.read()

    def add(self, *lines):
        """Add lines."""
        self.response.add("".join(f"{line}\r\n" for line in lines))

    def read(self):
        """Return what was sent since the last call: for each line the tags, and the rest."""
        text = "".join(self.writes)
        self.writes.clear()
        *lines, rest = text.split("\r\n")
        assert rest == ""
        return [_parts(irctokens.tokenise(line)) for line in lines]


def _parts(line):
    return line.tags or {}, " ".join((line.command, *line.params))


LABEL = {"label": "x"}
INNER = {"batch": "response"}
START = (LABEL, "BATCH +response labeled-response")
END = ({}, "BATCH -response")


def test_without_label():
    """All lines are sent as they are, and nothing if there are none."""
    client = Client(None)
    assert client.finish() == []
    client = Client(None)
    assert client.finish(":irc.test 305 ann :Back", "@time=t PING x") == [
        ({}, "305 ann Back"),
        ({"time": "t"}, "PING x"),
    ]


def test_no_line():
    """A client that waits is told that there is none."""
    assert Client().finish() == [(LABEL, "ACK")]


def test_one_line():
    """It has the label, beside its own tags."""
    assert Client().finish("@time=t :ann PRIVMSG bob :hi") == [
        ({"time": "t", **LABEL}, "PRIVMSG bob hi")
    ]


@pytest.mark.parametrize("label", ["a;b c\\d", "é", "="])
def test_a_label_is_escaped(label):
    """The client reads the label that it has sent."""
    assert Client(label).finish("PONG x") == [({"label": label}, "PONG x")]


def test_several_lines():
    """They are a batch, whose start has the label."""
    assert Client().finish("@time=t PING a", "PING b") == [
        START,
        ({"time": "t", **INNER}, "PING a"),
        (INNER, "PING b"),
        END,
    ]


def test_one_batch():
    """It has the label itself."""
    lines = ["@msgid=1 :ann BATCH +m1 draft/multiline #tea", "@batch=m1 PING a", ":ann BATCH -m1"]
    assert Client().finish(*lines) == [
        ({"msgid": "1", **LABEL}, "BATCH +m1 draft/multiline #tea"),
        ({"batch": "m1"}, "PING a"),
        ({}, "BATCH -m1"),
    ]


def test_an_empty_batch():
    """It is a batch as well."""
    assert Client().finish("BATCH +h chathistory #tea", "BATCH -h") == [
        (LABEL, "BATCH +h chathistory #tea"),
        ({}, "BATCH -h"),
    ]


def test_nested_batches():
    """A batch with others in it is one batch."""
    lines = [
        *("BATCH +h chathistory #tea", "@batch=h BATCH +m1 draft/multiline #tea"),
        *("@batch=m1 PING a", "BATCH -m1", "@batch=h PING b", "BATCH -h"),
    ]
    tags = [tags for tags, _ in Client().finish(*lines)]
    assert tags == [LABEL, {"batch": "h"}, {"batch": "m1"}, {}, {"batch": "h"}, {}]


def test_a_batch_and_more():
    """The batch is in that of the response; its lines stay in it, and so do nested ones."""
    batch = ["BATCH +m1 draft/multiline #tea", "@batch=m1 PING a", "BATCH -m1"]
    assert Client().finish("PING b", *batch) == [
        START,
        (INNER, "PING b"),
        (INNER, "BATCH +m1 draft/multiline #tea"),
        ({"batch": "m1"}, "PING a"),
        ({}, "BATCH -m1"),
        END,
    ]


@pytest.mark.parametrize("reference", ["m1", "m2"])
def test_two_batches(reference):
    """They are two in one, even if both have the same reference."""
    lines = ["BATCH +m1 t", "BATCH -m1", f"BATCH +{reference} t", f"BATCH -{reference}"]
    read = Client().finish(*lines)
    assert (read[0], read[-1]) == (START, END)
    assert [tags for tags, _ in read[1:-1]] == [INNER, {}, INNER, {}]


def test_a_text_that_looks_like_a_batch():
    """Only the command counts."""
    lines = [":a PRIVMSG b :BATCH +m1", ":a PRIVMSG b :BATCH -m1"]
    assert Client().finish(*lines)[0] == START


def test_parts():
    """A response that is sent in parts is one batch, which lasts until the end."""
    client = Client()
    client.response.flush()
    assert client.read() == []
    client.add("PING a")
    client.response.flush()
    assert client.read() == [START, (INNER, "PING a")]
    client.response.flush()
    assert client.read() == []
    client.add("PING b")
    client.response.flush()
    assert client.read() == [(INNER, "PING b")]
    assert client.finish() == [END]


def test_the_end_comes_once():
    """A response that is over is not sent again."""
    client = Client()
    assert not client.response.is_done
    assert client.finish() == [(LABEL, "ACK")]
    assert client.response.is_done
    assert client.finish() == []


def test_separators_of_other_alphabets_end_no_line():
    """A line ends with CR LF alone."""
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"
    assert Client().finish(f"PING :{text}") == [(LABEL, f"PING {text}")]


def test_with_tag():
    """A tag is added to a line, whether it has others or not."""
    assert with_tag("PING x", "a=b") == "@a=b PING x"
    assert with_tag("@c PING x", "a=b") == "@a=b;c PING x"
