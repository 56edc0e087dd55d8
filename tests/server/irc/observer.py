"""An IRC client of the tests that checks every byte it reads, and keeps the state it learns."""

import re

import irctokens
import pytest

from chatd.protocol.irc import capabilities as caps

ircstates = pytest.importorskip("ircstates", reason="ircstates is not for this Python")

TAGS = {
    "time": caps.SERVER_TIME,
    "account": caps.ACCOUNT_TAG,
    "msgid": caps.MESSAGE_TAGS,
    "bot": caps.MESSAGE_TAGS,
    "batch": caps.BATCH,
    "label": caps.LABELED_RESPONSE,
    "draft/multiline-concat": caps.MULTILINE,
}
"""The capability that each tag needs; those of clients, which begin with `+`, need MESSAGE_TAGS."""

COMMANDS = {
    "AWAY": caps.AWAY_NOTIFY,
    "SETNAME": caps.SETNAME,
    "ACCOUNT": caps.ACCOUNT_NOTIFY,
    "TAGMSG": caps.MESSAGE_TAGS,
    "BATCH": caps.BATCH,
    "ACK": caps.LABELED_RESPONSE,
    "REDACT": caps.REDACTION,
    "MARKREAD": caps.READ_MARKER,
}
"""The capability that each command needs, of those that need one."""

MAX_BODY = 510
MAX_TAGS = 8191

_COMMAND = re.compile("[A-Z]+|[0-9]{3}")
_END = b"\r\n"
# A client that watches its own name is told of the new one, under the new one, before NICK.
_BEFORE_NICK = {"730", "731"}


class Observer:
    """Reads for a `MemoryClient` and checks each line; `state` is what ircstates learns of them.

    `capabilities` are those that the client has negotiated. `labels` has the labels that were sent
    and not answered yet. `server` is the name of the server.
    """

    def __init__(self, client, capabilities=(), server="irc.test"):
        self.client = client
        self.capabilities = frozenset(capabilities)
        self.state = ircstates.Server("test")
        self.labels = set()
        self._server = server
        self._open = {}
        self._sent = 0

    @property
    def nick(self):
        """The name that the client has, as far as it knows."""
        return self.state.nickname

    def send(self, line, *, label=False):
        """Send a line, with a label if `label`."""
        if label and caps.LABELED_RESPONSE in self.capabilities:
            self._sent += 1
            name = f"l{self._sent}"
            self.labels.add(name)
            line = f"@label={name};{line[1:]}" if line.startswith("@") else f"@label={name} {line}"
        self.client.send(line)

    def read(self):
        """Return the lines that came, as irctokens understands them, once they are checked."""
        data = self.client.read_bytes()
        assert not data or data.endswith(_END), data
        return [self._take(raw) for raw in data.split(_END)[:-1]]

    def ask(self, line, *, label=False):
        """Send a line; return the lines that come back in the same turn."""
        self.send(line, label=label)
        return self.read()

    def check_idle(self):
        """Check that no batch is open, and that each label is answered."""
        assert not self._open
        assert self.client.closed or not self.labels

    def _take(self, raw):
        check_bytes(raw)
        line = irctokens.tokenise(raw.decode())
        tags = line.tags or {}
        assert _COMMAND.fullmatch(line.command), raw
        for name in tags:
            needed = caps.MESSAGE_TAGS if name.startswith("+") else TAGS[name]
            assert needed in self.capabilities, raw
        needed = COMMANDS.get(line.command)
        assert needed is None or needed in self.capabilities, raw
        if line.command == "JOIN":
            assert len(line.params) == (3 if caps.EXTENDED_JOIN in self.capabilities else 1), raw
        if line.command.isdigit():
            assert line.source == self._server, raw
        self._check_batch(line, tags)
        label = tags.get("label")
        if label is not None:
            assert label in self.labels, f"not sent, or answered twice: {raw!r}"
            self.labels.discard(label)
        self.state.parse_tokens(line)
        if line.command.isdigit() and line.command not in _BEFORE_NICK:
            assert line.params[0] in {self.nick, "*"}, raw
        return line

    def _check_batch(self, line, tags):
        within = tags.get("batch")
        if within is not None:
            assert within in self._open, line.format()
            if self._open[within] == caps.MULTILINE:
                assert line.command in {"PRIVMSG", "NOTICE"}
                assert "msgid" not in tags
                assert "label" not in tags
        if line.command != "BATCH":
            return
        sign, reference = line.params[0][0], line.params[0][1:]
        if sign == "+":
            assert reference not in self._open, line.format()
            self._open[reference] = line.params[1]
        else:
            assert sign == "-"
            del self._open[reference]


def check_bytes(raw):
    """Check the bytes of a line without its end."""
    assert not re.search(rb"[\r\n\0]", raw), raw
    tags, body = b"", raw
    if raw.startswith(b"@"):
        tags, _, body = raw.partition(b" ")
        names = [tag.partition(b"=")[0] for tag in tags[1:].split(b";")]
        assert all(names), raw
        assert len(names) == len(set(names)), raw
    assert len(tags) + 1 <= MAX_TAGS, raw
    assert 0 < len(body) <= MAX_BODY, raw
    raw.decode()


def connect(server, nick, capabilities=(), *, account=None, host="127.0.0.1"):
    """Return an observer that has registered; `account` is a name and a password to log in with."""
    client = server.connect_irc(host)
    observer = Observer(client, capabilities, server.service.irc_factory.settings.name)
    observer.send("CAP LS 302")
    if capabilities:
        observer.send(f"CAP REQ :{' '.join(sorted(capabilities))}")
    if account is not None:
        observer.send(f"PASS {':'.join(account)}")
    observer.send(f"NICK {nick}")
    observer.send(f"USER {nick} 0 * :{nick} of chatd")
    observer.send("CAP END")
    observer.read()
    return observer
