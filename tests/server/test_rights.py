"""The outcome of each command in each state of a user, in each codec."""

import json

import pytest

from chatd.testing import MemoryServer

WORD = "staple-battery"
NOWHERE, ELSEWHERE, IN_ROOM = "in-no-room", "not-in-room", "in-a-room"
BANNED, FULL = "banned", "full"

# For each command the outcome in each state: a guest before the first join, a guest in a room, an
# account in no room, an account in a room, a guest who was kicked, a guest whose room was ended.
# "ok" is a reply that is no error, None is no reply; the rest are codes of errors.
STATES = ("new", "guest", "account", "account inside", "kicked", "ended")
COMMANDS = {
    "`help": ["ok"] * 6,
    "`list": ["ok"] * 6,
    "`start 9 tea": ["ok"] * 6,
    "`join 1 Eve": ["ok", IN_ROOM, "ok", IN_ROOM, "ok", "no-such-room"],
    "`enter 8 Eve": ["ok", IN_ROOM, "ok", IN_ROOM, "ok", "ok"],
    "`quit": [NOWHERE, "ok", NOWHERE, "ok", NOWHERE, NOWHERE],
    "`quit 2": [NOWHERE, ELSEWHERE, NOWHERE, ELSEWHERE, NOWHERE, NOWHERE],
    "`switch 1": [ELSEWHERE, "ok", ELSEWHERE, "ok", ELSEWHERE, ELSEWHERE],
    "`switch 2": [ELSEWHERE] * 6,
    "`broadcast 1 hi": [ELSEWHERE, None, ELSEWHERE, None, ELSEWHERE, ELSEWHERE],
    "`broadcast 2 hi": [ELSEWHERE] * 6,
    "`me waves": [NOWHERE, None, NOWHERE, None, NOWHERE, NOWHERE],
    "`secret Bob hi": [NOWHERE, "ok", "ok", "ok", "ok", "ok"],
    "`who": [NOWHERE, "ok", NOWHERE, "ok", NOWHERE, NOWHERE],
    "`who 2": ["ok"] * 6,
    "`who 1": ["ok"] * 5 + ["no-such-room"],
    "`ignore": ["ok"] * 6,
    "`ignore Bob": ["ok"] * 6,
    "`ignore zoe": ["ok"] * 6,
    "`ignore Nobody": ["no-such-chatter"] * 6,
    "`unignore Bob": ["not-ignored"] * 6,
    "`away lunch": [NOWHERE] + ["ok"] * 5,
    "`away": [NOWHERE] + ["ok"] * 5,
    "`history": [NOWHERE, "ok", NOWHERE, "ok", NOWHERE, NOWHERE],
    f"`register dan {WORD}": ["ok", IN_ROOM, "logged-in", "logged-in", "ok", "ok"],
    f"`login zoe {WORD}": ["ok", IN_ROOM, "logged-in", "logged-in", "ok", "ok"],
    f"`login zoe x{WORD}": ["wrong-password"] * 2 + ["logged-in"] * 2 + ["wrong-password"] * 2,
    f"`password {WORD} {WORD}": ["login-first"] * 2 + ["ok"] * 2 + ["login-first"] * 2,
    "`sessions": ["login-first"] * 2 + ["ok"] * 2 + ["login-first"] * 2,
    "`revoke 2": ["login-first"] * 2 + ["own-session"] * 2 + ["login-first"] * 2,
    "`revoke 3": ["login-first"] * 2 + ["no-such-number"] * 2 + ["login-first"] * 2,
    "`revoke 1": ["login-first"] * 2 + ["ok"] * 2 + ["login-first"] * 2,
    "`revoke all": ["login-first"] * 2 + ["ok"] * 2 + ["login-first"] * 2,
    "`rename Eva": ["ok", "ok", "account-name", "account-name", "ok", "ok"],
    "`admin list": ["not-admin"] * 6,
    "`logout": ["login-first"] * 2 + ["ok"] * 2 + ["login-first"] * 2,
    "`join": ["usage"] * 6,
    "`nonsense": ["unknown-command"] * 6,
    "hello": [NOWHERE, None, NOWHERE, None, NOWHERE, NOWHERE],
}
WORDS = {
    NOWHERE: "Join a room first!",
    ELSEWHERE: "Join chatroom ",
    IN_ROOM: "You must quit your current chatroom 1 first.",
    "no-such-room": "Chatroom 1 NOT exist!",
    "logged-in": "You are logged in as amy, logout first.",
    "wrong-password": "Wrong username or password.",
    "login-first": "Login first!",
    "not-admin": "You are not an administrator.",
    "no-such-chatter": "Chatter Nobody NOT found!",
    "not-ignored": "You do not ignore Bob.",
    "own-session": "That is this session",
    "no-such-number": "You have no such session",
    "account-name": "Your name is that of your account.",
    "usage": "Usage: `",
    "unknown-command": "Unknown command `",
}
CODECS = {"nul": b"\0", "lf": b"\n", "crlf": b"\r\n", "json": b"\0"}
PARAMETERS = {
    "start": ("chatroom_id", "chatroom_name"), "join": ("chatroom_id", "chatter_name"),
    "enter": ("chatroom_id", "chatter_name"), "quit": ("chatroom_id",), "switch": ("chatroom_id",),
    "broadcast": ("chatroom_id", "message"), "secret": ("chatter_name", "message"),
    "ignore": ("chatter_name",), "unignore": ("chatter_name",), "revoke": ("number",),
    "me": ("text",), "who": ("chatroom_id",), "away": ("message",),
    "register": ("username", "password"), "login": ("username", "password"),
    "password": ("old_password", "new_password"), "admin": ("line",), "rename": ("new_name",),
}  # fmt: skip


def as_json(typed):
    """Return the request in JSON for a typed one."""
    if not typed.startswith("`"):
        return json.dumps({"command": "say", "text": typed})
    command, *words = typed[1:].split()
    return json.dumps(
        {"command": command, **dict(zip(PARAMETERS.get(command, ()), words, strict=False))}
    )


class RightsHarness:
    """A server with two rooms, Bob in the first, and a client in one of the states."""

    def __init__(self, state, codec):
        self.server = MemoryServer(rooms=(("1", "tea"), ("2", "food")), rooms_per_client=1)
        for name in ("amy", "zoe"):
            self.server.connect().ask(f"`register {name} {WORD}")
        self.bob = self.server.join("1", "Bob")
        self.is_json = codec == "json"
        self.client = self.server.connect(end=CODECS[codec])
        if self.is_json:
            self.client.ask("`format json")
        if state.startswith("account"):
            self.ask(f"`login amy {WORD}")
        if state not in {"new", "account"}:
            self.ask("`join 1 Eve")
        if state == "kicked":
            self.server.console("kick Eve 1")
        elif state == "ended":
            self.server.console("end 1")
        self.client.read()
        self.bob.read()

    def ask(self, typed):
        """Return the frames that a request leads to."""
        return self.client.ask(as_json(typed) if self.is_json else typed)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("at", range(len(STATES)), ids=STATES)
@pytest.mark.parametrize("typed", COMMANDS)
def test_every_command_in_every_state(typed, at, codec):
    """A command is carried out, or refused with the code and the words of the state."""
    harness, expected = RightsHarness(STATES[at], codec), COMMANDS[typed][at]
    frames = harness.ask(typed)
    if expected is None:
        name = "amy" if "account" in STATES[at] else "Eve"
        assert frames == []
        assert harness.bob.read() == [
            f"* {name} waves" if typed == "`me waves" else f"{name}: {typed.split()[-1]}"
        ]
        return
    if harness.is_json:
        events = [json.loads(frame) for frame in frames]
        assert [event.get("code", "ok") for event in events] == [expected]
        words = events[0].get("text", "")
    else:
        assert frames[0].startswith("Server: ")
        words = frames[0].removeprefix("Server: ")
    if expected == "ok":
        assert not words.startswith(tuple(WORDS.values()))
    else:
        assert words.startswith(WORDS[expected])
        assert harness.bob.read() == []


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    "how", ["kick Eve 1", "ban Eve", "ban 10.0.0.1", "end 1", "`quit", "`exit", "group 2 Eve"]
)
def test_a_removed_user_reads_nothing_more(how, codec):
    """A user who is out of a room reads what was said before, and no later message or event."""
    server = MemoryServer(rooms=(("1", "tea"), ("2", "food")))
    bob = server.join("1", "Bob")
    eve = server.connect("10.0.0.1", end=CODECS[codec])
    eve.ask("`join 1 Eve")
    if codec == "json":
        eve.ask("`format json")
    bob.send("before")
    if how.startswith("`"):
        eve.send(as_json(how) if codec == "json" else how)
    else:
        server.console(how)
    bob.send("after")
    server.join("1", "Cid")
    bob.send("`secret Eve psst" if how == "ban Eve" else "later", "`quit")
    told = eve.read_bytes().decode()
    assert told.index("before") < len(told)
    assert not [word for word in ("after", "Cid", "later", "psst") if word in told]
    if not eve.closed:
        eve.send(as_json("`history") if codec == "json" else "`history")
        assert "after" not in eve.read_bytes().decode()


@pytest.mark.parametrize("codec", ["nul", "lf", "crlf"])
@pytest.mark.parametrize("why", [BANNED, FULL])
@pytest.mark.parametrize("typed", COMMANDS)
def test_a_refused_client_changes_nothing(typed, why, codec):
    """A client that is not let in reads why and is disconnected; no command is carried out."""
    server = MemoryServer(rooms=(("1", "tea"),), max_per_address=1)
    if why == BANNED:
        server.console("ban 10.0.0.1")
    else:
        server.connect("10.0.0.1")
    client = server.connect("10.0.0.1", end=CODECS[codec])
    told = {
        BANNED: "You were banned by the Administrator!",
        FULL: "Too many connections from your address.",
    }
    assert client.ask(typed) == [f"Server: {told[why]}"]
    assert client.closed
    assert server.console("list") == ["", "Administrator: tea@1: no chatters!", ""]
