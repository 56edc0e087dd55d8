"""The outcome of each command on a room for members of each role, in each codec."""

import json

import pytest

from chatd.core.world.settings_rules import SETTINGS
from chatd.testing import MemoryServer

WORD = "staple-battery"

# For each command the outcome for each role: a guest or account without one, a voice, an operator,
# the owner, an administrator; each is a member of room `tea`, and Bob, a guest, is another one.
# "ok" is a reply that is no error; the rest are codes of errors.
ROLES = ("none", "voice", "operator", "owner", "administrator")
NO = "not-operator"
MEMBERS = ["ok"] * 5
OPERATORS = [NO] * 2 + ["ok"] * 3
OWNERS = ["not-owner"] * 3 + ["ok"] * 2
COMMANDS = {
    "`topic": MEMBERS,
    "`topic About tea": OPERATORS,
    "`topic -": OPERATORS,
    "`op Bob": OWNERS,
    "`op Nobody": ["not-owner"] * 3 + ["no-such-chatter"] * 2,
    "`deop Bob": ["not-owner"] * 3 + ["no-such-role"] * 2,
    "`voice Bob": OPERATORS,
    "`devoice Bob": [NO] * 2 + ["no-such-role"] * 3,
    "`kick Bob": OPERATORS,
    "`kick Bob spam": OPERATORS,
    "`kick zoe": [NO] * 2 + ["no-such-chatter"] * 3,
    "`mute Bob": OPERATORS,
    "`mute Bob 5": OPERATORS,
    "`mute Bob 0": ["usage"] * 5,
    "`unmute Bob": [NO] * 2 + ["not-muted"] * 3,
    "`ban Bob": OPERATORS,
    "`ban Bob 5 spam": OPERATORS,
    "`ban zoe": OPERATORS,
    "`unban Bob": [NO] * 2 + ["not-banned"] * 3,
    "`bans": OPERATORS,
    "`invite zoe": MEMBERS,
    "`invite Bob": ["member-already"] * 5,
    "`private": MEMBERS,
    "`private on": OPERATORS,
    "`private maybe": ["usage"] * 5,
    "`invite-only on": OPERATORS,
    "`unlisted on": OPERATORS,
    "`moderated on": OPERATORS,
    "`open-topic on": OPERATORS,
    "`key": MEMBERS,
    "`key sesame": OPERATORS,
    "`key off": OPERATORS,
    "`limit": MEMBERS,
    "`limit 5": OPERATORS,
    "`limit off": OPERATORS,
    "`limit none": ["usage"] * 5,
    "`end": OWNERS,
    "`who": MEMBERS,
    "`history": MEMBERS,
    "`search hello": MEMBERS,
    "`search !": ["nothing-to-find"] * 5,
    "`delete": MEMBERS,
    "`delete 1": ["not-own-message"] * 2 + ["ok"] * 3,
    "`delete 99": ["no-such-message"] * 5,
    # Nobody acts on an equal or higher role.
    "`kick owner": [NO] * 2 + ["outranked"] * 2 + ["ok"],
    "`kick operator": [NO] * 2 + ["outranked"] + ["ok"] * 2,
    "`mute owner": [NO] * 2 + ["outranked"] * 2 + ["ok"],
    "`ban operator": [NO] * 2 + ["outranked"] + ["ok"] * 2,
    "`ban administrator": [NO] * 2 + ["outranked"] * 3,
    # But operators and voices give up their own role.
    "`deop owner": ["not-owner"] * 3 + ["no-such-role"] * 2,
    "`deop operator": ["not-owner"] * 2 + ["ok"] * 3,
    "`devoice voice": [NO] + ["ok"] * 4,
}
PARAMETERS = {
    "topic": ("text",), "kick": ("chatter_name", "reason"), "mute": ("chatter_name", "minutes"),
    "ban": ("chatter_name", "minutes", "reason"), "search": ("words",), "delete": ("id",),
    **dict.fromkeys(("op", "deop", "voice", "devoice", "unmute"), ("chatter_name",)),
    **dict.fromkeys(("unban", "invite"), ("chatter_name",)),
    **{name: (name,) for name in SETTINGS},
}  # fmt: skip
CODECS = {"nul": b"\0", "lf": b"\n", "crlf": b"\r\n", "json": b"\0"}


def named(role):
    """Return the name of the account that has a role."""
    return {"administrator": "adminis", "none": "nemo"}.get(role, role)


def as_json(typed):
    """Return the request in JSON for a typed one."""
    command, _, rest = typed[1:].partition(" ")
    parameters = PARAMETERS.get(command, ())
    words = rest.split(None, len(parameters) - 1) if rest else []
    return json.dumps({"command": command, **dict(zip(parameters, words, strict=False))})


class RolesHarness:
    """A server with the room `tea`, in which there is an account of each role, and Bob."""

    def __init__(self, codec):
        self.server = MemoryServer(rooms_per_client=2)
        self.clients = {}
        for role in ("owner", *(role for role in ROLES if role != "owner")):
            name = named(role)
            client = self.server.connect(end=CODECS[codec])
            client.ask(f"`register {name} {WORD}")
            client.ask("`enter tea")
            self.clients[role] = client
        self.server.connect().ask(f"`register zoe {WORD}")
        self.server.console(f"admin {named('administrator')} on")
        self.bob = self.server.join("tea", "Bob")
        self.bob.ask("hello")
        self.clients["owner"].ask("`op operator")
        self.clients["owner"].ask("`voice voice")
        for client in self.clients.values():
            client.ask("hello")
            if codec == "json":
                client.ask("`format json")
        self.server.turn(1)  # the messages are stored
        for client in (*self.clients.values(), self.bob):
            client.read()


def ask_json(role, typed):
    """Return the code and the words of the answer to a request in JSON, and what Bob reads."""
    harness = RolesHarness("json")
    frames = harness.clients[role].ask(as_json(typed))
    answers = [json.loads(frame) for frame in frames]
    answers = [each for each in answers if each["event"] in {"reply", "error", "history"}]
    (answer,) = answers
    return answer.get("code", "ok"), answer.get("text"), harness.bob.read()


@pytest.mark.parametrize("role", ROLES)
def test_every_command_by_role(role):
    """A command is carried out, or refused with a code, and then nothing has changed."""
    for typed, row in COMMANDS.items():
        code, words, told = ask_json(role, spelled(typed))
        expected = row[ROLES.index(role)]
        assert (typed, code) == (typed, expected)
        if code == "ok":
            continue
        assert told == []
        for codec in ("nul", "lf", "crlf"):
            harness = RolesHarness(codec)
            assert harness.clients[role].ask(spelled(typed)) == [f"Server: {words}"]
            assert harness.bob.read() == []


def spelled(typed):
    """Return a command with the name of the administrator's account."""
    return typed.replace("administrator", named("administrator"))
