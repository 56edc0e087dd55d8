"""Programs that people have for IRC, in rooms with `nc`, the line client and a program in JSON."""

import re

import pytest

from tests.smoke.chatprograms import (
    ROOM,
    Ii,
    IrcNc,
    Irssi,
    JsonNc,
    LineClient,
    TextNc,
    Weechat,
    is_installed,
    require,
)

pytestmark = pytest.mark.slow

LISTENING = r"System: ChatServer is listening at \(localhost, (\d+)\)\.\.\."
PASSWORD = "sesame-street"
NICKS = {Irssi: "Iris", Weechat: "Wilma", Ii: "Ilka", IrcNc: "Nora"}
NATIVE = {TextNc: "Nat", JsonNc: "Jay", LineClient: "Lena"}


class Chat:
    """A server with an IRC port, and programs that are in its room or not."""

    def __init__(self, start, directory):
        self.directory = directory
        self._start = start
        self.irc_port = 0
        self.programs = []
        self.start()

    def start(self):
        """Start the server; one that is started again has the same port for IRC."""
        endpoint = f"tcp:{self.irc_port}:interface=localhost"
        self.daemon = self._start("--no-console", "--admin", "", "--irc", endpoint)
        self.port = self.daemon.port
        self.irc_port = int(self.daemon.expect(LISTENING)[1])

    def open(self, kind, nick=None, **options):
        """Start a program, which is in no room yet."""
        port = self.port if kind in NATIVE else self.irc_port
        nick = nick or {**NICKS, **NATIVE}[kind]
        self.programs.append(kind(nick, port, self.directory, **options))
        return self.programs[-1]

    def enter(self, kind, *args, **options):
        """Start a program, and join the room with it."""
        program = self.open(kind, *args, **options)
        program.enter()
        return program


@pytest.fixture
def chat(start, tmp_path):
    """Return a server with an IRC port."""
    chat = Chat(start, tmp_path)
    yield chat
    for program in chat.programs:
        program.close()


@pytest.fixture(params=NICKS, ids=lambda kind: kind.__name__)
def kind(request):
    """Return each program for IRC that is installed, in turn."""
    require(request.param.program)
    return request.param


WORDS = {
    "topic": {
        Irssi: "-!- {by} changed the topic of #tea to: {text}$",
        Weechat: '-- {by} has changed topic for #tea (from ".*" )?to "{text}"$',
        Ii: '-!- {by} changed topic to "{text}"$',
        IrcNc: r":{by}!\S+ TOPIC #tea :?{text}$",
        TextNc: "Server: {by} set the topic: {text}$",
        JsonNc: '"room-changed","room":"tea","by":"{by}".*"topic":"{text}"',
    },
    "renamed": {
        Irssi: "-!- {by} is now known as {new}$",
        Weechat: "-- {by} is now known as {new}$",
        Ii: "-!- {by} changed nick to {new}$",
        IrcNc: r":{by}!\S+ NICK :?{new}$",
        TextNc: r"Server: {by} is now known as {new}\.$",
        JsonNc: '"renamed","who":"{by}","to":"{new}"',
    },
    "kicked": {
        Irssi: r"-!- {who} was kicked from #tea by {by} \[{why}\]$",
        Weechat: r"<-- {by} has kicked {who} \({why}\)$",
        Ii: r'-!- {by} kicked {who}  \("{why}"\)$',
        IrcNc: r":{by}!\S+ KICK #tea {who} :?{why}$",
        TextNc: "Server: {who} was kicked out by {by}: {why}$",
        JsonNc: '"left".*"who":"{who}".*"reason":"kicked".*"by":"{by}","text":"{why}"',
    },
    "banned": {
        Irssi: r"-!- mode/#tea \[\+b {mask}\] by {by}$",
        Weechat: r"-- Mode #tea \[\+b {mask}\] by {by}$",
        Ii: r"-!- {by} changed mode/#tea -> \+b {mask}",
        IrcNc: r":{by}!\S+ MODE #tea \+b :?{mask}$",
        TextNc: "Server: {who} was banned by {by}",
        JsonNc: '"left".*"who":"{who}".*"reason":"banned".*"by":"{by}"',
    },
    "left": {
        Irssi: r"-!- {who} \[\S+\] has left #tea \[{why}\]$",
        Weechat: r"<-- {who} \(\S+\) has left #tea \({why}\)$",
        Ii: r"-!- {who}\(\S+\) has left #tea$",
        IrcNc: r":{who}!\S+ PART #tea :?{why}$",
        TextNc: r"Server: {who} quitted\.$",
        JsonNc: '"left".*"who":"{who}".*"reason":"quit".*"text":"{why}"',
    },
}
"""The words in which each program tells its user of an event."""


def await_event(programs, event, **values):
    """Wait until each of the programs has told an event, and told it once."""
    values = {name: re.escape(value) for name, value in values.items()}
    for program in programs:
        words = WORDS[event].get(TextNc if isinstance(program, LineClient) else type(program))
        if words is not None:
            program.expect(words.format(**values))
            assert program.count(words.format(**values)) == 1, (program.nick, event)


def test_each_message_once_in_one_order(chat):
    """All talk at once; each reads what the others say once, and in the same order as all."""
    kinds = [kind for kind in NICKS if is_installed(kind.program)]
    programs = [chat.enter(kind) for kind in (*kinds, *NATIVE)]
    for number in range(5):
        for program in programs:
            program.say(f"{program.nick} says {number}")
    for program in programs:
        count = 5 * len(programs) - 5
        program.wait_for(lambda each: len(each.from_others()) >= count, f"{count} messages")  # noqa: B023 -- called now
    said = chat.enter(JsonNc, "Hal").history()
    assert len(said) == len(set(said)) == 5 * len(programs)
    for program in programs:
        others = [message for message in said if message[0] != program.nick]
        assert program.from_others() == others, program.nick


def test_acts_of_the_user(chat, kind):
    """The user of the program starts the room, sets its topic, removes people, and leaves."""
    program = chat.enter(kind)
    others = [chat.enter(other) for other in (*NATIVE, IrcNc) if other is not kind]
    loud = chat.enter(TextNc, "Lou")
    program.set_topic("green or black?")
    await_event([program, *others, loud], "topic", by=program.nick, text="green or black?")
    program.kick("Lou", "too loud")
    await_event([program, *others], "kicked", by=program.nick, who="Lou", why="too loud")
    loud.expect(f"You were kicked out from chatroom tea@tea by {program.nick}: too loud")
    loud.enter()
    program.raw("MODE #tea +b Lou!*@*")
    await_event([program, *others], "banned", by=program.nick, who="Lou", mask="Lou!*@*")
    loud.write(f"`enter {ROOM}")
    loud.wait_for(lambda each: each.count("You are banned from chatroom tea@tea") == 2, "refusal")
    program.raw("MODE #tea -b Lou!*@*")
    others[0].expect(f"Server: Lou was unbanned by {program.nick}")
    loud.enter()
    former = program.nick
    program.rename("Robin")
    await_event(others, "renamed", by=former, new="Robin")
    program.raw("PART #tea :so long")
    await_event(others, "left", who="Robin", why="so long")


def test_acts_of_others(chat, kind):
    """The user of the program reads what others do, once each."""
    founder = chat.enter(JsonNc, "Fay")
    program, nat, nora = chat.enter(kind), chat.enter(TextNc), chat.enter(IrcNc, "Nina")
    founder.ask("topic", chatroom_id=ROOM, text="green or black?")
    await_event([program], "topic", by="Fay", text="green or black?")
    founder.ask("rename", new_name="Faye")
    await_event([program], "renamed", by="Fay", new="Faye")
    nat.write("`rename Nate")
    nat.expect("You are now known as Nate")
    await_event([program], "renamed", by="Nat", new="Nate")
    founder.ask("kick", chatroom_id=ROOM, chatter_name="Nate", reason="too loud")
    await_event([program], "kicked", by="Faye", who="Nate", why="too loud")
    nora.raw("PART #tea :so long")
    await_event([program], "left", who="Nina", why="so long")
    founder.ask("kick", chatroom_id=ROOM, chatter_name=program.nick, reason="bye bye")
    await_event([program], "kicked", by="Faye", who=program.nick, why="bye bye")


def test_private_messages(chat, kind):
    """Private messages reach their reader, and nobody else; the sender learns who is away."""
    program = chat.enter(kind)
    others = [chat.enter(other) for other in (*NATIVE, IrcNc) if other is not kind]
    for other in others:
        program.tell(other.nick, f"for {other.nick} alone")
        other.expect_secrets((program.nick, f"for {other.nick} alone"))
        other.tell(program.nick, f"from {other.nick}")
    read = [(other.nick, f"from {other.nick}") for other in others]
    program.expect_secrets(*read)
    nat = others[0]
    program.raw("AWAY :at lunch")
    program.expect("You have been marked as being away")
    nat.tell(program.nick, "hello?")
    nat.expect(f"Server: {program.nick} is away: at lunch$")
    program.expect_secrets(*read, ("Nat", "hello?"))
    nat.write("`away asleep")
    nat.expect("You are away")
    program.tell("Nat", "and you?")
    program.expect("asleep")


def test_several_lines(chat, kind):
    """A message of several lines is one line each, a long line several; blank lines are none."""
    program, jay, nat = chat.enter(kind), chat.enter(JsonNc), chat.enter(TextNc)
    long = " ".join(["word"] * 200)
    jay.say("one\n\n two\nthree", long, "end")
    program.expect_message("Jay", "end")
    lines = [text for nick, text in program.from_others() if nick == "Jay"]
    assert lines[:3] == ["one", " two", "three"]
    assert lines[-1] == "end"
    assert len(lines) > len(["one", " two", "three", long, "end"])
    assert " ".join(" ".join(lines[3:-1]).split()) == long
    nat.expect("Jay: end")
    shown = nat.shown()
    first = shown.index("Jay: one")
    assert [line.strip() for line in shown[first : first + 4]] == ["Jay: one", "", "two", "three"]


@pytest.mark.parametrize("kind", [Irssi, Weechat], ids=["Irssi", "Weechat"])
def test_return_after_a_restart(chat, kind):
    """A program comes back into its room by itself; what was said before is in the history."""
    require(kind.program)
    program = chat.enter(kind)
    nat = chat.enter(TextNc)
    program.say("before the restart")
    nat.expect_messages((program.nick, "before the restart"))
    chat.daemon.stop()
    chat.start()
    jay = chat.enter(JsonNc)
    jay.wait_for(lambda each: program.nick in each.members(), f"{program.nick} in the room")
    jay.say("after the restart")
    program.expect_messages(("Jay", "after the restart"))
    program.say("here again")
    jay.expect_messages((program.nick, "here again"))


def test_history_after_a_restart(chat):
    """Somebody who asks for the history reads what was said before the restart, with its ids."""
    nat = chat.enter(TextNc)
    nat.say("one", "two", "three")
    jay = chat.enter(JsonNc)
    assert jay.history() == [("Nat", "one"), ("Nat", "two"), ("Nat", "three")]
    chat.daemon.stop()
    chat.start()
    caps = ("batch", "draft/chathistory", "message-tags", "server-time")
    nora = chat.enter(IrcNc, caps=caps)
    nora.raw("CHATHISTORY LATEST #tea * 2")
    nora.expect("BATCH -")
    nora.expect_messages(("Nat", "two"), ("Nat", "three"))
    ids = [line.tags["msgid"] for line in nora.lines("PRIVMSG")]
    assert ids == ["tea/2", "tea/3"]
    nora.raw(f"CHATHISTORY BEFORE #tea msgid={ids[0]} 10")
    nora.wait_for(lambda program: len(program.lines("BATCH")) == 4, "second batch")
    nora.expect_messages(("Nat", "two"), ("Nat", "three"), ("Nat", "one"))


def test_two_sessions_of_an_account(chat, kind):
    """A user with two sessions, one for IRC, is in the room once, and reads all with both."""
    native = chat.open(JsonNc, "ann")
    assert native.ask("register", username="ann", password=PASSWORD)["name"] == "ann"
    native.enter()
    nora = chat.enter(IrcNc, "Nina")
    program = chat.enter(kind, "ann", account=("ann", PASSWORD))
    assert native.members() == ["ann", "Nina"]
    native.say("from the one")
    nora.expect_messages(("ann", "from the one"))
    program.expect_message("ann", "from the one")
    program.say("from the other")
    native.expect_message("ann", "from the other")
    nora.say("hello ann")
    for session in (native, program):
        session.expect_message("Nina", "hello ann")
    nora.expect_messages(("ann", "from the one"), ("ann", "from the other"))
    for session in (native, program):
        assert session.messages().count(("Nina", "hello ann")) == 1
    program.close()
    nora.tell("ann", "are you still there?")
    native.expect_secrets(("Nina", "are you still there?"))
    assert native.members() == ["ann", "Nina"]


def test_twenty_rooms_at_once(chat):
    """A weechat with its default settings, and SASL, joins 20 rooms as it connects."""
    require(Weechat.program)
    native = chat.open(JsonNc, "ann")
    native.ask("register", username="ann", password=PASSWORD)
    native.ask("exit")
    rooms = [f"#room{number}" for number in range(20)]
    settings = {"autojoin": ",".join(rooms)}
    weechat = chat.open(Weechat, "ann", account=("ann", PASSWORD), settings=settings)
    for room in rooms:
        weechat.expect(rf"Channel {room}: 1 nick \(1 op, 0 voices, 0 normals\)")


def test_several_lines_by_batch(chat):
    """A multi-line message of an IRC client is one message for programs, whatever they speak."""
    caps = ("batch", "draft/multiline", "message-tags")
    nora, nina = chat.enter(IrcNc, caps=caps), chat.enter(IrcNc, "Nina", caps=caps)
    jay, nat = chat.enter(JsonNc), chat.enter(TextNc)
    nora.write(
        "BATCH +1 draft/multiline #tea",
        "@batch=1 PRIVMSG #tea :one",
        "@batch=1 PRIVMSG #tea :two and",
        "@batch=1;draft/multiline-concat PRIVMSG #tea : more",
        "BATCH -1",
    )
    jay.expect_messages(("Nora", "one\ntwo and more"))
    nina.expect("BATCH -")
    nina.expect_messages(("Nora", "one"), ("Nora", "two and"), ("Nora", " more"))
    first, last = nina.lines("BATCH")
    assert first.params[1:] == ["draft/multiline", "#tea"]
    assert {line.tags["batch"] for line in nina.lines("PRIVMSG")} == {first.params[0][1:]}
    assert last.params == [f"-{first.params[0][1:]}"]
    nat.expect("Nora: one")
