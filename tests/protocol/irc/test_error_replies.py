"""The errors of the chat as IRC clients read them."""

import pytest

from chatd.core.errors import ChatError, ErrorCode, NameFlaw
from chatd.protocol.irc.error_replies import _CHANNEL_NUMERICS, error_reply
from chatd.protocol.irc.line import Line

PARAMS = {
    "room": "tea", "room_name": "Tea house", "name": "Bob", "limit": 5, "reason": NameFlaw.LENGTH,
    "id": 7, "subject": "Bob", "address": "203.0.113.9", "usage": "x", "command": "x", "least": 8,
    "role": "voice", "network": "10.0.0.0/4",
}  # fmt: skip


class Replies:
    """A session that keeps what it is told to reply."""

    def __init__(self):
        self.lines = []

    def reply(self, numeric, *params):
        """Keep a numeric reply."""
        self.lines.append((str(numeric), *params))

    def fail(self, command, code, *params):
        """Keep a FAIL."""
        self.lines.append(("FAIL", command, code, *params))


def replies(code, request, **params):
    """Return what a client reads of an error."""
    session = Replies()
    error_reply(session, ChatError(code, **params), request)
    return session.lines


@pytest.mark.parametrize("params", [["#tea", "x"], ["Bob"], []])
@pytest.mark.parametrize("command", ["JOIN", "PRIVMSG", "NICK", "MODE", "KICK"])
@pytest.mark.parametrize(
    "code", [code for code in ErrorCode if code is not ErrorCode.SESSION_CLOSED]
)
def test_each_error_has_one_reply(code, command, params):
    """A numeric or a FAIL, with words for people; no parameter but the last one has blanks."""
    (line,) = replies(code, Line(command, params), **{**PARAMS, "reason": reason_of(code)})
    *middle, words = line
    assert words.strip()
    assert all(param and " " not in param and param.isprintable() for param in middle)
    if line[0] == "FAIL":
        assert line[1] == command
        assert line[2].replace("_", "").isupper()
    else:
        assert len(line[0]) == 3
        assert line[0].isdigit()


def reason_of(code):
    """Return the reason that an error has."""
    return "not JSON" if code is ErrorCode.BAD_JSON else NameFlaw.LENGTH


def test_nothing_is_told_to_a_session_that_has_ended():
    """Nobody would read it."""
    assert replies(ErrorCode.SESSION_CLOSED, Line("JOIN", ["#tea"])) == []


def test_a_line_that_is_too_long():
    """There is no request then."""
    assert replies(ErrorCode.TOO_LONG, None, limit=510) == [("417", "Input line was too long")]


TEA = {"room": "tea", "room_name": "Tea"}


@pytest.mark.parametrize(
    ("code", "request_", "params", "expected"),
    [
        (ErrorCode.BANNED_FROM_ROOM, ["JOIN", "#TEA"], TEA, ("474", "#TEA")),
        (ErrorCode.INVITE_ONLY, ["JOIN", "#tea"], TEA, ("473", "#tea")),
        (ErrorCode.WRONG_KEY, ["JOIN", "#tea"], TEA, ("475", "#tea")),
        (ErrorCode.ROOM_FULL, ["JOIN", "#tea"], {**TEA, "limit": 2}, ("471", "#tea")),
        (ErrorCode.LOGIN_FIRST, ["JOIN", "#tea"], {}, ("477", "#tea")),
        (ErrorCode.UNAVAILABLE, ["JOIN", "#tea"], {}, ("437", "#tea")),
        (ErrorCode.ALREADY_IN_ROOM, ["JOIN", "#new"], {"room": "tea"}, ("405", "#new")),
        (ErrorCode.NOT_OPERATOR, ["INVITE", "Bob"], TEA, ("482", "#tea")),
        (
            ErrorCode.NO_SUCH_USER,
            ["KICK", "#tea", "Bob"],
            {"name": "Bob", "room": "tea"},
            ("441", "Bob", "#tea"),
        ),
        (ErrorCode.NO_SUCH_USER, ["MODE", "#tea"], {"name": "Bob"}, ("401", "Bob")),
        (ErrorCode.BAD_KEY, ["MODE", "#tea"], {"limit": 32}, ("696", "#tea", "k", "*")),
        (ErrorCode.NAME_IN_USE, ["NICK", "bob"], {"name": "Bob"}, ("433", "bob")),
        (
            ErrorCode.NOT_BANNED,
            ["MODE", "#tea"],
            {"subject": "Bob"},
            ("FAIL", "MODE", "NOT_BANNED"),
        ),
        (ErrorCode.USAGE, ["MODE", "#tea"], {}, ("461", "MODE")),
    ],
)
def test_what_clients_understand(code, request_, params, expected):
    """The parameters are those that clients look for."""
    command, *rest = request_
    (line,) = replies(code, Line(command, rest), **params)
    assert line[:-1] == expected


@pytest.mark.parametrize("code", [ErrorCode.UNAVAILABLE, ErrorCode.LOGIN_FIRST])
@pytest.mark.parametrize("request_", [Line("SETNAME", ["Bob"]), Line("AWAY", [])])
def test_no_channel(code, request_):
    """A numeric of a channel is only for commands that name one."""
    (line,) = replies(code, request_)
    assert line[:3] == ("FAIL", request_.command, code.value.upper().replace("-", "_"))


def test_the_words_of_channels_are_those_of_irc():
    """They have none of the commands of other protocols, and no name of theirs for channels."""
    for code in _CHANNEL_NUMERICS:
        ((*_, words),) = replies(code, Line("JOIN", ["#tea"]), **PARAMS)
        assert not {"`", "<", "room"} & {*words, *words.lower().split()}
        assert "chatroom" not in words.lower()
    assert replies(ErrorCode.WRONG_KEY, Line("JOIN", ["#tea"]), **PARAMS) == [
        ("475", "#tea", "Cannot join channel (+k)")
    ]
