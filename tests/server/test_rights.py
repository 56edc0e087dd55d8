"""Every command in every state, in every dialect; and nothing for who was put out."""

import json

import pytest

from chatd.testing import MemoryServer

WORD = "staple-battery"
NOWHERE, ELSEWHERE, IN_ROOM = "in-no-room", "not-in-room", "in-a-room"
BANNED, FULL = "banned", "full"

# What each state comes to: a guest who never joined, one in a room, one logged in outside, one logged in in a
# room, one who was kicked, one whose room was ended. "ok" is no error; None is no answer.
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
    "`secret Bob hi": [NOWHERE, "ok", "ok", "ok", "ok", "ok"],
    "`history": [NOWHERE, "ok", NOWHERE, "ok", NOWHERE, NOWHERE],
    f"`register dan {WORD}": ["ok", IN_ROOM, "logged-in", "logged-in", "ok", "ok"],
    f"`login zoe {WORD}": ["ok", IN_ROOM, "logged-in", "logged-in", "ok", "ok"],
    f"`login zoe x{WORD}": ["wrong-password"] * 2 + ["logged-in"] * 2 + ["wrong-password"] * 2,
    f"`password {WORD} {WORD}": ["login-first"] * 2 + ["ok"] * 2 + ["login-first"] * 2,
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
    "usage": "Usage: `",
    "unknown-command": "Unknown command `",
}
DIALECTS = {"nul": b"\0", "lf": b"\n", "crlf": b"\r\n", "json": b"\0"}
PARAMETERS = {
    "start": ("chatroom_id", "chatroom_name"), "join": ("chatroom_id", "chatter_name"),
    "enter": ("chatroom_id", "chatter_name"), "quit": ("chatroom_id",), "switch": ("chatroom_id",),
    "broadcast": ("chatroom_id", "message"), "secret": ("chatter_name", "message"),
    "register": ("username", "password"), "login": ("username", "password"),
    "password": ("old_password", "new_password"),
}  # fmt: skip


def as_json(typed):
    """Return the request in JSON that means what was typed."""
    if not typed.startswith("`"):
        return json.dumps({"command": "say", "text": typed})
    command, *words = typed[1:].split()
    return json.dumps(
        {"command": command, **dict(zip(PARAMETERS.get(command, ()), words, strict=False))}
    )


class House:
    """A server with Bob in both rooms, and one client in some state."""

    def __init__(self, state, codec):
        self.server = MemoryServer(rooms=(("1", "tea"), ("2", "food")), rooms_per_client=1)
        for name in ("amy", "zoe"):
            self.server.connect().ask(f"`register {name} {WORD}")
        self.bob = self.server.join("1", "Bob")
        self.is_json = codec == "json"
        self.client = self.server.connect(end=DIALECTS[codec])
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
        """Return what comes for a request."""
        return self.client.ask(as_json(typed) if self.is_json else typed)


@pytest.mark.parametrize("codec", DIALECTS)
@pytest.mark.parametrize("at", range(len(STATES)), ids=STATES)
@pytest.mark.parametrize("typed", COMMANDS)
def test_every_command_in_every_state(typed, at, codec):
    """It is done, or refused with the code and the words for that."""
    house, expected = House(STATES[at], codec), COMMANDS[typed][at]
    answers = house.ask(typed)
    if expected is None:
        assert answers == []
        assert house.bob.read() == [
            f"{'amy' if 'account' in STATES[at] else 'Eve'}: {typed.split()[-1]}"
        ]
        return
    if house.is_json:
        events = [json.loads(answer) for answer in answers]
        assert [event.get("code", "ok") for event in events] == [expected]
        words = events[0].get("text", "")
    else:
        answer = answers[0]  # a list has several lines
        assert answer.startswith("Server: ")
        words = answer.removeprefix("Server: ")
    if expected == "ok":
        assert not words.startswith(tuple(WORDS.values()))
    else:
        assert words.startswith(WORDS[expected])
        assert house.bob.read() == []


@pytest.mark.parametrize("codec", DIALECTS)
@pytest.mark.parametrize(
    "how", ["kick Eve 1", "ban Eve", "ban 10.0.0.1", "end 1", "`quit", "`exit", "group 2 Eve"]
)
def test_nothing_for_who_is_out(how, codec):
    """What was said before comes; no message, join, leave or history after it."""
    server = MemoryServer(rooms=(("1", "tea"), ("2", "food")))
    bob = server.join("1", "Bob")
    eve = server.connect("10.0.0.1", end=DIALECTS[codec])
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
def test_who_is_not_let_in_does_nothing(typed, why, codec):
    """He is told why, and closed; the server is as it was."""
    server = MemoryServer(rooms=(("1", "tea"),), max_per_address=1)
    if why == BANNED:
        server.console("ban 10.0.0.1")
    else:
        server.connect("10.0.0.1")
    client = server.connect("10.0.0.1", end=DIALECTS[codec])
    told = {
        BANNED: "You were banned by the Administrator!",
        FULL: "Too many connections from your address.",
    }
    assert client.ask(typed) == [f"Server: {told[why]}"]
    assert client.closed
    assert server.console("list") == ["", "Administrator: tea@1: no chatters!", ""]
