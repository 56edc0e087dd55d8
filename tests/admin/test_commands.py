"""The administrator's commands for rooms and the server: the replies, and what clients read."""

import json

import pytest

from chatd.protocol.console_commands import SHUTDOWN_LINES

HELP = """\
`help`: Show usage of all commands.
`list`: List all chat rooms and the chatters in each.
`end <chatroom_id>`: Withdraw all chatters from the specified chat room and then end the room.
`start <chatroom_id> <chatroom_name>`: Start a new chat room with the given ID and name.
`kick <chatter_name> <chatroom_id>`: Kick the specified chatter out of the given chat room.
"""
QUIT = "`quit`: Clean all chat rooms and end all chatter connections. Quit the server."


@pytest.fixture
def swimming(server):
    """Return Alice and Bob, who are in room 1."""
    server.console("start 1 Swimming")
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    return alice, bob


def test_help(server):
    """Help has a line for each command, first those of the lab, between two empty lines."""
    lines = server.console("help")
    assert lines[0] == lines[-1] == ""
    assert lines[1:6] == HELP.splitlines()
    assert QUIT in lines
    names = {line.strip("`").split("`")[0].split()[0] for line in lines if line}
    assert names == {
        *("help", "list", "start", "end", "kick", "mute", "unmute", "group"),
        *("op", "deop"),
        *("say", "who", "top", "rooms", "history", "audit", "trace", "stats", "exit", "quit"),
        *("ban", "unban", "bans", "accounts", "admin", "register", "passwd", "unregister"),
    }


def test_start(server):
    """A room that exists cannot be started again."""
    assert server.console("start 1 Swimming") == ["Administrator: Chatroom 1 started!"]
    assert server.console("start 1 Running") == ["Administrator: Chatroom 1 exists!"]


def test_start_takes_the_rest_of_the_line_as_the_name(server):
    """The name of a room may have several words."""
    server.console("start 1  Deep  water ")
    assert server.console("list")[1] == "Administrator: Deep water@1: no chatters!"


def test_start_refuses_what_is_not_allowed(server):
    """The rules for room ids are those for clients."""
    assert server.console("start a@b x") == ["Administrator: Chatroom id a@b is not allowed."]


@pytest.mark.usefixtures("swimming")
def test_list(server):
    """The list has a line for each room, in the order of starting, between empty lines."""
    server.console("start 2 Food")
    assert server.console("list") == [
        "",
        "Administrator: Swimming@1: Alice@('127.0.0.1', 50001) Bob@('127.0.0.1', 50002) ",
        "Food@2: no chatters!",
        "",
    ]


def test_list_without_rooms(server):
    """Without rooms, the list has one line and no empty lines."""
    assert server.console("list") == ["Administrator: No chatroom exists!"]


def test_end(server, swimming):
    """The members of a room that is ended are told, and are no longer in it."""
    alice, _ = swimming
    assert server.console("end 1") == ["Administrator: chatroom 1 closed."]
    assert alice.read() == ["Administrator: chatroom is being closed by the Administrator."]
    assert alice.ask("hi") == ["Server: Join a room first!"]
    assert server.console("end 1") == ["Administrator: Chatroom 1 NOT exist!"]


def test_kick(server, swimming):
    """The user who is kicked, the other members and the administrator are told."""
    alice, bob = swimming
    assert server.console("kick bob 1") == ["Administrator: Bob was kicked from chatroom 1."]
    assert bob.read() == [
        "Server: You were kicked out from chatroom Swimming@1 by the Administrator!"
    ]
    assert alice.read() == ["Administrator: Bob was kicked out."]


@pytest.mark.parametrize("words", ["Bob 1", "Alice 2"])
def test_kick_a_user_who_is_not_there(server, words):
    """Nobody is kicked from a room that they are not in, or that does not exist."""
    server.join("1", "Alice")
    name, room = words.split()
    expected = f"Administrator: Chatter {name} NOT found in chatroom {room}!"
    assert server.console(f"kick {words}") == [expected]


def test_group(server, swimming):
    """Each user is moved out of their room, or reported as not found."""
    alice, bob = swimming
    server.console("start 2 Food")
    assert server.console("group 2 Bob Cathy alice") == [
        "Administrator: Bob was grouped into chatroom 2.",
        "Administrator: Chatter Cathy NOT found!",
        "Administrator: Alice was grouped into chatroom 2.",
    ]
    assert bob.read() == [
        "Server: You were grouped into chatroom Food@2 by the Administrator.",
        "Alice: joined us @chatroom 2.",
    ]
    assert alice.read() == [
        "Server: Bob quitted.",
        "Server: You were grouped into chatroom Food@2 by the Administrator.",
    ]
    assert server.console("group 3 Bob") == ["Administrator: Chatroom 3 NOT exist!"]


def test_say(server, swimming):
    """All members read what is said; the administrator gets no reply."""
    alice, bob = swimming
    assert server.console("say 1 lunch  at noon") == []
    assert alice.read() == bob.read() == ["Administrator: lunch  at noon"]
    assert server.console("say 2 hi") == ["Administrator: Chatroom 2 NOT exist!"]


def test_who(server):
    """There is a line for each connection, also for those without a name or a room."""
    assert server.console("who") == ["Administrator: Nobody is connected."]
    server.join("1", "Alice")
    server.turn(7)
    server.connect()
    assert server.console("who") == [
        (
            "('127.0.0.1', 50001) name=Alice account=- rooms=1 connected=7s queued=0B "
            "messages=0 bytes=15 idle=7s throttled=0.0s"
        ),
        (
            "('127.0.0.1', 50002) name=- account=- rooms=- connected=0s queued=0B "
            "messages=0 bytes=0 idle=0s throttled=0.0s"
        ),
    ]


def test_trace(server, swimming, capture_log):
    """Frames are logged from `trace on` to `trace off`."""
    alice, _ = swimming
    assert server.console("trace on") == ["Administrator: Trace is on."]
    alice.ask("seen")
    assert server.console("trace off") == ["Administrator: Trace is off."]
    alice.ask("unseen")
    traced = [line for line in capture_log() if line.startswith(("Received", "Send"))]
    assert traced == [
        "Received message from ('127.0.0.1', 50001): seen",
        "Send to ('127.0.0.1', 50002): Alice: seen",
    ]


def test_stats(server, swimming):
    """The current figures are printed, one a line."""
    alice, _ = swimming
    alice.ask("hi")
    server.turn(60)
    figures = dict(line.split(": ") for line in server.console("stats"))
    assert figures["uptime"] == "60 s"
    assert figures["connections"] == "2"
    assert figures["rooms"] == "1"
    assert figures["messages"] == "1"
    assert int(figures["bytes sent"]) > len("Alice: hi")
    assert figures["bytes queued"] == "0, at most 0 for one connection"


def test_quit(server, swimming):
    """The server is asked to stop; when it does, consoles and clients are told."""
    alice, _ = swimming
    printed = []
    server.service.consoles.open(printed.extend, lambda: printed.append("closed"))
    stopped = []
    server.reactor.running = True
    server.reactor.stop = lambda: stopped.append(True)
    assert server.console("quit") == []
    assert stopped == [True]
    server.service.stopService()
    assert printed == [*SHUTDOWN_LINES, "closed"]
    assert alice.read() == ["Administrator: Chatserver is going to shutdown..."]
    assert alice.closed
    assert SHUTDOWN_LINES == (
        "Administrator: notify clients about shutting down server...",
        "System: please terminate the console",
        "Administrator: Shutting down server console...",
        "System: Shutting down server...",
    )


def test_the_backtick_may_be_typed(server):
    """A command may have the backtick of the lab or not."""
    assert server.console("`start 1 x") == ["Administrator: Chatroom 1 started!"]
    assert server.console(" list ") == server.console("`list")


@pytest.mark.parametrize("line", ["end", "start 1", "kick Bob", "group 1", "say 1", "trace maybe"])
def test_too_few_words(server, line):
    """Too few words are answered with the usage of that command."""
    server.console("start 1 x")
    said, usage = server.console(line)
    assert said == "Unknown commands."
    assert usage.startswith(f"`{line.split()[0]} <")


@pytest.mark.parametrize("line", ["foo", "`foo 1", "lst", "join 1 x"])
def test_unknown_words(server, line):
    """An unknown word is answered with the usage of all commands."""
    said, *usage = server.console(line)
    assert said == "Unknown commands."
    assert usage == server.console("help")[1:-1]


def test_commands_in_any_case(server):
    """The console recognises its commands in any case."""
    assert server.console("`LIST") == server.console("list")


@pytest.mark.parametrize("line", ["", "  ", "`"])
def test_an_empty_line(server, line):
    """An empty line has no reply."""
    assert server.console(line) == []


@pytest.mark.usefixtures("swimming")
def test_an_answer_has_data_for_programs(server):
    """An answer has the printed facts as values that can be written in JSON, too."""
    assert server.answer("start 2 Deep water").data == {"room": "2"}
    assert server.answer("list").data == [
        {
            "id": "1",
            "name": "Swimming",
            "members": [
                {"name": "Alice", "address": "127.0.0.1", "port": 50001},
                {"name": "Bob", "address": "127.0.0.1", "port": 50002},
            ],
        },
        {"id": "2", "name": "Deep water", "members": []},
    ]
    who = server.answer("who").data
    assert [(user["name"], user["rooms"]) for user in who] == [("Alice", ["1"]), ("Bob", ["1"])]
    assert server.answer("stats").data["connections"] == 2
    kick = {"name": "Bob", "room": "1", "reason": "spam"}
    assert server.answer("kick Bob 1 spam").data == kick
    ban = {"subject": "Bob", "kind": "name", "until": None}
    ban |= {"created": "1970-01-01T00:00:00Z", "author": "console", "reason": "spam"}
    assert server.answer("ban Bob spam").data == ban | {"connections": 1}
    assert server.answer("bans").data == [ban]
    assert server.answer("accounts").data == []
    for command in (
        "help",
        "list",
        "who",
        "top",
        "rooms",
        "history 1",
        "stats",
        "bans",
        "accounts",
        "trace off",
        "end 1",
    ):
        answer = server.answer(command)
        json.dumps(answer.data)
        assert not answer.failed


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("foo", "unknown-command"),
        ("kick Bob", "usage"),
        ("ban Bob 0", "usage"),
        ("kick Bob 1", "no-such-chatter"),
        ("say 9 hi", "no-such-room"),
        ("unban Bob", "not-banned"),
        ("passwd nobody", "no-such-account"),
        ("register Ann", "cancelled"),
    ],
)
def test_a_failure_has_a_code(server, line, code):
    """A command that is refused or has no effect has failed; a program reads why."""
    server.console("start 1 x")
    answer = server.answer(line)
    assert answer.failed
    assert answer.data["code"] == code
    assert answer.data["text"]


@pytest.mark.usefixtures("swimming")
def test_a_group_of_which_one_is_missing(server):
    """The users who are there are moved, and the command has failed for the others."""
    server.console("start 2 Food")
    answer = server.answer("group 2 Alice Cathy")
    assert answer.failed
    text = "Chatter Cathy NOT found!"
    assert answer.data == {
        "room": "2",
        "names": ["Alice"],
        "code": "no-such-chatter",
        "text": text,
        "errors": [{"name": "Cathy", "code": "no-such-chatter", "text": text}],
    }
