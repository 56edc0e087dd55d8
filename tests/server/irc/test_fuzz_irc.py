"""Random lines of IRC cause no failure; `python -m bench.fuzz_irc` sends more of them."""

import random
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench import fuzz_irc
from bench.fuzz import LoggedErrors
from chatd.config import Irc
from chatd.protocol.irc.line import Line, line, parse
from chatd.server.irc.commands import is_query, masked
from chatd.testing import MemoryServer
from tests.server.irc.observer import check_bytes

SEEDS = st.integers(0, 2**32)
SECRET = "Tr0ub4dor"


@pytest.fixture(autouse=True)
def errors():
    """Check at the end that no traceback was logged."""
    errors = LoggedErrors()
    with errors.counting():
        yield
    assert errors.count == 0


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_lines(seed):
    """A server takes many random lines, and goes on serving others."""
    fuzz_irc.in_memory(200, random.Random(seed))


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.booleans())
def test_what_is_sent(seed, is_registered):
    """A client that sends anything, in reads that end anywhere, reads lines that are correct."""
    chance = random.Random(seed)
    server = MemoryServer(irc=Irc(name="irc.test"), rooms=(("tea", "Tea"),), trace=True)
    client = server.connect_irc()
    if is_registered:
        client.send("CAP REQ :message-tags batch labeled-response echo-message", "NICK N0")
        client.send("USER u 0 * :Real Name", "CAP END", "JOIN #tea")
    stream = fuzz_irc.lines(chance)
    data = b"".join(next(stream) for _ in range(40))
    while data and not client.closed:
        cut = chance.randint(1, 200)
        client.send_bytes(data[:cut])
        data = data[cut:]
    found = client.read_bytes()
    assert not found or found.endswith(b"\r\n")
    for each in found.split(b"\r\n")[:-1]:
        check_bytes(each)


@given(st.text(max_size=60))
@example(":")
@example("@ ")
@example("@a=b :x ")
@example(" :")
def test_any_text_is_a_line_or_none(text):
    """The parser, the rates and the trace take any text."""
    found = parse(text)
    assert found is None or isinstance(found, Line)
    assert is_query(text.encode(errors="replace")) in {True, False}
    assert isinstance(masked(text), str)


@given(st.text(max_size=20), st.lists(st.text(max_size=300), max_size=4))
def test_any_parameters_make_one_line(source, params):
    """A line that is made of any words is one line, and not too long."""
    made = line(source.replace(" ", "").encode(errors="ignore").decode(), "X", *params)
    made = made.encode(errors="replace")
    assert made.endswith(b"\r\n")
    assert len(made) <= 512


@pytest.mark.parametrize(
    "sent",
    [
        "PASS amy:{}",
        "PASS {}",
        "pass  :{}",
        "@label=1 PASS amy:{}",
        ":ann PASS amy:{}",
        "AUTHENTICATE {}",
        "JOIN #tea {}",
        "JOIN #tea,#food x,{}",
        "MODE #tea +k {}",
        "MODE #tea +ok ann {}",
        "MODE #tea -k {}",
        "REGISTER * * {}",
        "OPER ann {}",
        "PRIVMSG bob :{}",
        "PRIVMSG bob,ann :{}",
        "PRIVMSG #tea,bob :{}",
        "PRIVMSG bob,#tea :{}",
        "NOTICE nickserv :identify {}",
        "PRIVMSG NickServ :identify {}",
        "ADMIN passwd amy {}",
        "ADMIN :passwd amy {}",
        "PASS \x80{}",
        "PASS a b {}",
        "@batch=1 PRIVMSG bob :{}",
        "JOIN  #tea  {}",
    ],
)
def test_no_secret_is_in_the_trace(sent, capture_log):
    """The trace and the log mask passwords, keys and private messages."""
    server = MemoryServer(irc=Irc(name="irc.test"), rooms=(("tea", "Tea"),), trace=True)
    bob, ann = server.irc("bob"), server.irc("ann", "labeled-response", "batch", "draft/multiline")
    ann.send("JOIN #tea")
    ann.send("BATCH +1 draft/multiline bob")
    line = sent.format(SECRET).encode("latin-1")
    for client in (ann, server.connect_irc()):
        client.send_bytes(line + b"\r\n")
        client.read()
    ann.send("BATCH -1", "MODE #tea", "MODE #tea -k x")
    ann.read(), bob.read()
    assert capture_log()
    assert not [text for text in capture_log() if re.search(SECRET, text)]
