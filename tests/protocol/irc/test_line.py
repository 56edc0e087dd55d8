"""Lines of IRC, as irctokens understands them, too."""

import irctokens
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.protocol.irc.line import (
    MAX_BODY,
    Line,
    cut,
    escape,
    line,
    parse,
    parse_tags,
    tag,
    unescape,
)

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
_WORDS = st.from_regex(r"[a-zA-Z0-9#*+é][a-zA-Z0-9:é]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PING x", Line("PING", ["x"])),
        ("ping  x ", Line("PING", ["x"])),
        (" JOIN  #a   b", Line("JOIN", ["#a", "b"])),
        (":ann!a@b PRIVMSG #a :hi  there ", Line("PRIVMSG", ["#a", "hi  there "])),
        ("PRIVMSG #a :", Line("PRIVMSG", ["#a", ""])),
        ("PRIVMSG #a ::)", Line("PRIVMSG", ["#a", ":)"])),
        ("PRIVMSG #a a:b", Line("PRIVMSG", ["#a", "a:b"])),
        ("@a=1;b;c= PING x", Line("PING", ["x"], {"a": "1", "b": "", "c": ""})),
        (r"@a=x\:y\sz\\\r\n\q\ PING", Line("PING", [], {"a": "x;y z\\\r\nq"})),
        ("@a=1;a=2 PING", Line("PING", [], {"a": "2"})),
        ("", None),
        ("   ", None),
        (":ann", None),
        ("@a", None),
        ("@a :ann ", None),
    ],
)
def test_parse(text, expected):
    """The source is left out, blanks that are too many mean nothing."""
    assert parse(text) == expected


@given(_TEXTS)
def test_any_text(text):
    """No text makes the parser fail."""
    found = parse(text)
    assert found is None or found.command == found.command.upper()


@given(
    st.dictionaries(_WORDS, _TEXTS.filter(lambda text: "\0" not in text), max_size=3),
    st.none() | _WORDS,
    _WORDS,
    st.lists(_WORDS, max_size=4),
    st.none() | st.from_regex(r"[a-z :]{0,12}", fullmatch=True),
)
def test_as_irctokens(tags, source, command, params, last):
    """A line means the same to another parser."""
    tag_text = ";".join(tag(name, value) for name, value in tags.items())
    words = [f"@{tag_text}"] if tag_text else []
    words += [f":{source}"] if source else []
    words += [command, *params] + ([] if last is None else [f":{last}"])
    text = " ".join(words)
    other = irctokens.tokenise(text)
    assert parse(text) == Line(other.command.upper(), other.params, other.tags or {})


@given(_TEXTS)
def test_escapes(value):
    """A value that was escaped comes back, and has nothing that would end a tag."""
    escaped = escape(value)
    assert not set("; \r\n") & set(escaped)
    assert unescape(escaped) == value
    assert parse_tags(tag("a", value)) == {"a": value}


@given(_WORDS, st.lists(_TEXTS, max_size=4), _TEXTS)
def test_what_is_sent_is_one_line(source, params, tags):
    """The line has the allowed length and all parameters, whatever these are."""
    made = line(source, "X", *params, tags=tag("a", tags))
    assert made.endswith("\r\n")
    body = made[:-2]
    assert not set("\r\n") & set(body)
    found = irctokens.tokenise(body.replace("\0", ""))
    assert found.source == source
    assert len(found.params) == len(params)
    assert len(body.removeprefix(f"@{tag('a', tags)} ").encode()) <= MAX_BODY


def test_parameters_that_are_sent():
    """A blank, a colon or nothing make the last one trailing, and are replaced in the others."""
    assert line("a", "X", "b", "c") == ":a X b c\r\n"
    assert line("a", "X", "b", "c d") == ":a X b :c d\r\n"
    assert line("a", "X", "") == ":a X :\r\n"
    assert line("a", "X", ":)") == ":a X ::)\r\n"
    assert line("a", "X", "b c", "", ":", "e\nf") == ":a X b_c * * :e f\r\n"
    assert line("", "PING", "x", tags="a=1") == "@a=1 PING x\r\n"


@given(_TEXTS, st.integers(0, 60))
def test_cut(text, size):
    """A text is cut between two characters, and no more than need be."""
    part = cut(text, size)
    assert text.startswith(part)
    assert len(part.encode()) <= size
    assert part == text or len(text[: len(part) + 1].encode()) > size
